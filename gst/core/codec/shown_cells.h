// SPDX-License-Identifier: LGPL-2.1-or-later
// What a post-filter has to know of the cells of a decoded picture: how coarsely each was coded when it last was, and
// which are not as they were.
#pragma once

#include <cstdint>
#include <vector>

#include "core/token/grid.h"

namespace crlsc {

class ShownCells {
 public:
  ShownCells() = default;
  // Of a grey picture of cols x rows cells, all of them new.
  ShownCells(int cols, int rows);

  // Follows the next picture. A cell that is coded has the step of its gain level (core/token/gain.h), one that is not
  // the coarsest of those that its blocks are drawn from.
  void next(const TokenGrid& grid, const TokenLayout& layout);
  // From now on the changes count anew.
  void clear_changes();

  int cols() const { return cols_; }
  int rows() const { return rows_; }
  // In units of a sample, raster.
  const std::vector<uint8_t>& steps() const { return steps_; }
  // 1 for each cell that was not still in some picture since clear_changes(), raster.
  const std::vector<uint8_t>& changed() const { return changed_; }
  bool any_changed() const { return any_changed_; }

  static constexpr uint8_t kNone = 255;  // step of a grey or flat cell, of which nothing is known
  static constexpr uint8_t kKnown = 8;   // of one that shows a knowledge-base picture

 private:
  uint8_t step_of(const Cell& cell, int column, int row, const TokenLayout& layout) const;

  int cols_ = 0;
  int rows_ = 0;
  std::vector<uint8_t> steps_;
  std::vector<uint8_t> changed_;
  bool any_changed_ = true;
};

}  // namespace crlsc
