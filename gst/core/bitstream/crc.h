// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksum of a unit (docs/bitstream.md, section "Checksum").
#pragma once

#include <cstdint>

#include "core/bytes.h"

namespace crlsc {

// CRC-16/CCITT-FALSE: polynomial 0x1021, start value 0xFFFF, most significant bit first, no final inversion.
// The nine ASCII digits "123456789" give 0x29B1.
uint16_t crc16(ByteView bytes) noexcept;

}  // namespace crlsc
