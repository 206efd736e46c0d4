// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/crc.h"

#include <array>

namespace crlsc {
namespace {

constexpr std::array<uint16_t, 256> make_table() {
  std::array<uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = static_cast<uint16_t>(crc);
  }
  return table;
}

constexpr std::array<uint16_t, 256> kTable = make_table();

}  // namespace

uint16_t crc16(ByteView bytes) noexcept {
  unsigned crc = 0xFFFF;
  for (uint8_t byte : bytes) crc = ((crc << 8) & 0xFFFF) ^ kTable[(crc >> 8) ^ byte];
  return static_cast<uint16_t>(crc);
}

}  // namespace crlsc
