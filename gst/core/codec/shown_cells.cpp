// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/shown_cells.h"

#include <algorithm>
#include <utility>

#include "core/picture.h"
#include "core/token/gain.h"

namespace crlsc {

ShownCells::ShownCells(int cols, int rows)
    : cols_(cols),
      rows_(rows),
      steps_(static_cast<size_t>(cols) * static_cast<size_t>(rows), kNone),
      changed_(steps_.size(), 1) {}

void ShownCells::next(const TokenGrid& grid, const TokenLayout& layout) {
  std::vector<uint8_t> now(steps_.size());
  for (size_t i = 0; i < now.size(); ++i) {
    const int at = static_cast<int>(i);
    now[i] = step_of(grid.cells[i], at % cols_, at / cols_, layout);
    if (grid.cells[i].still()) continue;
    changed_[i] = 1;
    any_changed_ = true;
  }
  steps_ = std::move(now);
}

void ShownCells::clear_changes() {
  std::fill(changed_.begin(), changed_.end(), 0);
  any_changed_ = false;
}

uint8_t ShownCells::step_of(const Cell& cell, int column, int row, const TokenLayout& layout) const {
  if (cell.coded) return static_cast<uint8_t>(layout.scalar() ? step_value(cell.gain) : gain_value(cell.gain) - 1);
  if (cell.reference == Reference::kGrey) return kNone;
  if (cell.reference != Reference::kPrevious) return kKnown;
  uint8_t coarsest = 0;
  for (int b = 0; b < static_cast<int>(CellMotion::kBlocks); ++b) {
    // The cell that the middle of the block is drawn from.
    const auto from = [](int block, int motion, int cells) {
      return std::clamp(block * kBlockSize + kBlockSize / 2 + (motion >> 1), 0, cells * kCellSize - 1) / kCellSize;
    };
    const MotionVector& v = cell.motion[static_cast<size_t>(b)];
    const int c = from(2 * column + b % 2, v.dx, cols_);
    const int r = from(2 * row + b / 2, v.dy, rows_);
    coarsest = std::max(coarsest, steps_[static_cast<size_t>(r) * static_cast<size_t>(cols_) + static_cast<size_t>(c)]);
  }
  return coarsest;
}

}  // namespace crlsc
