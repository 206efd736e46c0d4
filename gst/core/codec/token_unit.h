// SPDX-License-Identifier: LGPL-2.1-or-later
// The payload of token units: which slice and picture, then the bits of token/token_coder.h
// (docs/bitstream.md, section "Token grid and token units").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/bitstream/unit.h"
#include "core/codec/scene_adjustment.h"
#include "core/token/token_coder.h"

namespace crlsc {

// Pictures are numbered modulo this.
constexpr int kPictureNumbers = 64;
// Most bytes of a payload before its bits.
constexpr size_t kMaxTokenUnitHeader = 5 + 4 * kMaxKnowledge;

struct TokenUnit {
  int layer = 0;
  bool key = false;
  Slice slice;
  int picture_number = 0;  // layer 0 only
  int layers = 1;          // layer 0 only: how many layers were sent of this slice
  ByteView bits{};
  std::optional<SceneReference> scene{};  // layer 0 only: what its cells refer to, if any refers to a scene
  bool joined = false;                    // layer 0 only: all layers sent are in these bits
  bool half = false;                      // the picture has half the size; of joined units only
};

// Appends a token unit to an access unit. `rows` is the picture's height in cells.
void append_token_unit(Bytes& out, const TokenUnit& unit, int rows);

// Nothing if the payload is too short or names rows outside the picture.
std::optional<TokenUnit> parse_token_unit(const UnitView& unit, int rows);

}  // namespace crlsc
