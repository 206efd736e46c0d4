// SPDX-License-Identifier: LGPL-2.1-or-later
// Vectors that took long to compute, kept in a file: what a killed run has computed, the next one finds.
#pragma once

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/model/sha256.h"

namespace crlsc::tools {

// A file of records, a key and a vector each, that only grows. Not for exchange: numbers are as the machine has them.
class VectorCache {
 public:
  // Goes on with the file if there is one. Throws Error(kWrongType) if it belongs to another `owner` (a teacher, say)
  // or to vectors of another size, Error(kWrite) if it cannot be written. A last record that is cut is dropped.
  VectorCache(const std::string& path, const Sha256::Digest& owner, int dimension);
  ~VectorCache();
  VectorCache(const VectorCache&) = delete;
  VectorCache& operator=(const VectorCache&) = delete;

  size_t size() const { return vectors_.size(); }
  // nullptr if there is none.
  const std::vector<float>* find(const std::string& key) const;
  void put(const std::string& key, const std::vector<float>& vector);
  // All that was put survives a kill from now on.
  void flush();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void read(const std::string& path, const Sha256::Digest& owner);
  void write(const void* data, size_t size);

  std::string path_;
  size_t dimension_;
  std::unordered_map<std::string, std::vector<float>> vectors_;  // by the hash of the key
  std::unique_ptr<std::FILE, CloseFile> file_;
};

}  // namespace crlsc::tools
