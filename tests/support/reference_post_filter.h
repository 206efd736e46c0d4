// SPDX-License-Identifier: LGPL-2.1-or-later
// The reference backend's post-filter: it makes luma brighter by a constant. Like a network, it makes anew only what
// cells that changed have to do with, so that mistakes in telling these are seen.
#pragma once

#include <algorithm>

#include "core/codec/network.h"
#include "core/codec/shown_cells.h"

namespace crlsc {

class ReferencePostFilter : public PostFilter {
 public:
  static constexpr const char* kTensor = "post_filter.offset";  // one I16
  explicit ReferencePostFilter(int offset) : offset_(offset) {}

  void apply(const Picture& decoded, const ShownCells& cells, bool enlarged, Picture& out) override {
    const bool anew = out.empty();
    if (anew) out = Picture(decoded.width(), decoded.height());
    const int scale = enlarged ? 2 : 1;
    for (int p = 0; p < 3; ++p) {
      const int side = (p == 0 ? kCellSize : kCellSize / 2) * scale;
      const int width = decoded.plane_width(p);
      for (int y = 0; y < decoded.plane_height(p); ++y) {
        for (int x = 0; x < width; ++x) {
          if (!anew && !concerns(cells, x / side, y / side)) continue;
          const int sample = decoded.plane(p)[y * width + x] + (p == 0 ? offset_ : 0);
          out.plane(p)[y * width + x] = static_cast<uint8_t>(std::clamp(sample, 0, 255));
        }
      }
    }
  }

 private:
  // A cell, or one of those around it, from which deblocking and enlarging reach into it.
  static bool concerns(const ShownCells& cells, int column, int row) {
    for (int r = std::max(row - 1, 0); r <= std::min(row + 1, cells.rows() - 1); ++r) {
      for (int c = std::max(column - 1, 0); c <= std::min(column + 1, cells.cols() - 1); ++c) {
        if (cells.changed()[static_cast<size_t>(r * cells.cols() + c)] != 0) return true;
      }
    }
    return false;
  }

  int offset_;
};

}  // namespace crlsc
