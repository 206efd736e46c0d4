// SPDX-License-Identifier: LGPL-2.1-or-later
// Which cells of the picture before a moved block is drawn from (docs/bitstream.md, section "Prediction").
#pragma once

#include <algorithm>

#include "core/picture.h"

namespace crlsc {

// Cells along one axis.
struct CellSpan {
  int first = 0;
  int last = 0;
};

// The cells, of `cells` along the axis, that block number `block` reads with `motion` in half luma samples. Luma
// filters read 2 samples before and 3 behind, those of chroma 1 more behind.
inline CellSpan cells_read(int block, int motion, int cells) {
  const int before = (motion & 1) != 0 ? 2 : (motion & 2) != 0 ? 1 : 0;
  const int behind = (motion & 1) != 0 ? 3 : (motion & 2) != 0 ? 1 : 0;
  const int from = block * kBlockSize + (motion >> 1);
  const auto cell_at = [cells](int sample) { return std::clamp(sample, 0, cells * kCellSize - 1) / kCellSize; };
  return {cell_at(from - before), cell_at(from + kBlockSize - 1 + behind)};
}

}  // namespace crlsc
