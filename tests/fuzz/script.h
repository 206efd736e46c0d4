// SPDX-License-Identifier: LGPL-2.1-or-later
// Inputs of targets that take a sequence of operations: one byte that names the operation, then its arguments.
#pragma once

#include <cstdint>

#include "core/bitstream/byte_io.h"
#include "core/bitstream/crc.h"
#include "core/bytes.h"

namespace crlsc {

// Reads an input. Behind its end, everything is 0 and empty.
class Script {
 public:
  Script(const uint8_t* data, size_t size) : rest_(data, size) {}
  bool ended() const { return rest_.empty(); }
  uint8_t u8() {
    const uint8_t value = rest_.empty() ? uint8_t{0} : rest_[0];
    rest_ = rest_.sub(1);
    return value;
  }
  uint16_t u16() {
    const int high = u8() << 8;
    return static_cast<uint16_t>(high | u8());
  }
  uint32_t u32() {
    const uint32_t high = uint32_t{u16()} << 16;
    return high | u16();
  }
  // A run with its length (2 bytes) in front, cut where the input ends.
  ByteView run() {
    const size_t length = u16();
    const ByteView out = rest_.sub(0, length);
    rest_ = rest_.sub(out.size());
    return out;
  }

 private:
  ByteView rest_;
};

// Appends what Script::run() reads: at most 65535 bytes.
inline void append_run(Bytes& out, ByteView bytes) {
  ByteWriter writer(out);
  writer.u16(static_cast<uint16_t>(bytes.size()));
  writer.bytes(bytes.sub(0, UINT16_MAX));
}

// The units with their checksums put right, or nothing would get past them. Stops where sizes make no sense.
inline Bytes with_checksums(ByteView bytes) {
  Bytes result(bytes.begin(), bytes.end());
  for (size_t at = 0; at < result.size();) {
    const auto size = read_leb128(ByteView(result).sub(at + 1), 3);
    if (!size) break;
    const size_t covered = 1 + size->size + size->value;
    if (at + covered + 2 > result.size()) break;
    const uint16_t crc = crc16(ByteView(result).sub(at, covered));
    result[at + covered] = static_cast<uint8_t>(crc >> 8);
    result[at + covered + 1] = static_cast<uint8_t>(crc);
    at += covered + 2;
  }
  return result;
}

}  // namespace crlsc
