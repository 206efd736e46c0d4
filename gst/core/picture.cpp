// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/picture.h"

#include <algorithm>
#include <cstring>

namespace crlsc {

Picture::Picture(int width, int height, uint8_t value)
    : width_(width),
      height_(height),
      data_(static_cast<size_t>(width) * height + 2 * static_cast<size_t>((width + 1) / 2) * ((height + 1) / 2),
            value) {}

PictureView Picture::view() const { return view(width_, height_); }

PictureView Picture::view(int width, int height) const {
  PictureView v;
  for (int p = 0; p < 3; ++p) {
    v.planes[p] = {plane(p), plane_width(p), p == 0 ? width : (width + 1) / 2, p == 0 ? height : (height + 1) / 2};
  }
  return v;
}

Picture pad_to_cells(const PictureView& view) {
  Picture out(padded(view.width()), padded(view.height()));
  for (int p = 0; p < 3; ++p) {
    const PlaneView& in = view.planes[p];
    const int w = out.plane_width(p);
    for (int y = 0; y < out.plane_height(p); ++y) {
      const uint8_t* src = in.data + in.stride * std::min(y, in.height - 1);
      uint8_t* dst = out.plane(p) + static_cast<ptrdiff_t>(w) * y;
      std::memcpy(dst, src, static_cast<size_t>(in.width));
      std::fill(dst + in.width, dst + w, src[in.width - 1]);
    }
  }
  return out;
}

}  // namespace crlsc
