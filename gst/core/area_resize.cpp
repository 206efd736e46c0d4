// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/area_resize.h"

#include <algorithm>

namespace crlsc {
namespace {

// Calls f(target, source, weight) for each source place that a target place covers a part of. In units of 1 / target
// of a source place, source i lies at i target .. (i + 1) target and target t at t source .. (t + 1) source.
template <class Function>
void each_overlap(int source, int target, int t, Function f) {
  const int64_t begin = int64_t{t} * source;
  const int64_t end = begin + source;
  for (int64_t i = begin / target; i * target < end; ++i) {
    f(i, std::min(end, (i + 1) * target) - std::max(begin, i * target));
  }
}

void resize_plane(const PlaneView& from, uint8_t* to, int width, int height) {
  const uint64_t area = static_cast<uint64_t>(from.width) * static_cast<uint64_t>(from.height);
  std::vector<uint64_t> sums(static_cast<size_t>(width));
  for (int y = 0; y < height; ++y, to += width) {
    std::fill(sums.begin(), sums.end(), 0);
    each_overlap(from.height, height, y, [&](int64_t row, int64_t row_weight) {
      const uint8_t* samples = from.data + row * from.stride;
      for (int x = 0; x < width; ++x) {
        int64_t sum = 0;
        each_overlap(from.width, width, x, [&](int64_t column, int64_t weight) { sum += samples[column] * weight; });
        sums[static_cast<size_t>(x)] += static_cast<uint64_t>(sum * row_weight);
      }
    });
    for (int x = 0; x < width; ++x) {
      to[x] = static_cast<uint8_t>((sums[static_cast<size_t>(x)] + area / 2) / area);
    }
  }
}

}  // namespace

Picture resize_area(const PictureView& view, int width, int height) {
  Picture out(width, height);
  for (int p = 0; p < 3; ++p) {
    resize_plane(view.planes[static_cast<size_t>(p)], out.plane(p), out.plane_width(p), out.plane_height(p));
  }
  return out;
}

}  // namespace crlsc
