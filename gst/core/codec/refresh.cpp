// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/refresh.h"

#include <algorithm>
#include <utility>

namespace crlsc {

std::vector<int> RefreshPlan::due(int count) const {
  // By what they belong to, and within that by an order in which less comes first.
  using Entry = std::pair<int64_t, int>;
  std::vector<Entry> resting;
  std::vector<Entry> restless;
  std::vector<Entry> small;
  for (size_t i = 0; i < cells_.size(); ++i) {
    const CellState& c = cells_[i];
    const auto cell = static_cast<int>(i);
    if (c.large_since == kNever) {
      if (c.small_since != kNever && picture_ - c.small_since >= kPatience) small.emplace_back(c.small_since, cell);
    } else if (picture_ - c.changed > kBurst) {
      resting.emplace_back(-int64_t{c.damage}, cell);
    } else if (picture_ - c.large_since > kBurst) {
      restless.emplace_back(c.large_since, cell);
    }
  }
  if (!resting.empty() || !restless.empty()) small.clear();
  std::vector<int> chosen;
  for (std::vector<Entry>* group : {&resting, &restless, &small}) {
    std::sort(group->begin(), group->end());
    for (const Entry& e : *group) {
      if (static_cast<int>(chosen.size()) < count) chosen.push_back(e.second);
    }
  }
  return chosen;
}

void RefreshPlan::sent(const TokenGrid& grid, const std::vector<uint32_t>& changes, bool key) {
  for (size_t i = 0; i < cells_.size(); ++i) {
    CellState& c = cells_[i];
    if (grid.cells[i].reference != Reference::kPrevious) {
      if (!key && changes[i] >= kMoved) c.changed = picture_;
      const bool alone = key || picture_ - c.changed > kBurst;
      c.large_since = alone ? kNever : picture_;
      c.small_since = kNever;
      c.settled = alone && !key;
      c.damage = alone ? 0 : std::max(c.damage, changes[i]);
    } else if (changes[i] >= kLarge) {
      if (c.large_since == kNever) c.large_since = picture_;
      c.changed = picture_;
      c.damage = std::max(c.damage, changes[i]);
      c.settled = false;
    } else if (changes[i] >= kSmall && !c.settled && c.small_since == kNever) {
      c.small_since = picture_;
    }
  }
  ++picture_;
}

int RefreshPlan::waiting() const {
  return static_cast<int>(std::count_if(cells_.begin(), cells_.end(), [](const CellState& c) {
    return c.large_since != kNever || c.small_since != kNever;
  }));
}

}  // namespace crlsc
