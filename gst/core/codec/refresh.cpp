// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/refresh.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/picture.h"

namespace crlsc {
namespace {

// What a refresh must take away to be worth its bits: a large change, in each burst that could have taken it.
constexpr double kWorth = RefreshPlan::kBurst * RefreshPlan::kLarge;
constexpr int kMostRefreshes = 16;  // that are counted

}  // namespace

double RefreshPlan::CellState::use() const {
  // Bursts that end with the refresh or after it leave what they took of the changes just before.
  double left = 0;
  for (size_t k = 0; k < recent.size(); ++k) left += static_cast<double>(recent.size() - k) * recent[k];
  return damage - left >= std::ldexp(kWorth, refreshes) ? damage - left : 0;
}

RefreshPlan::RefreshPlan(int cols, int rows)
    : cols_(cols), rows_(rows), cells_(static_cast<size_t>(cols) * static_cast<size_t>(rows)) {}

std::vector<int> RefreshPlan::due(int count) const {
  using Entry = std::pair<double, int>;
  std::vector<Entry> cells;
  for (size_t i = 0; i < cells_.size(); ++i) {
    const double use = cells_[i].use();
    if (use > 0) cells.emplace_back(-use, static_cast<int>(i));
  }
  std::sort(cells.begin(), cells.end());
  cells.resize(std::min(cells.size(), static_cast<size_t>(std::max(count, 0))));
  std::vector<int> chosen;
  for (const Entry& e : cells) chosen.push_back(e.second);
  return chosen;
}

void RefreshPlan::sent(const TokenGrid& grid, const std::vector<Change>& changes, bool key) {
  std::vector<CellState> cells(cells_.size());
  for (size_t i = 0; !key && i < cells.size(); ++i) cells[i] = next(grid, static_cast<int>(i), changes[i]);
  cells_ = std::move(cells);
}

RefreshPlan::CellState RefreshPlan::next(const TokenGrid& grid, int cell, Change change) const {
  const Cell& sent = grid.cells[static_cast<size_t>(cell)];
  CellState state = cells_[static_cast<size_t>(cell)];
  if (!sent.still()) state.damage = damage_of_sources(grid, cell);
  // The burst that ends here.
  const double gain = std::max(change.gain, 0.0);
  state.damage += std::accumulate(state.recent.begin(), state.recent.end(), gain);
  std::rotate(state.recent.begin(), state.recent.end() - 1, state.recent.end());
  state.recent[0] = gain;
  if (sent.reference != Reference::kPrevious) state.refreshes = std::min(state.refreshes + 1, kMostRefreshes);
  if (change.moved) state.refreshes = 0;
  return state;
}

// On average, of where its blocks are predicted from.
double RefreshPlan::damage_of_sources(const TokenGrid& grid, int cell) const {
  const Cell& sent = grid.cells[static_cast<size_t>(cell)];
  if (sent.reference != Reference::kPrevious) return 0;
  double sum = 0;
  for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
    const int x = cell % cols_ * kCellSize + static_cast<int>(b % 2) * kBlockSize + kBlockSize / 2;
    const int y = cell / cols_ * kCellSize + static_cast<int>(b / 2) * kBlockSize + kBlockSize / 2;
    const int column = std::clamp((x + (sent.motion[b].dx >> 1)) / kCellSize, 0, cols_ - 1);
    const int row = std::clamp((y + (sent.motion[b].dy >> 1)) / kCellSize, 0, rows_ - 1);
    sum += cells_[static_cast<size_t>(row) * static_cast<size_t>(cols_) + static_cast<size_t>(column)].damage;
  }
  return sum / CellMotion::kBlocks;
}

int RefreshPlan::waiting() const {
  return static_cast<int>(std::count_if(cells_.begin(), cells_.end(), [](const CellState& c) { return c.use() > 0; }));
}

}  // namespace crlsc
