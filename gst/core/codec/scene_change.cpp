// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/scene_change.h"

#include <algorithm>
#include <cstdlib>

namespace crlsc {
namespace {

constexpr int kStep = 4;          // from one sample that is looked at to the next, in each direction
constexpr int kClearChange = 20;  // of 255, mean over all tiles

int mean(const PlaneView& plane, int x0, int x1, int y0, int y1) {
  int64_t sum = 0;
  int64_t count = 0;
  for (int y = y0; y < y1; y += kStep) {
    for (int x = x0; x < x1; x += kStep) {
      sum += plane.data[y * plane.stride + x];
      ++count;
    }
  }
  return count == 0 ? 0 : static_cast<int>(sum / count);
}

}  // namespace

bool SceneChange::next(const PictureView& picture) {
  const PlaneView& luma = picture.planes[0];
  int change = 0;
  for (int i = 0; i < kTiles * kTiles; ++i) {
    const int column = i % kTiles;
    const int row = i / kTiles;
    const int now = mean(luma, luma.width * column / kTiles, luma.width * (column + 1) / kTiles,
                         luma.height * row / kTiles, luma.height * (row + 1) / kTiles);
    int& before = tiles_[static_cast<size_t>(i)];
    change += std::abs(now - before);
    before = now;
  }
  const bool first = !started_;
  started_ = true;
  return first || change > kClearChange * kTiles * kTiles;
}

}  // namespace crlsc
