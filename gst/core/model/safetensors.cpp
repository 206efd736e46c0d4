// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/model/safetensors_header.h"

namespace crlsc {
namespace {

constexpr struct {
  DType dtype;
  const char* name;
  size_t size;
} kTypes[] = {{DType::kF32, "F32", 4}, {DType::kF16, "F16", 2}, {DType::kBF16, "BF16", 2},
              {DType::kI32, "I32", 4}, {DType::kI16, "I16", 2}, {DType::kU16, "U16", 2},
              {DType::kI8, "I8", 1},   {DType::kU8, "U8", 1},   {DType::kI64, "I64", 8}};

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::kRead, "cannot read '" + path + "': " + what);
}

DType dtype_of(const std::string& path, const HeaderEntry& entry) {
  for (const auto& type : kTypes) {
    if (entry.dtype == type.name) return type.dtype;
  }
  fail(path, "tensor '" + printable(entry.name) + "' has unknown type '" + printable(entry.dtype) + "'");
}

// Bytes of the tensor, or SIZE_MAX if that is more than any file holds.
uint64_t byte_size(const HeaderEntry& entry, DType dtype) {
  if (std::count(entry.shape.begin(), entry.shape.end(), 0) > 0) return 0;
  uint64_t size = dtype_size(dtype);
  for (const uint64_t side : entry.shape) {
    if (size > static_cast<uint64_t>(INT64_MAX) / side) return SIZE_MAX;
    size *= side;
  }
  return size;
}

TensorView make_view(const std::string& path, const HeaderEntry& entry, ByteView payload) {
  const DType dtype = dtype_of(path, entry);
  const std::string who = "tensor '" + printable(entry.name) + "'";
  if (entry.begin > entry.end || entry.end > payload.size()) {
    fail(path, who + " lies at [" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + ") of " +
                   std::to_string(payload.size()) + " bytes; the file is truncated or damaged");
  }
  if (byte_size(entry, dtype) != entry.end - entry.begin) {
    fail(path, who + " has " + std::to_string(entry.end - entry.begin) + " bytes, which its shape contradicts");
  }
  TensorView view;
  view.name = entry.name;
  view.dtype = dtype;
  for (const uint64_t side : entry.shape) {
    if (side > static_cast<uint64_t>(INT64_MAX)) fail(path, who + " has a side of " + std::to_string(side));
    view.shape.push_back(static_cast<int64_t>(side));
  }
  view.data = payload.sub(static_cast<size_t>(entry.begin), static_cast<size_t>(entry.end - entry.begin));
  return view;
}

// Every byte of the payload belongs to exactly one tensor.
void check_cover(const std::string& path, std::vector<HeaderEntry> entries, size_t payload_size) {
  std::sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t at = 0;
  for (const HeaderEntry& entry : entries) {
    if (entry.begin != at) {
      fail(path, "tensor '" + printable(entry.name) + "' starts at " + std::to_string(entry.begin) +
                     (entry.begin < at ? ", inside of another one" : ", after a gap") + " (expected " +
                     std::to_string(at) + ")");
    }
    at = entry.end;
  }
  if (at != payload_size) {
    fail(path, std::to_string(payload_size - at) + " bytes after the last tensor belong to none");
  }
}

std::string errno_text() { return std::strerror(errno); }

}  // namespace

size_t dtype_size(DType dtype) { return kTypes[static_cast<size_t>(dtype)].size; }

const char* dtype_name(DType dtype) { return kTypes[static_cast<size_t>(dtype)].name; }

int64_t TensorView::elements() const {
  if (std::count(shape.begin(), shape.end(), 0) > 0) return 0;
  int64_t count = 1;
  for (const int64_t side : shape) count *= side;
  return count;
}

std::string shape_text(const TensorView& tensor) {
  std::string text = std::string(dtype_name(tensor.dtype)) + " [";
  for (size_t i = 0; i < tensor.shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(tensor.shape[i]);
  return text + "]";
}

std::string printable(const std::string& text) {
  constexpr size_t kLongest = 80;
  std::string out = text.substr(0, kLongest);
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

// A whole file in memory, read-only.
class SafetensorsFile::Mapping {
 public:
  explicit Mapping(const std::string& path) {
    // O_NONBLOCK: opening a FIFO must not wait for its writer.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
      if (errno == ENOENT || errno == ENOTDIR) throw Error(ErrorKind::kNotFound, "no such file: '" + path + "'");
      fail(path, errno_text());
    }
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(fd);
      fail(path, "it is not a regular file");
    }
    size_ = static_cast<size_t>(status.st_size);
    data_ = size_ > 0 ? ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0) : nullptr;
    const int error = errno;
    ::close(fd);
    if (data_ == MAP_FAILED) fail(path, std::strerror(error));
  }
  ~Mapping() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  ByteView bytes() const { return {static_cast<const uint8_t*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

SafetensorsFile::SafetensorsFile(const std::string& path) : path_(path), mapping_(std::make_unique<Mapping>(path)) {
  const ByteView bytes = mapping_->bytes();
  if (bytes.size() < 8) fail(path, "it has " + std::to_string(bytes.size()) + " bytes; the file is truncated");
  uint64_t header_size = 0;
  for (int i = 7; i >= 0; --i) header_size = header_size << 8 | bytes[static_cast<size_t>(i)];
  if (header_size > kMaxSafetensorsHeader || header_size > bytes.size() - 8) {
    fail(path, "its header of " + std::to_string(header_size) + " bytes " +
                   (header_size > kMaxSafetensorsHeader ? "is larger than allowed" : "is truncated"));
  }
  const ByteView payload = bytes.sub(8 + static_cast<size_t>(header_size));
  SafetensorsHeader header;
  const std::string wrong = parse_safetensors_header(bytes.sub(8, static_cast<size_t>(header_size)), header);
  if (!wrong.empty()) fail(path, wrong);
  metadata_ = std::move(header.metadata);
  std::sort(header.entries.begin(), header.entries.end(),
            [](const HeaderEntry& a, const HeaderEntry& b) { return a.name < b.name; });
  for (const HeaderEntry& entry : header.entries) tensors_.push_back(make_view(path, entry, payload));
  check_cover(path, std::move(header.entries), payload.size());
}

SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

const TensorView* SafetensorsFile::find(const std::string& name) const {
  const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                   [](const TensorView& tensor, const std::string& n) { return tensor.name < n; });
  return at != tensors_.end() && at->name == name ? &*at : nullptr;
}

}  // namespace crlsc
