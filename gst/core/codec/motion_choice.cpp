// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/motion_choice.h"

#include <algorithm>
#include <cstdlib>

#include "core/codec/prediction.h"
#include "core/entropy/cost.h"

namespace crlsc {
namespace {

// A cell this close to the picture before is left still: mean squared error 1 a sample.
constexpr uint32_t kGoodEnough = kCellSize * kCellSize;
constexpr int kSearchRange = 24;  // luma samples
constexpr int kSearchStep = 2;
constexpr int kSearchBits = 24;  // a search must be able to save as much

// The choice for one cell.
class CellSearch {
 public:
  CellSearch(const Picture& current, const Picture& previous, const TokenCosts& costs, Picture& scratch)
      : current_(current), previous_(previous), costs_(costs), scratch_(scratch) {}

  // `lambda`: squared error, unweighed, that a bit is worth.
  MotionVector run(const TokenGrid& grid, int column, int row, double lambda) {
    column_ = column;
    row_ = row;
    lambda_ = lambda;
    best_ = {};
    least_ = cell_error(current_, previous_, column, row);
    if (least_ <= kGoodEnough) return best_;
    median_ = predict_motion(grid, {0, grid.rows()}, column, row);
    attempt(median_);
    auto attempt_of = [&](int c, int r) {
      if (c >= 0 && c < grid.cols() && r >= 0) attempt(grid.cells[static_cast<size_t>(r) * grid.cols() + c].motion);
    };
    attempt_of(column, row);  // what it was in the picture before
    attempt_of(column - 1, row);
    attempt_of(column, row - 1);
    attempt_of(column + 1, row - 1);
    if (least_ > kGoodEnough + lambda_ * kSearchBits) attempt(search());
    refine(2);
    refine(1);
    return best_;
  }

 private:
  double price(MotionVector mv) const {
    return lambda_ * (costs_.moved_copy() + costs_.motion(mv.dx - median_.dx, mv.dy - median_.dy)) / kCostPerBit;
  }

  void attempt(MotionVector mv) {
    if (mv == best_ || std::abs(mv.dx) > kMaxMotion || std::abs(mv.dy) > kMaxMotion) return;
    const double cost = mv == MotionVector{} ? 0 : price(mv);
    if (cost >= least_) return;
    Cell moved;
    moved.motion = mv;
    predict_cell({&previous_, {}}, moved, column_, row_, scratch_);
    const double total = cell_error(current_, scratch_, column_, row_) + cost;
    if (total >= least_) return;
    least_ = total;
    best_ = mv;
  }

  // Walks downhill in steps of half a sample times `step`.
  void refine(int step) {
    for (;;) {
      const MotionVector centre = best_;
      for (const auto& [dx, dy] : {std::pair{-step, 0}, {step, 0}, {0, -step}, {0, step}}) {
        attempt({static_cast<int16_t>(centre.dx + dx), static_cast<int16_t>(centre.dy + dy)});
      }
      if (best_ == centre) return;
    }
  }

  // The best of a coarse lattice of whole samples within the picture, by every second line of luma.
  MotionVector search() const {
    const int x = column_ * kCellSize;
    const int y = row_ * kCellSize;
    const int left = std::max(-kSearchRange, -x / kSearchStep * kSearchStep);
    const int top = std::max(-kSearchRange, -y / kSearchStep * kSearchStep);
    const int right = std::min(kSearchRange, previous_.width() - kCellSize - x);
    const int bottom = std::min(kSearchRange, previous_.height() - kCellSize - y);
    MotionVector found;
    double least = least_;
    for (int dy = top; dy <= bottom; dy += kSearchStep) {
      for (int dx = left; dx <= right; dx += kSearchStep) {
        const MotionVector mv{static_cast<int16_t>(2 * dx), static_cast<int16_t>(2 * dy)};
        const double cost = price(mv);
        if (cost >= least) continue;
        const double total = cost + luma_error(x, y, dx, dy, least - cost);
        if (total >= least) continue;
        least = total;
        found = mv;
      }
    }
    return found;
  }

  // Of every second line, times two. Stops above `enough`.
  uint32_t luma_error(int x, int y, int dx, int dy, double enough) const {
    const ptrdiff_t stride = current_.width();
    const uint8_t* a = current_.plane(0) + stride * y + x;
    const uint8_t* b = previous_.plane(0) + stride * (y + dy) + x + dx;
    uint32_t sum = 0;
    for (int r = 0; r < kCellSize && sum < enough; r += 2, a += 2 * stride, b += 2 * stride) {
      int line = 0;
      for (int c = 0; c < kCellSize; ++c) {
        const auto d = static_cast<int16_t>(a[c] - b[c]);  // 16 bits: compilers have instructions for this sum
        line += d * d;
      }
      sum += 2 * static_cast<uint32_t>(line);
    }
    return sum;
  }

  const Picture& current_;
  const Picture& previous_;
  const TokenCosts& costs_;
  Picture& scratch_;
  int column_ = 0;
  int row_ = 0;
  MotionVector median_, best_;
  double lambda_ = 0;
  double least_ = 0;
};

}  // namespace

void choose_motion(const Picture& current, const Picture& previous, const std::vector<float>& weights,
                   const TokenCosts& costs, double lambda, TokenGrid& grid) {
  Picture scratch(current.width(), current.height());
  CellSearch search(current, previous, costs, scratch);
  for (int row = 0; row < grid.rows(); ++row) {
    for (int column = 0; column < grid.cols(); ++column) {
      const auto i = static_cast<size_t>(row) * grid.cols() + column;
      grid.cells[i].motion = search.run(grid, column, row, lambda / weights[i]);
    }
  }
}

}  // namespace crlsc
