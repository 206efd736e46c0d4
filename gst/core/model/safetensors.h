// SPDX-License-Identifier: LGPL-2.1-or-later
// Safetensors files: 8 bytes little-endian header length, a JSON header, then the tensors' bytes without gaps.
// Format: https://github.com/huggingface/safetensors#format. Files are hostile until proven otherwise: every number of
// the header is checked before it is used, and nothing larger than the header is allocated.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.h"

namespace crlsc {

enum class DType : uint8_t { kF32, kF16, kBF16, kI32, kI16, kU16, kI8, kU8, kI64 };

// Bytes of one element.
size_t dtype_size(DType dtype);
// The name used in files, such as "BF16".
const char* dtype_name(DType dtype);

// A tensor whose elements lie in somebody else's memory: little endian, row major, of any alignment.
struct TensorView {
  std::string name;
  DType dtype = DType::kU8;
  std::vector<int64_t> shape;  // empty: a scalar
  ByteView data;
  // Product of the shape.
  int64_t elements() const;
};

using Metadata = std::map<std::string, std::string>;

constexpr size_t kMaxSafetensorsHeader = size_t{8} << 20;
constexpr size_t kMaxTensorRank = 8;

// A file mapped read-only. Views stay valid as long as the object, also after it was moved.
class SafetensorsFile {
 public:
  // Throws Error(kNotFound) if there is no such file, Error(kRead) if it cannot be read or contradicts itself: header
  // length, JSON, names given twice, types, sizes, offsets, gaps, overlaps, bytes left over.
  explicit SafetensorsFile(const std::string& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  const std::string& path() const { return path_; }
  // In name order.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }
  // nullptr if there is no such tensor.
  const TensorView* find(const std::string& name) const;

 private:
  class Mapping;
  std::string path_;
  std::unique_ptr<Mapping> mapping_;
  std::vector<TensorView> tensors_;
  Metadata metadata_;
};

// Writes tensors in name order. Readers see the old file or the whole new one: the bytes go to a temporary file beside
// `path`, are flushed to the disk and then renamed. Throws Error(kWrite) if that fails, if two tensors share a name, or
// if a size does not match its shape.
void write_safetensors(const std::string& path, const std::vector<TensorView>& tensors, const Metadata& metadata);

// Type and shape for error messages, such as "F16 [64, 3]".
std::string shape_text(const TensorView& tensor);

// `text` fit for an error message: at most 80 characters, anything but printable ASCII replaced by '?'.
std::string printable(const std::string& text);

}  // namespace crlsc
