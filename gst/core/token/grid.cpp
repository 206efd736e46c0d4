// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/grid.h"

#include <algorithm>

namespace crlsc {

int TokenLayout::stages_up_to(int layer) const {
  return static_cast<int>(std::count_if(stage_layer.begin(), stage_layer.end(), [layer](int l) { return l <= layer; }));
}

TokenGrid::TokenGrid(int cols, int rows, const TokenLayout& layout)
    : cells(static_cast<size_t>(cols) * rows),
      structure(cells.size() * static_cast<size_t>(layout.structure_tokens())),
      cols_(cols),
      rows_(rows),
      structure_tokens_(layout.structure_tokens()) {
  for (int stage = 0; stage < layout.stages(); ++stage) {
    detail_tokens_.push_back(layout.detail_tokens(stage));
    detail.emplace_back(4 * cells.size() * static_cast<size_t>(detail_tokens_.back()));
  }
}

TokenGrid::TokenGrid(int cols, int rows, int stages)
    : cells(static_cast<size_t>(cols) * rows),
      structure(cells.size()),
      detail(static_cast<size_t>(stages), std::vector<int16_t>(4 * cells.size())),
      cols_(cols),
      rows_(rows),
      detail_tokens_(static_cast<size_t>(stages), 1) {}

}  // namespace crlsc
