// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading and writing whole bytes, big-endian (docs/bitstream.md, section "Conventions").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/bytes.h"

namespace crlsc {

// A LEB128 number of the longest kind that fits 32 bits.
constexpr int kMaxLeb128Bytes = 5;

// Number of bytes that the shortest LEB128 form of `value` takes, 1..5.
constexpr int leb128_size(uint32_t value) {
  int size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

// A number and how many bytes it was read from.
struct Leb128 {
  uint32_t value = 0;
  size_t size = 0;
};

// The LEB128 number at the start of `bytes`; forms longer than necessary are read, too. Nothing when the bytes end
// early, when `max_bytes` (1..5) bytes do not end the number, or when it does not fit 32 bits.
std::optional<Leb128> read_leb128(ByteView bytes, int max_bytes = kMaxLeb128Bytes) noexcept;

// Reads from the front of a view. Each function throws Error(kCorrupt), which names the offset, and consumes nothing
// when there are not enough bytes. The view must outlive the reader and what bytes() and rest() return.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  uint8_t u8();
  uint16_t u16();
  uint32_t u24();
  uint32_t u32();
  uint32_t leb128(int max_bytes = kMaxLeb128Bytes);
  ByteView bytes(size_t count);
  // Everything that is left; the reader is empty afterwards.
  ByteView rest() { return bytes(remaining()); }

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  bool empty() const { return remaining() == 0; }

 private:
  uint32_t big_endian(size_t count);
  ByteView bytes_;
  size_t position_ = 0;
};

// Appends to somebody else's buffer, which must outlive the writer.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void u8(uint8_t value) { out_.push_back(value); }
  void u16(uint16_t value);
  void u24(uint32_t value);  // the low 24 bits
  void u32(uint32_t value);
  void leb128(uint32_t value);  // shortest form
  void bytes(ByteView value) { out_.insert(out_.end(), value.begin(), value.end()); }

 private:
  void big_endian(uint32_t value, int count);
  Bytes& out_;
};

}  // namespace crlsc
