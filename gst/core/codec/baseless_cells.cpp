// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/baseless_cells.h"

#include <algorithm>
#include <utility>

#include "core/codec/motion_reach.h"

namespace crlsc {

void BaselessCells::next(const TokenGrid& grid, const std::vector<size_t>& left_out) {
  if (!any_ && left_out.empty()) return;
  std::vector<uint8_t> now(baseless_.size());
  for (int i = 0; i < grid.size(); ++i) now[static_cast<size_t>(i)] = reads_any(grid, i) ? 1 : 0;
  for (const size_t i : left_out) now[i] = 1;
  baseless_ = std::move(now);
  any_ = std::find(baseless_.begin(), baseless_.end(), 1) != baseless_.end();
}

bool BaselessCells::reads_any(const TokenGrid& grid, int i) const {
  const Cell& cell = grid.cells[static_cast<size_t>(i)];
  if (cell.reference != Reference::kPrevious) return false;
  const int column = i % grid.cols();
  const int row = i / grid.cols();
  for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
    const CellSpan x = cells_read(2 * column + static_cast<int>(b % 2), cell.motion[b].dx, grid.cols());
    const CellSpan y = cells_read(2 * row + static_cast<int>(b / 2), cell.motion[b].dy, grid.rows());
    for (int r = y.first; r <= y.last; ++r) {
      const auto begin = baseless_.begin() + static_cast<ptrdiff_t>(r) * grid.cols();
      if (std::find(begin + x.first, begin + x.last + 1, 1) != begin + x.last + 1) return true;
    }
  }
  return false;
}

}  // namespace crlsc
