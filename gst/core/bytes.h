// SPDX-License-Identifier: LGPL-2.1-or-later
// Views of bytes: core takes input as ByteView and never owns what it is shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace crlsc {

using Bytes = std::vector<uint8_t>;

// A read-only run of bytes, owned by somebody else. C++17's stand-in for std::span<const uint8_t>.
class ByteView {
 public:
  constexpr ByteView() = default;
  constexpr ByteView(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  ByteView(const Bytes& bytes) : data_(bytes.data()), size_(bytes.size()) {}

  constexpr const uint8_t* data() const { return data_; }
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr uint8_t operator[](size_t i) const { return data_[i]; }
  constexpr const uint8_t* begin() const { return data_; }
  constexpr const uint8_t* end() const { return data_ + size_; }

  // The part [offset, offset + count), clipped to what is there.
  constexpr ByteView sub(size_t offset, size_t count = SIZE_MAX) const {
    if (offset > size_) offset = size_;
    if (count > size_ - offset) count = size_ - offset;
    return {data_ + offset, count};
  }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace crlsc
