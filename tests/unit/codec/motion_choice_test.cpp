// SPDX-License-Identifier: LGPL-2.1-or-later
// Which vectors the encoder takes.
#include "core/codec/motion_choice.h"

#include <cmath>

#include "core/codec/prediction.h"
#include "core/codec/square_error.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

constexpr int kCols = 10;
constexpr int kRows = 7;

// Smooth waves: every place looks different, and a little like its surroundings.
Picture waves(double shift_x, double shift_y) {
  Picture picture(kCols * kCellSize, kRows * kCellSize);
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      const double u = x + shift_x;
      const double v = y + shift_y;
      picture.plane(0)[y * picture.width() + x] =
          static_cast<uint8_t>(128 + 40 * std::sin(u / 9) + 40 * std::cos(v / 11) + 30 * std::sin((u + 2 * v) / 37));
    }
  }
  return picture;
}

class MotionChoice : public testing::Test {
 protected:
  std::vector<Cell> choose(const Picture& current, const Picture& previous, double lambda, float weight = 1) {
    TokenGrid grid(kCols, kRows, 1);
    choose_motion(current, previous, std::vector<float>(kCols * kRows, weight), costs, lambda, layout.split_motion, {},
                  grid);
    return grid.cells;
  }
  // Cells whose 24 samples of search range lie within the picture.
  template <class Check>
  static void each_inner(const std::vector<Cell>& cells, Check check) {
    for (int row = 2; row < kRows - 2; ++row) {
      for (int column = 2; column < kCols - 2; ++column)
        check(cells[static_cast<size_t>(row) * kCols + column].motion[0]);
    }
  }
  TokenLayout layout{64, {32}, {1}};
  TokenContexts contexts{layout};
  TokenCosts costs{contexts, layout};
};

TEST_F(MotionChoice, WhatIsStillStays) {
  for (const Cell& c : choose(waves(0, 0), waves(0, 0), 1)) EXPECT_EQ(c.motion, MotionVector{});
}

// No neighbour suggests anything at first: the search has to find it.
TEST_F(MotionChoice, FindsAShiftThatNothingSuggests) {
  each_inner(choose(waves(14, -9), waves(0, 0), 1), [](MotionVector mv) { EXPECT_EQ(mv, (MotionVector{28, -18})); });
}

TEST_F(MotionChoice, FindsHalfSamples) {
  each_inner(choose(waves(3.5, 0), waves(0, 0), 0.1), [](MotionVector mv) { EXPECT_EQ(mv, (MotionVector{7, 0})); });
}

TEST_F(MotionChoice, AVectorThatCostsMoreThanItSavesIsNotTaken) {
  for (const Cell& c : choose(waves(1, 0), waves(0, 0), 1e5)) EXPECT_EQ(c.motion, MotionVector{});
}

TEST_F(MotionChoice, AnErrorThatWeighsMoreIsWorthTheVector) {
  int moved = 0;
  for (const Cell& c : choose(waves(1, 0), waves(0, 0), 1e5, 1e5F)) moved += c.motion == MotionVector{} ? 0 : 1;
  EXPECT_GT(moved, kCols * kRows / 2);
}

// Whatever is chosen is better than standing still, also at the picture's borders.
TEST_F(MotionChoice, NeverMakesItWorse) {
  const Picture current = waves(-20, 17);
  const Picture previous = waves(0, 0);
  TokenGrid grid(kCols, kRows, 1);
  grid.cells = choose(current, previous, 5);
  Picture predicted(current.width(), current.height());
  predict({&previous, {}}, grid, predicted);
  for (int i = 0; i < grid.size(); ++i) {
    const int column = i % kCols;
    const int row = i / kCols;
    EXPECT_LE(cell_error(current, predicted, column, row), cell_error(current, previous, column, row));
  }
}

// The border between two motions lies in the middle of cells.
class SplitMotionChoice : public MotionChoice {
 protected:
  SplitMotionChoice() {
    const Picture right = waves(-6, 0);
    two_ways = waves(6, 0);
    for (int y = 0; y < two_ways.height(); ++y) {
      for (int x = kBorder; x < two_ways.width(); ++x) {
        two_ways.plane(0)[y * two_ways.width() + x] = right.plane(0)[y * two_ways.width() + x];
      }
    }
  }
  static constexpr int kColumn = kCols / 2;  // of the cells that the border parts
  static constexpr int kBorder = kColumn * kCellSize + kBlockSize;
  Picture two_ways;
};

TEST_F(SplitMotionChoice, BlocksFollowTheBorder) {
  layout.split_motion = true;
  const std::vector<Cell> cells = choose(two_ways, waves(0, 0), 0.1);
  for (int row = 2; row < kRows - 2; ++row) {
    const CellMotion& motion = cells[static_cast<size_t>(row) * kCols + kColumn].motion;
    for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
      EXPECT_EQ(motion[b], (MotionVector{static_cast<int16_t>(b % 2 == 0 ? 12 : -12), 0})) << row << ", " << b;
    }
    EXPECT_FALSE(cells[static_cast<size_t>(row) * kCols + kColumn - 2].motion.split()) << row;
  }
}

TEST_F(SplitMotionChoice, NotWhereTheModelHasNoSplitCells) {
  for (const Cell& c : choose(two_ways, waves(0, 0), 0.1)) EXPECT_FALSE(c.motion.split());
}

TEST_F(SplitMotionChoice, NotWhereItCostsMoreThanItSaves) {
  layout.split_motion = true;
  for (const Cell& c : choose(two_ways, waves(0, 0), 1e5)) EXPECT_FALSE(c.motion.split());
}

}  // namespace
}  // namespace crlsc
