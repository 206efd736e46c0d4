// SPDX-License-Identifier: LGPL-2.1-or-later
// Which cells are sent anew without reference to other pictures, so that receivers that lost something heal.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/token/grid.h"

namespace crlsc {

// Follows what every burst of losses so far would have left behind: who misses a cell's change goes on showing what
// stood there, damage moves with what is predicted from it, and a cell without reference ends it. The sum over all
// bursts is the damage to expect, as in Zhang, Regunathan and Rose, "Video coding with optimal inter/intra-mode
// switching for packet loss resilience" (2000), here for cells and bursts instead of samples and single losses. Due are
// the cells whose refresh takes away the most; one that a burst might take together with the change before it takes
// away little. Of a cell whose source stands still, each refresh must take away twice as much as the one before, or
// what becomes sharper after a refresh would ask for another: a scene at rest comes to rest.
class RefreshPlan {
 public:
  // For pictures of cols x rows cells.
  RefreshPlan(int cols, int rows);

  // At most `count` cells to be coded on grey in the coming picture, the most useful first.
  std::vector<int> due(int count) const;
  // What a picture did to a cell.
  struct Change {
    double gain = 0;     // distortion (visibility.h) of what the picture before shows there, less that of its own
    bool moved = false;  // the source did
  };
  // Takes note of a picture that was sent. `key`: without reference to any other.
  void sent(const TokenGrid& grid, const std::vector<Change>& changes, bool key);
  // Cells that wait for a refresh.
  int waiting() const;

  static constexpr size_t kBurst = 3;  // pictures that may get lost in a row
  // A change that needs a refresh by itself: about 6 a sample, root mean square, where errors weigh 1.
  static constexpr double kLarge = 10000;

 private:
  struct CellState {
    double damage = 0;                        // distortion, summed over all bursts
    std::array<double, kBurst - 1> recent{};  // the latest gains, the last one first
    int refreshes = 0;                        // since the source last moved
    // What a refresh would take away; 0 if that is not worth its bits.
    double use() const;
  };
  CellState next(const TokenGrid& grid, int cell, Change change) const;
  double damage_of_sources(const TokenGrid& grid, int cell) const;

  int cols_;
  int rows_;
  std::vector<CellState> cells_;
};

}  // namespace crlsc
