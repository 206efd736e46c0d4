// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a picture that a network runs on.
#pragma once

#include <algorithm>

namespace crlsc::neural {

// A rectangle of cells.
struct CellBox {
  int column = 0;
  int row = 0;
  int cols = 0;
  int rows = 0;
  bool empty() const { return cols == 0; }

  // With `margin` more cells on each side, of a picture of cols x rows. Its sides are multiples of four where there is
  // room, so that few shapes occur: kernels are chosen anew for each.
  CellBox grown(int margin, int picture_cols, int picture_rows) const {
    CellBox box = *this;
    grow(box.column, box.cols, margin, picture_cols);
    grow(box.row, box.rows, margin, picture_rows);
    return box;
  }

 private:
  static void grow(int& first, int& count, int margin, int available) {
    constexpr int kStep = 4;
    const int begin = std::max(0, first - margin);
    const int end = std::min(available, first + count + margin);
    count = std::min(available, (end - begin + kStep - 1) / kStep * kStep);
    first = std::min(begin, available - count);
  }
};

// The smallest box round all cells of cols x rows of which marked(number), in raster order, is true; empty if none is.
template <class Marked>
CellBox box_round(int cols, int rows, Marked marked) {
  int left = cols, right = -1, top = rows, bottom = -1;
  for (int i = 0; i < cols * rows; ++i) {
    if (!marked(static_cast<size_t>(i))) continue;
    left = std::min(left, i % cols);
    right = std::max(right, i % cols);
    top = std::min(top, i / cols);
    bottom = std::max(bottom, i / cols);
  }
  if (right < 0) return {};
  return {left, top, right - left + 1, bottom - top + 1};
}

}  // namespace crlsc::neural
