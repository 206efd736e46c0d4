// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/error.h"
#include "core/model/safetensors.h"
#include "core/model/safetensors_header.h"

namespace crlsc {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::kWrite, "cannot write '" + path + "': " + what);
}

// A new file beside `path` that takes its place at commit() and vanishes without it.
class ReplacingFile {
 public:
  explicit ReplacingFile(const std::string& path) : path_(path) {
    static std::atomic<unsigned> counter{0};
    temporary_ = path + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ < 0) fail(path_, std::strerror(errno));
  }
  ~ReplacingFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!committed_) ::unlink(temporary_.c_str());
  }
  ReplacingFile(const ReplacingFile&) = delete;
  ReplacingFile& operator=(const ReplacingFile&) = delete;

  void write(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(path_, std::strerror(errno));
      bytes = bytes.sub(static_cast<size_t>(count));
    }
  }

  void commit() {
    if (::fsync(fd_) != 0) fail(path_, std::strerror(errno));
    const int closed = ::close(fd_);
    fd_ = -1;
    if (closed != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, std::strerror(errno));
    committed_ = true;
    sync_directory();
  }

 private:
  // Makes the rename itself durable; file systems that cannot sync a directory do without.
  void sync_directory() const {
    const size_t slash = path_.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
  }

  std::string path_;
  std::string temporary_;
  int fd_ = -1;
  bool committed_ = false;
};

void check(const std::string& path, const TensorView& tensor) {
  const std::string who = "tensor '" + printable(tensor.name) + "'";
  if (tensor.name.empty() || tensor.name == "__metadata__") fail(path, who + " needs another name");
  if (tensor.shape.size() > kMaxTensorRank) fail(path, who + " has too many dimensions");
  uint64_t size = dtype_size(tensor.dtype);
  for (const int64_t side : tensor.shape) {
    if (side < 0 || (side > 0 && size > static_cast<uint64_t>(INT64_MAX) / static_cast<uint64_t>(side))) {
      fail(path, who + " has a side of " + std::to_string(side));
    }
    size *= static_cast<uint64_t>(side);
  }
  if (size != tensor.data.size()) {
    fail(path,
         who + " has " + std::to_string(tensor.data.size()) + " bytes where its shape needs " + std::to_string(size));
  }
}

}  // namespace

void write_safetensors(const std::string& path, const std::vector<TensorView>& tensors, const Metadata& metadata) {
  std::vector<const TensorView*> sorted;
  for (const TensorView& tensor : tensors) {
    check(path, tensor);
    sorted.push_back(&tensor);
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  const auto twin =
      std::adjacent_find(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name == b->name; });
  if (twin != sorted.end()) fail(path, "two tensors are called '" + printable((*twin)->name) + "'");

  SafetensorsHeader header;
  header.metadata = metadata;
  uint64_t at = 0;
  for (const TensorView* tensor : sorted) {
    HeaderEntry entry;
    entry.name = tensor->name;
    entry.dtype = dtype_name(tensor->dtype);
    entry.shape.assign(tensor->shape.begin(), tensor->shape.end());
    entry.begin = at;
    entry.end = at += tensor->data.size();
    header.entries.push_back(std::move(entry));
  }
  const std::string text = format_safetensors_header(header);
  if (text.size() > kMaxSafetensorsHeader) fail(path, "names and metadata take more than 8 MiB");
  uint8_t length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<uint8_t>(static_cast<uint64_t>(text.size()) >> (8 * i));

  ReplacingFile file(path);
  file.write({length, sizeof(length)});
  file.write({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  for (const TensorView* tensor : sorted) file.write(tensor->data);
  file.commit();
}

}  // namespace crlsc
