// SPDX-License-Identifier: LGPL-2.1-or-later
// Which cells are sent anew without reference to other pictures, so that receivers that lost something heal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/token/grid.h"

namespace crlsc {

// A cell needs a refresh once it was predicted from another picture and changed by it: whoever missed that shows
// something else since. The same holds for a refresh that a burst of losses may take together with the change before
// it. Cells that wait longest come first.
class RefreshPlan {
 public:
  explicit RefreshPlan(int cells)
      : waiting_since_(static_cast<size_t>(cells), kFresh), changed_(static_cast<size_t>(cells), -kBurst - 1) {}

  // At most `count` cells to be coded on grey in the coming picture.
  std::vector<int> due(int count) const;
  // Takes note of a picture that was sent.
  void sent(const TokenGrid& grid);
  // Cells that wait for a refresh.
  int waiting() const;

 private:
  static constexpr int64_t kFresh = -1;
  static constexpr int64_t kBurst = 3;  // pictures that may get lost in a row
  std::vector<int64_t> waiting_since_;  // picture of the first change since the last refresh
  std::vector<int64_t> changed_;        // picture of the last change
  int64_t picture_ = 0;
};

}  // namespace crlsc
