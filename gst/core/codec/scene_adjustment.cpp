// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/scene_adjustment.h"

#include <algorithm>

#include "core/codec/prediction.h"

namespace crlsc {
namespace {

constexpr int kUnit = 128;  // a gain of 1

uint8_t clip(int v) { return static_cast<uint8_t>(std::clamp(v, 0, 255)); }

using Table = std::array<uint8_t, 256>;

Table table_of(SceneAdjustment a, bool luma) {
  Table out;
  for (int v = 0; v < 256; ++v) {
    const int level = luma ? v : v - 128;
    const int scaled = (level * (kUnit + a.gain) + kUnit / 2) >> 7;
    out[static_cast<size_t>(v)] = clip(luma ? scaled + a.offset : scaled + 128);
  }
  return out;
}

}  // namespace

std::array<uint8_t, 256> light_table(SceneAdjustment a) { return table_of(a, true); }

Picture adjusted(const Picture& picture, SceneAdjustment a) {
  Picture out = picture;
  if (a.dx != 0 || a.dy != 0) {
    for (int y = 0; y < picture.height(); y += kCellSize) {
      for (int x = 0; x < picture.width(); x += kCellSize) predict_block(picture, {a.dx, a.dy}, x, y, kCellSize, out);
    }
  }
  if (a.gain == 0 && a.offset == 0) return out;
  for (int p = 0; p < 3; ++p) {
    const Table table = table_of(a, p == 0);
    const ptrdiff_t count = static_cast<ptrdiff_t>(out.plane_width(p)) * out.plane_height(p);
    std::transform(out.plane(p), out.plane(p) + count, out.plane(p), [&table](uint8_t v) { return table[v]; });
  }
  return out;
}

}  // namespace crlsc
