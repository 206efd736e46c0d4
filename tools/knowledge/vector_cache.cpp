// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/vector_cache.h"

#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "core/kb/entry.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
namespace {

constexpr char kMagic[] = "CRVC1";
constexpr size_t kKeySize = 16;
constexpr size_t kHeadSize = sizeof kMagic + sizeof(Sha256::Digest) + sizeof(uint32_t);

std::string hashed(const std::string& key) {
  const Sha256::Digest digest = Sha256::of(as_bytes(key));
  return {digest.begin(), digest.begin() + kKeySize};
}

std::string head_of(const Sha256::Digest& owner, size_t dimension) {
  std::string head(kMagic, sizeof kMagic);
  head.append(owner.begin(), owner.end());
  const auto number = static_cast<uint32_t>(dimension);
  return head.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

VectorCache::VectorCache(const std::string& path, const Sha256::Digest& owner, int dimension)
    : path_(path), dimension_(static_cast<size_t>(dimension)) {
  std::error_code none;
  const bool exists = fs::file_size(path, none) >= kHeadSize && !none;
  if (exists) read(path, owner);
  file_.reset(std::fopen(path.c_str(), exists ? "ab" : "wb"));
  if (!file_) throw Error(ErrorKind::kWrite, "cannot write \"" + path + "\"");
  if (exists) return;
  const std::string head = head_of(owner, dimension_);
  write(head.data(), head.size());
}

VectorCache::~VectorCache() = default;

void VectorCache::read(const std::string& path, const Sha256::Digest& owner) {
  std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  std::string head(kHeadSize, '\0');
  if (!file || std::fread(head.data(), 1, head.size(), file.get()) != head.size() ||
      head != head_of(owner, dimension_)) {
    throw Error(ErrorKind::kWrongType,
                "\"" + path + "\" holds vectors of another teacher, or none; remove it or choose another --cache");
  }
  const size_t vector_size = dimension_ * sizeof(float);
  std::string key(kKeySize, '\0');
  std::vector<float> vector(dimension_);
  size_t records = 0;
  while (std::fread(key.data(), 1, key.size(), file.get()) == key.size() &&
         std::fread(vector.data(), 1, vector_size, file.get()) == vector_size) {
    vectors_[key] = vector;
    ++records;
  }
  fs::resize_file(path, kHeadSize + records * (kKeySize + vector_size));
}

const std::vector<float>* VectorCache::find(const std::string& key) const {
  const auto found = vectors_.find(hashed(key));
  return found == vectors_.end() ? nullptr : &found->second;
}

void VectorCache::put(const std::string& key, const std::vector<float>& vector) {
  const std::string hash = hashed(key);
  if (vector.size() != dimension_ || !vectors_.emplace(hash, vector).second) return;
  write(hash.data(), hash.size());
  write(vector.data(), vector.size() * sizeof(float));
}

void VectorCache::flush() {
  if (std::fflush(file_.get()) != 0) throw Error(ErrorKind::kWrite, "cannot write \"" + path_ + "\"");
}

void VectorCache::write(const void* data, size_t size) {
  if (std::fwrite(data, 1, size, file_.get()) != size) {
    throw Error(ErrorKind::kWrite, "cannot write \"" + path_ + "\"; is the disk full?");
  }
}

}  // namespace crlsc::tools
