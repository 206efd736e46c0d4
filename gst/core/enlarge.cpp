// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/enlarge.h"

#include <algorithm>
#include <vector>

namespace crlsc {
namespace {

// Lanczos windows of three and of two lobes, of 64. The sample at tap 2 (of chroma: 1) is the nearer one.
constexpr int kLumaTaps[6] = {2, -9, 57, 17, -4, 1};
constexpr int kChromaTaps[4] = {-5, 55, 15, -1};

uint8_t clip(int v) { return static_cast<uint8_t>(std::clamp(v, 0, 255)); }

// A line of `count` samples between `margin` repeated ones on either side; 2 count new ones, scaled by 64.
template <int kTaps>
void enlarge_line(const int16_t* in, int count, const int (&taps)[kTaps], int16_t* out) {
  constexpr int kNearer = kTaps / 2 - 1;
  for (int i = 0; i < count; ++i) {
    int before = 0;  // a quarter in front of the sample, where the taps lie the other way round
    int behind = 0;
    for (int t = 0; t < kTaps; ++t) {
      before += taps[t] * in[i + kNearer - t];
      behind += taps[t] * in[i - kNearer + t];
    }
    out[2 * i] = static_cast<int16_t>(before);
    out[2 * i + 1] = static_cast<int16_t>(behind);
  }
}

template <int kTaps>
void enlarge_plane(const PlaneView& in, const int (&taps)[kTaps], uint8_t* out, int width, int height) {
  constexpr int kNearer = kTaps / 2 - 1;
  const int wide = 2 * in.width;
  std::vector<int16_t> line(static_cast<size_t>(in.width) + kTaps);
  std::vector<int16_t> rows(static_cast<size_t>(wide) * static_cast<size_t>(in.height));
  for (int y = 0; y < in.height; ++y) {
    const uint8_t* samples = in.data + in.stride * y;
    int16_t* first = line.data() + kTaps / 2;
    for (int x = -kTaps / 2; x < in.width + kTaps / 2; ++x) first[x] = samples[std::clamp(x, 0, in.width - 1)];
    enlarge_line(first, in.width, taps, rows.data() + static_cast<size_t>(wide) * static_cast<size_t>(y));
  }
  for (int y = 0; y < height; ++y) {
    const int nearest = y / 2;
    const int away = y % 2 == 0 ? -1 : 1;
    const int16_t* from[kTaps];
    for (int t = 0; t < kTaps; ++t) {
      const int row = std::clamp(nearest + away * (t - kNearer), 0, in.height - 1);
      from[t] = rows.data() + static_cast<size_t>(wide) * static_cast<size_t>(row);
    }
    uint8_t* to = out + static_cast<ptrdiff_t>(width) * y;
    for (int x = 0; x < width; ++x) {
      int sum = 1 << 11;
      for (int t = 0; t < kTaps; ++t) sum += taps[t] * from[t][x];
      to[x] = clip(sum >> 12);
    }
  }
}

}  // namespace

Picture enlarge(const PictureView& view, int width, int height) {
  Picture out(width, height);
  enlarge_plane(view.planes[0], kLumaTaps, out.plane(0), width, height);
  for (int p = 1; p < 3; ++p) {
    enlarge_plane(view.planes[static_cast<size_t>(p)], kChromaTaps, out.plane(p), out.plane_width(p),
                  out.plane_height(p));
  }
  return out;
}

}  // namespace crlsc
