// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/deblocking.h"

#include <algorithm>
#include <cstdlib>

#include "core/token/gain.h"

namespace crlsc {
namespace {

constexpr int kMoved = 4;     // strength where nothing was coded, or by a vector quantiser
constexpr int kTexture = 24;  // that the edge's surroundings bend by if they are not smooth

uint8_t clip(int v) { return static_cast<uint8_t>(std::clamp(v, 0, 255)); }

// `at`: the first sample behind an edge; `across`: from there to the next one behind.
void smooth_luma(uint8_t* at, ptrdiff_t across, int strength) {
  const int p2 = at[-3 * across], p1 = at[-2 * across], p0 = at[-across];
  const int q0 = at[0], q1 = at[across], q2 = at[2 * across];
  const int step = (9 * (q0 - p0) - 3 * (q1 - p1) + 8) >> 4;
  if (std::abs(step) >= 10 * strength) return;  // an edge of what is shown
  const int change = std::clamp(step, -strength, strength);
  const int half = strength >> 1;
  at[-across] = clip(p0 + change);
  at[0] = clip(q0 - change);
  at[-2 * across] = clip(p1 + std::clamp((((p2 + p0 + 1) >> 1) - p1 + change) >> 1, -half, half));
  at[across] = clip(q1 + std::clamp((((q2 + q0 + 1) >> 1) - q1 - change) >> 1, -half, half));
}

void smooth_chroma(uint8_t* at, ptrdiff_t across, int strength) {
  const int p1 = at[-2 * across], p0 = at[-across], q0 = at[0], q1 = at[across];
  const int change = std::clamp(((q0 - p0) * 4 + p1 - q1 + 4) >> 3, -strength, strength);
  at[-across] = clip(p0 + change);
  at[0] = clip(q0 - change);
}

// Second difference of the three samples from `at` on.
int bend(const uint8_t* at, ptrdiff_t step) { return std::abs(at[2 * step] - 2 * at[step] + at[0]); }

// Of four lines side by side.
bool textured(const uint8_t* at, ptrdiff_t across, ptrdiff_t along) {
  int sum = 0;
  for (const uint8_t* line : {at, at + 3 * along}) sum += bend(line, across) + bend(line - across, -across);
  return sum >= kTexture;
}

// The edge to the left of the block at (x, y), in blocks, or (`upright` false) above it.
void smooth_edge(Picture& picture, int x, int y, bool upright, int strength) {
  for (int p = 0; p < 3; ++p) {
    const ptrdiff_t width = picture.plane_width(p);
    const ptrdiff_t across = upright ? 1 : width;
    const ptrdiff_t along = upright ? width : 1;
    const int side = p == 0 ? kBlockSize : kBlockSize / 2;
    uint8_t* at = picture.plane(p) + width * y * side + x * side;
    for (int line = 0; line < side; line += 4, at += 4 * along) {
      if (p == 0 && textured(at, across, along)) continue;
      for (int i = 0; i < 4; ++i) (p == 0 ? smooth_luma : smooth_chroma)(at + i * along, across, strength);
    }
  }
}

}  // namespace

int edge_strength(const Cell& a, MotionVector of_a, const Cell& b, MotionVector of_b, const TokenLayout& layout) {
  if (!a.coded && !b.coded) return a.reference == b.reference && of_a == of_b ? 0 : kMoved;
  if (!layout.scalar()) return kMoved;
  const int step = std::max(a.coded ? step_value(a.gain) : 0, b.coded ? step_value(b.gain) : 0);
  return (step + 10) / 20;
}

void deblock(const TokenGrid& grid, const TokenLayout& layout, Picture& picture) {
  const auto cell = [&grid](int x, int y) -> const Cell& {
    return grid.cells[static_cast<size_t>(y / 2) * grid.cols() + x / 2];
  };
  const auto motion = [&cell](int x, int y) { return cell(x, y).motion[static_cast<size_t>(y % 2 * 2 + x % 2)]; };
  for (const bool upright : {true, false}) {
    for (int y = upright ? 0 : 1; y < 2 * grid.rows(); ++y) {
      for (int x = upright ? 1 : 0; x < 2 * grid.cols(); ++x) {
        const int before_x = upright ? x - 1 : x;
        const int before_y = upright ? y : y - 1;
        const int strength =
            edge_strength(cell(before_x, before_y), motion(before_x, before_y), cell(x, y), motion(x, y), layout);
        if (strength > 0) smooth_edge(picture, x, y, upright, strength);
      }
    }
  }
}

}  // namespace crlsc
