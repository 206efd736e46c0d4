// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/grid.h"

#include <algorithm>

namespace crlsc {

int TokenLayout::stages_up_to(int layer) const {
  return static_cast<int>(std::count_if(stage_layer.begin(), stage_layer.end(), [layer](int l) { return l <= layer; }));
}

TokenGrid::TokenGrid(int cols, int rows, int stages)
    : cells(static_cast<size_t>(cols) * rows),
      structure(static_cast<size_t>(cols) * rows),
      detail(static_cast<size_t>(stages), std::vector<uint16_t>(static_cast<size_t>(cols) * rows * 4)),
      cols_(cols),
      rows_(rows) {}

}  // namespace crlsc
