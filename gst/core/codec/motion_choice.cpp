// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/motion_choice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "core/codec/prediction.h"
#include "core/codec/square_error.h"
#include "core/entropy/cost.h"

namespace crlsc {
namespace {

// A cell this close to the picture before is left still: mean squared error 1 a sample.
constexpr uint32_t kGoodEnough = kCellSize * kCellSize;
constexpr int kSearchRange = 24;  // luma samples
constexpr int kSearchStep = 2;
constexpr int kSearchBits = 24;  // a search must be able to save as much
constexpr int kSplitBits = 16;   // and so must a vector for each block

// What a vector costs, as squared error: of a whole cell, or of a block of a split one.
struct Price {
  const TokenCosts& costs;
  double lambda;
  MotionVector predicted;
  bool block;
  double operator()(MotionVector mv) const {
    const int dx = mv.dx - predicted.dx;
    const int dy = mv.dy - predicted.dy;
    return lambda * (block ? costs.block_motion(dx, dy) : costs.moved_copy() + costs.motion(dx, dy)) / kCostPerBit;
  }
};

// Two pictures, and where predictions are tried.
struct Workspace {
  const Picture& current;
  const Picture& previous;
  Picture scratch;
};

// The best vector so far of a square, a cell or a block.
class SquareSearch {
 public:
  SquareSearch(Workspace& pictures, int x, int y, int side, const Price& price)
      : pictures_(pictures), x_(x), y_(y), side_(side), price_(price) {}

  MotionVector best() const { return best_; }
  double cost() const { return least_; }  // with the error that it leaves

  // The picture before as it is, at this price.
  void start_still(double price) {
    least_ = square_error(pictures_.current, pictures_.previous, x_, y_, side_) + price;
  }

  void attempt(MotionVector mv) {
    const bool known = mv == best_ && std::isfinite(least_);
    if (known || std::abs(mv.dx) > kMaxMotion || std::abs(mv.dy) > kMaxMotion) return;
    const double price = price_(mv);
    if (price >= least_) return;
    // Most vectors fail by their luma.
    predict_luma(pictures_.previous, mv, x_, y_, side_, pictures_.scratch);
    const double luma = luma_error(pictures_.current, pictures_.scratch, x_, y_, side_) + price;
    if (luma >= least_) return;
    predict_chroma(pictures_.previous, mv, x_, y_, side_, pictures_.scratch);
    const double total = luma + (chroma_error(pictures_.current, pictures_.scratch, x_, y_, side_) >> kChromaShift);
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

 private:
  Workspace& pictures_;
  int x_;
  int y_;
  int side_;
  Price price_;
  MotionVector best_;
  double least_ = HUGE_VAL;
};

// The best vectors of a coarse lattice of whole samples within the picture, by every second line of luma.
class Lattice {
 public:
  bool searched() const { return searched_; }
  MotionVector whole() const { return whole_; }
  const CellMotion& blocks() const { return blocks_; }
  void clear() { searched_ = false; }

  // For the cell at (x, y), beginning near `start`: vectors whose price alone is more than what others cost with the
  // error that they leave are passed over.
  void search(const Workspace& pictures, int x, int y, const Price& price, MotionVector start) {
    searched_ = true;
    const int left = std::max(-kSearchRange, -x / kSearchStep * kSearchStep);
    const int top = std::max(-kSearchRange, -y / kSearchStep * kSearchStep);
    const int right = std::min(kSearchRange, pictures.previous.width() - kCellSize - x);
    const int bottom = std::min(kSearchRange, pictures.previous.height() - kCellSize - y);
    least_ = HUGE_VAL;
    block_least_.fill(HUGE_VAL);
    const auto on_lattice = [](int half_samples, int low, int high) {
      return std::clamp(half_samples / 2, low, high) / kSearchStep * kSearchStep;
    };
    attempt(pictures, x, y, on_lattice(start.dx, left, right), on_lattice(start.dy, top, bottom), price);
    for (int dy = top; dy <= bottom; dy += kSearchStep) {
      for (int dx = left; dx <= right; dx += kSearchStep) attempt(pictures, x, y, dx, dy, price);
    }
  }

 private:
  using BlockErrors = std::array<uint32_t, CellMotion::kBlocks>;

  void attempt(const Workspace& pictures, int x, int y, int dx, int dy, const Price& price) {
    const MotionVector mv{static_cast<int16_t>(2 * dx), static_cast<int16_t>(2 * dy)};
    const double cost = price(mv);
    if (cost >= least_ && cost >= *std::max_element(block_least_.begin(), block_least_.end())) return;
    const BlockErrors errors = block_errors(pictures, x, y, dx, dy);
    double sum = cost;
    for (size_t b = 0; b < errors.size(); ++b) {
      sum += errors[b];
      if (errors[b] + cost >= block_least_[b]) continue;
      block_least_[b] = errors[b] + cost;
      blocks_[b] = mv;
    }
    if (sum >= least_) return;
    least_ = sum;
    whole_ = mv;
  }

  // Of every second line, times two.
  static BlockErrors block_errors(const Workspace& pictures, int x, int y, int dx, int dy) {
    BlockErrors sums{};
    const ptrdiff_t stride = pictures.current.width();
    const uint8_t* a = pictures.current.plane(0) + stride * y + x;
    const uint8_t* b = pictures.previous.plane(0) + stride * (y + dy) + x + dx;
    for (size_t half = 0; half < 2; ++half, a += kBlockSize * stride, b += kBlockSize * stride) {
      add_half_square_sums(a, 2 * stride, b, 2 * stride, kBlockSize / 2, sums.data() + 2 * half);
    }
    for (uint32_t& sum : sums) sum *= 2;
    return sums;
  }

  bool searched_ = false;
  MotionVector whole_;
  CellMotion blocks_;
  double least_ = HUGE_VAL;
  std::array<double, CellMotion::kBlocks> block_least_{};
};

// The choice for one cell.
class CellSearch {
 public:
  CellSearch(const Picture& current, const Picture& previous, const TokenCosts& costs, bool split, TokenGrid& grid)
      : pictures_{current, previous, Picture(current.width(), current.height())},
        costs_(costs),
        split_(split),
        grid_(grid) {}

  // `lambda`: squared error, unweighed, that a bit is worth.
  void run(int column, int row, double lambda, double elsewhere) {
    column_ = column;
    row_ = row;
    lambda_ = lambda;
    lattice_.clear();
    CellMotion& motion = grid_.cells[static_cast<size_t>(row) * grid_.cols() + column].motion;
    hint_ = motion;
    if (elsewhere <= lambda * costs_.moved_copy() / kCostPerBit) {
      motion = {};
      return;
    }
    const SquareSearch whole = search_cell();
    motion = whole.best();
    if (split_ && whole.cost() > kGoodEnough + lambda_ * kSplitBits && !search_blocks(whole, motion)) {
      motion = whole.best();
    }
  }

 private:
  int left() const { return column_ * kCellSize; }
  int top() const { return row_ * kCellSize; }
  Slice whole_picture() const { return {0, grid_.rows()}; }

  SquareSearch search_cell() {
    const Price price{costs_, lambda_, predict_motion(grid_, whole_picture(), column_, row_), false};
    SquareSearch search(pictures_, left(), top(), kCellSize, price);
    search.start_still(lambda_ * costs_.still() / kCostPerBit);
    if (search.cost() <= kGoodEnough) return search;
    search.attempt(price.predicted);
    search.attempt(hint_[0]);
    attempt_neighbours(search);
    if (search.cost() > kGoodEnough + lambda_ * kSearchBits) {
      lattice_.search(pictures_, left(), top(), price, search.best());
      search.attempt(lattice_.whole());
    }
    search.refine(2);
    search.refine(1);
    return search;
  }

  // Blocks of the cells to the left, above and above right that touch this cell.
  void attempt_neighbours(SquareSearch& search) const {
    const auto attempt = [&](int c, int r, size_t block) {
      if (c < 0 || c >= grid_.cols() || r < 0) return;
      search.attempt(grid_.cells[static_cast<size_t>(r) * grid_.cols() + c].motion[block]);
    };
    attempt(column_ - 1, row_, 1);
    attempt(column_ - 1, row_, 3);
    attempt(column_, row_ - 1, 2);
    attempt(column_, row_ - 1, 3);
    attempt(column_ + 1, row_ - 1, 2);
  }

  // Sets the vectors of the blocks; returns false if one for all of them is better.
  bool search_blocks(const SquareSearch& whole, CellMotion& motion) {
    double total = lambda_ * (costs_.moved_copy() + costs_.split()) / kCostPerBit;
    for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
      const Price price{costs_, lambda_, predict_block_motion(grid_, whole_picture(), column_, row_, b), true};
      SquareSearch search(pictures_, left() + static_cast<int>(b % 2) * kBlockSize,
                          top() + static_cast<int>(b / 2) * kBlockSize, kBlockSize, price);
      search.attempt(whole.best());
      search.attempt(price.predicted);
      search.attempt(hint_[b]);
      for (size_t before = 0; before < b; ++before) search.attempt(motion[before]);
      attempt_neighbours(search);
      if (lattice_.searched()) search.attempt(lattice_.blocks()[b]);
      search.refine(2);
      search.refine(1);
      motion[b] = search.best();
      total += search.cost();
      if (total >= whole.cost()) return false;
    }
    return motion.split();
  }

  Workspace pictures_;
  const TokenCosts& costs_;
  bool split_;
  TokenGrid& grid_;
  int column_ = 0;
  int row_ = 0;
  double lambda_ = 0;
  CellMotion hint_;
  Lattice lattice_;
};

}  // namespace

void choose_motion(const Picture& current, const Picture& previous, const std::vector<float>& weights,
                   const TokenCosts& costs, double lambda, bool split, const std::vector<double>& elsewhere,
                   TokenGrid& grid) {
  CellSearch search(current, previous, costs, split, grid);
  for (int row = 0; row < grid.rows(); ++row) {
    for (int column = 0; column < grid.cols(); ++column) {
      const auto at = static_cast<size_t>(row) * grid.cols() + column;
      search.run(column, row, lambda / weights[at], elsewhere.empty() ? HUGE_VAL : elsewhere[at]);
    }
  }
}

}  // namespace crlsc
