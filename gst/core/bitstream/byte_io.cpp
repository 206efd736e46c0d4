// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/byte_io.h"

#include <string>

#include "core/error.h"

namespace crlsc {

std::optional<Leb128> read_leb128(ByteView bytes, int max_bytes) noexcept {
  uint64_t value = 0;
  for (int i = 0; i < max_bytes && static_cast<size_t>(i) < bytes.size(); ++i) {
    value |= static_cast<uint64_t>(bytes[i] & 0x7F) << (7 * i);
    if ((bytes[i] & 0x80) != 0) continue;
    if (value > UINT32_MAX) return std::nullopt;
    return Leb128{static_cast<uint32_t>(value), static_cast<size_t>(i) + 1};
  }
  return std::nullopt;
}

uint8_t ByteReader::u8() { return static_cast<uint8_t>(big_endian(1)); }
uint16_t ByteReader::u16() { return static_cast<uint16_t>(big_endian(2)); }
uint32_t ByteReader::u24() { return big_endian(3); }
uint32_t ByteReader::u32() { return big_endian(4); }

uint32_t ByteReader::leb128(int max_bytes) {
  const auto number = read_leb128(bytes_.sub(position_), max_bytes);
  if (!number) {
    throw Error(ErrorKind::kCorrupt, "no LEB128 number of at most " + std::to_string(max_bytes) + " bytes at offset " +
                                         std::to_string(position_));
  }
  position_ += number->size;
  return number->value;
}

ByteView ByteReader::bytes(size_t count) {
  if (count > remaining()) {
    throw Error(ErrorKind::kCorrupt, std::to_string(count) + " bytes wanted at offset " + std::to_string(position_) +
                                         ", " + std::to_string(remaining()) + " are left");
  }
  const ByteView view = bytes_.sub(position_, count);
  position_ += count;
  return view;
}

uint32_t ByteReader::big_endian(size_t count) {
  uint32_t value = 0;
  for (uint8_t byte : bytes(count)) value = value << 8 | byte;
  return value;
}

void ByteWriter::u16(uint16_t value) { big_endian(value, 2); }
void ByteWriter::u24(uint32_t value) { big_endian(value, 3); }
void ByteWriter::u32(uint32_t value) { big_endian(value, 4); }

void ByteWriter::leb128(uint32_t value) {
  for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<uint8_t>(value | 0x80));
  out_.push_back(static_cast<uint8_t>(value));
}

void ByteWriter::big_endian(uint32_t value, int count) {
  for (int i = count - 1; i >= 0; --i) out_.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace crlsc
