// SPDX-License-Identifier: LGPL-2.1-or-later
// Which cells are sent anew without reference to other pictures, so that receivers that lost something heal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc {

// Who misses the change of a cell goes on showing what stood there. A large change, of something that moves, needs a
// refresh soon after the cell has come to rest, the largest first; cells that never rest take their turns after those.
// A small change, of a picture that becomes sharper, is worth a refresh only when nothing else waits, after some time,
// and once: a scene at rest comes to rest. A refresh that a burst of losses may take together with the change before it
// does not count.
class RefreshPlan {
 public:
  explicit RefreshPlan(int cells) : cells_(static_cast<size_t>(cells)) {}

  // At most `count` cells to be coded on grey in the coming picture.
  std::vector<int> due(int count) const;
  // Takes note of a picture that was sent, and by how much it changed what each cell shows: cell_error() between the
  // picture put out before and this one. `key`: a picture without reference to any other.
  void sent(const TokenGrid& grid, const std::vector<uint32_t>& changes, bool key);
  // Cells that wait for a refresh.
  int waiting() const;

  // Squared errors from which changes are large, and small ones count: 10 and 5.7 a sample, root mean square.
  static constexpr uint32_t kLarge = 100 * kCellSize * kCellSize;
  static constexpr uint32_t kSmall = 32 * kCellSize * kCellSize;
  // What a refresh does not change by itself: something moved in the same picture.
  static constexpr uint32_t kMoved = 4 * kLarge;
  static constexpr int64_t kPatience = 10;  // pictures before a small change is made good

 private:
  static constexpr int64_t kNever = -1;
  static constexpr int64_t kBurst = 3;  // pictures that may get lost in a row
  struct CellState {
    int64_t large_since = kNever;   // picture of the first large change since the last refresh
    int64_t small_since = kNever;   // the same of small ones
    int64_t changed = -kBurst - 1;  // picture of the last large change
    uint32_t damage = 0;            // the largest change since the last refresh
    bool settled = false;           // refreshed, and nothing large since
  };
  std::vector<CellState> cells_;
  int64_t picture_ = 0;
};

}  // namespace crlsc
