// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/refresh.h"

#include <algorithm>

namespace crlsc {

std::vector<int> RefreshPlan::due(int count) const {
  std::vector<int> cells;
  for (size_t i = 0; i < waiting_since_.size(); ++i) {
    if (waiting_since_[i] != kFresh) cells.push_back(static_cast<int>(i));
  }
  const auto n = std::min<size_t>(cells.size(), static_cast<size_t>(std::max(count, 0)));
  std::partial_sort(cells.begin(), cells.begin() + static_cast<ptrdiff_t>(n), cells.end(), [this](int a, int b) {
    const int64_t x = waiting_since_[static_cast<size_t>(a)];
    const int64_t y = waiting_since_[static_cast<size_t>(b)];
    return x != y ? x < y : a < b;
  });
  cells.resize(n);
  return cells;
}

void RefreshPlan::sent(const TokenGrid& grid) {
  for (size_t i = 0; i < waiting_since_.size(); ++i) {
    const Cell& c = grid.cells[i];
    const bool still = !c.coded && c.reference == Reference::kPrevious && c.motion == MotionVector{};
    if (still) continue;
    if (c.reference != Reference::kPrevious) {
      waiting_since_[i] = picture_ - changed_[i] <= kBurst ? picture_ : kFresh;
      continue;
    }
    if (waiting_since_[i] == kFresh) waiting_since_[i] = picture_;
    changed_[i] = picture_;
  }
  ++picture_;
}

int RefreshPlan::waiting() const {
  return static_cast<int>(
      std::count_if(waiting_since_.begin(), waiting_since_.end(), [](int64_t since) { return since != kFresh; }));
}

}  // namespace crlsc
