// SPDX-License-Identifier: LGPL-2.1-or-later
// Helpers of the model tests: folders that vanish, files made by hand, errors as values.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/error.h"
#include "core/model/model_file.h"

namespace crlsc {

inline void PrintTo(ErrorKind kind, std::ostream* out) { *out << "ErrorKind " << static_cast<int>(kind); }

// A new empty folder, removed with all it holds.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "crlsc-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Sets an environment variable for the length of a scope.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A safetensors file of any header, right or wrong.
inline std::string raw_file(const std::string& json, size_t payload, std::optional<uint64_t> header_size = {}) {
  const uint64_t size = header_size.value_or(json.size());
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(size >> (8 * i));
  bytes += json;
  for (size_t i = 0; i < payload; ++i) bytes += static_cast<char>(i);
  return bytes;
}

struct Failure {
  ErrorKind kind;
  std::string text;
  bool says(const std::string& part) const { return text.find(part) != std::string::npos; }
};

// The Error that `fn` throws. Anything else passes through and fails the test.
template <class Function>
std::optional<Failure> failure_of(Function&& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return Failure{e.kind(), e.what()};
  }
  return std::nullopt;
}

inline TensorView make_tensor(const std::string& name, DType dtype, std::vector<int64_t> shape, const Bytes& bytes) {
  TensorView tensor;
  tensor.name = name;
  tensor.dtype = dtype;
  tensor.shape = std::move(shape);
  tensor.data = bytes;
  return tensor;
}

// Metadata that ModelFile accepts, apart from what save_model() adds.
inline Metadata good_metadata(const std::string& backend = "probe") {
  return {{"backend", backend}, {"structure_codes", "16"}, {"detail_codes", "8,8,4"}, {"stage_layer", "1,2,2"}};
}

// A model of one tensor whose bytes, and so whose id, follow from `seed`.
inline void write_probe_model(const std::string& path, uint8_t seed, const Metadata& extra = {}) {
  const Bytes bytes = {seed, 1, 2, 3};
  Metadata metadata = good_metadata();
  for (const auto& [key, value] : extra) metadata[key] = value;
  save_model(path, {make_tensor("w", DType::kU8, {4}, bytes)}, metadata);
}

}  // namespace crlsc
