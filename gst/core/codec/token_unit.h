// SPDX-License-Identifier: LGPL-2.1-or-later
// The payload of token units: which slice and picture, then the bits of token/token_coder.h
// (docs/bitstream.md, section "Token grid and token units").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/bitstream/unit.h"
#include "core/token/token_coder.h"

namespace crlsc {

// Pictures are numbered modulo this.
constexpr int kPictureNumbers = 64;
// Most bytes of a payload before its bits.
constexpr size_t kMaxTokenUnitHeader = 4;

struct TokenUnit {
  int layer = 0;
  bool key = false;
  Slice slice;
  int picture_number = 0;  // layer 0 only
  int layers = 1;          // layer 0 only: how many layers were sent of this slice
  ByteView bits{};
  std::optional<uint8_t> scene{};  // layer 0 only: number of the scene whose pictures its cells refer to
  bool joined = false;             // layer 0 only: all layers sent are in these bits
};

// Appends a token unit to an access unit. `rows` is the picture's height in cells.
void append_token_unit(Bytes& out, const TokenUnit& unit, int rows);

// Nothing if the payload is too short or names rows outside the picture.
std::optional<TokenUnit> parse_token_unit(const UnitView& unit, int rows);

}  // namespace crlsc
