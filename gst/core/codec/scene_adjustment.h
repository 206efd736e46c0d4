// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies between a picture of a scene and the scene as it is seen now: a camera that shakes, light that changes
// (docs/bitstream.md, section "Adjusted pictures").
#pragma once

#include <array>
#include <cstdint>

#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc {

struct SceneAdjustment {
  int8_t dx = 0;  // half luma samples, as a cell's motion: where the picture is read
  int8_t dy = 0;
  int8_t gain = 0;    // contrast and colour, 1 + gain / 128
  int8_t offset = 0;  // of luma, added behind

  bool none() const { return dx == 0 && dy == 0 && gain == 0 && offset == 0; }
  bool operator==(const SceneAdjustment& o) const {
    return dx == o.dx && dy == o.dy && gain == o.gain && offset == o.offset;
  }
};
using SceneAdjustments = std::array<SceneAdjustment, kMaxKnowledge>;

// The pictures that the cells of a slice mean.
struct SceneReference {
  uint8_t number = 0;              // of the scene
  SceneAdjustments adjustments{};  // of its pictures
  bool operator==(const SceneReference& o) const { return number == o.number && adjustments == o.adjustments; }
};

// `picture`, of whole cells, as cells see it that refer to it. The same on every machine.
Picture adjusted(const Picture& picture, SceneAdjustment adjustment);

// What gain and offset make of each level of luma.
std::array<uint8_t, 256> light_table(SceneAdjustment adjustment);

}  // namespace crlsc
