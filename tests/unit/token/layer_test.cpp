// SPDX-License-Identifier: LGPL-2.1-or-later
// Layers of slices: what is written is read, and each needs nothing but the layers below of its own slice.
#include <algorithm>

#include "core/codec/token_unit.h"
#include "core/error.h"
#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

const std::vector<std::string> kLayouts = {"usual",
                                           "no-detail",
                                           "two-codes",
                                           "large",
                                           "six-stages",
                                           "gap",
                                           "gains",
                                           "classes",
                                           "two-gains",
                                           "scalar",
                                           "scalar-smallest",
                                           "scalar-largest",
                                           "scalar-no-detail",
                                           "split",
                                           "scalar-split"};

class RoundTrip : public testing::TestWithParam<std::tuple<std::string, size_t>> {};

TEST_P(RoundTrip, EveryLayer) {
  const auto& [name, mix] = GetParam();
  const TokenLayout layout = layout_named(name);
  const TokenContexts priors(layout);
  for (uint32_t seed = 0; seed < 6; ++seed) {
    const TokenGrid grid = random_grid(layout, 7 + static_cast<int>(seed), 5, mixes()[mix], seed);
    const Slice whole{0, grid.rows()};
    TokenGrid read(grid.cols(), grid.rows(), layout);
    for (int layer = 0; layer < layout.layers(); ++layer) {
      const Bytes bits = encode_layer(grid, layout, whole, layer, priors);
      ASSERT_TRUE(decode_layer(bits, layout, whole, layer, priors, read)) << "layer " << layer;
      ASSERT_TRUE(same_tokens(read, up_to_layer(grid, layout, layer))) << "layer " << layer << ", seed " << seed;
      ASSERT_TRUE(valid(read, layout, whole));
    }
    ASSERT_TRUE(same_tokens(read, grid));
  }
}

INSTANTIATE_TEST_SUITE_P(Layer, RoundTrip,
                         testing::Combine(testing::ValuesIn(kLayouts), testing::Range(size_t{0}, mixes().size())),
                         [](const auto& param) {
                           return test_name(std::get<0>(param.param) + "_" + mixes()[std::get<1>(param.param)].name);
                         });

// Each number of stages alone, and each reference alone.
TEST(Layer, EveryNumberOfStagesOfEveryReference) {
  const TokenLayout layout = layout_named("six-stages");
  const TokenContexts priors(layout);
  for (int reference = 0; reference < 2 + kMaxKnowledge; ++reference) {
    for (int stages = 0; stages <= layout.stages(); ++stages) {
      TokenGrid grid = random_grid(layout, 4, 3, mixes()[0], 9);
      for (Cell& cell : grid.cells) {
        cell = {true, static_cast<uint8_t>(stages), static_cast<Reference>(reference), {}};
      }
      TokenGrid read(4, 3, layout);
      ASSERT_TRUE(decode_slice(encode_slice(grid, layout, {0, 3}, priors), layout, {0, 3}, priors, read));
      ASSERT_TRUE(same_tokens(read, grid)) << "reference " << reference << ", stages " << stages;
    }
  }
}

TEST(Layer, SizesFromOneCellToTheLargestPicture) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  for (const auto& [cols, rows] : {std::pair{1, 1}, {1, 68}, {120, 1}, {2, 2}, {120, 68}}) {
    const TokenGrid grid = random_grid(layout, cols, rows, mixes()[0], 77);
    TokenGrid read(cols, rows, layout);
    ASSERT_TRUE(decode_slice(encode_slice(grid, layout, {0, rows}, priors), layout, {0, rows}, priors, read));
    EXPECT_TRUE(same_tokens(read, grid)) << cols << 'x' << rows;
  }
}

// Slices of every way to cut 7 rows: bit k of `cuts` is a cut below row k.
std::vector<Slice> cut(int cuts, int rows) {
  std::vector<Slice> slices;
  int first = 0;
  for (int row = 0; row < rows; ++row) {
    if (row + 1 < rows && (cuts >> row & 1) == 0) continue;
    slices.push_back({first, row + 1 - first});
    first = row + 1;
  }
  return slices;
}

TEST(Layer, EveryWayToCutSlices) {
  constexpr int kRows = 7;
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const TokenGrid grid = random_grid(layout, 6, kRows, mixes()[0], 5);
  for (int cuts = 0; cuts < 1 << (kRows - 1); ++cuts) {
    TokenGrid read(6, kRows, layout);
    std::vector<Slice> slices = cut(cuts, kRows);
    std::reverse(slices.begin(), slices.end());  // the order must not matter
    for (const Slice slice : slices) {
      ASSERT_TRUE(decode_slice(encode_slice(grid, layout, slice, priors), layout, slice, priors, read));
    }
    ASSERT_TRUE(same_tokens(read, grid)) << cuts;
  }
}

TEST(Layer, ASliceIsReadWithoutTheOthers) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const TokenGrid grid = random_grid(layout, 9, 8, mixes()[0], 6);
  const Slice slice{3, 2};
  const std::vector<Bytes> units = encode_slice(grid, layout, slice, priors);
  // Whatever stands in the other rows.
  for (uint32_t seed = 20; seed < 24; ++seed) {
    TokenGrid read = random_grid(layout, 9, 8, mixes()[0], seed);
    const TokenGrid before = read;
    ASSERT_TRUE(decode_slice(units, layout, slice, priors, read));
    EXPECT_TRUE(same_tokens(read, grid, slice));
    EXPECT_TRUE(same_tokens(read, before, {0, 3})) << "rows above were touched";
    EXPECT_TRUE(same_tokens(read, before, {5, 3})) << "rows below were touched";
  }
}

TEST(Layer, BitsOfASliceDependOnItsRowsOnly) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const Slice slice{2, 3};
  TokenGrid grid = random_grid(layout, 8, 8, mixes()[0], 30);
  const std::vector<Bytes> units = encode_slice(grid, layout, slice, priors);
  const TokenGrid other = random_grid(layout, 8, 8, mixes()[0], 31);
  for (int i = 0; i < grid.size(); ++i) {
    if (i / 8 < 2 || i / 8 >= 5) grid.cells[static_cast<size_t>(i)] = other.cells[static_cast<size_t>(i)];
  }
  EXPECT_EQ(encode_slice(grid, layout, slice, priors), units);
}

TEST(Layer, BitsOfALayerDependOnLowerLayersOnly) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const TokenGrid grid = random_grid(layout, 8, 8, mixes()[0], 32);
  for (int layer = 0; layer + 1 < layout.layers(); ++layer) {
    // What belongs to later layers is taken away.
    EXPECT_EQ(encode_layer(up_to_layer(grid, layout, layer), layout, {0, 8}, layer, priors),
              encode_layer(grid, layout, {0, 8}, layer, priors))
        << layer;
  }
}

TEST(Layer, TokensThatTakeNoPartCostNothing) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  TokenGrid grid = random_grid(layout, 8, 8, mixes()[0], 33);
  const std::vector<Bytes> units = encode_slice(grid, layout, {0, 8}, priors);
  for (size_t i = 0; i < grid.cells.size(); ++i) {
    if (!grid.cells[i].coded) grid.structure[i] = 63;
    for (size_t stage = grid.cells[i].stages; stage < 3; ++stage) {
      for (size_t t = 0; t < 4; ++t) grid.detail[stage][(2 * (i / 8) + t / 2) * 16 + 2 * (i % 8) + t % 2] = 1;
    }
  }
  EXPECT_EQ(encode_slice(grid, layout, {0, 8}, priors), units);
}

TEST(Layer, WritingLeavesGridAndPriorsAlone) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const TokenGrid grid = random_grid(layout, 6, 6, mixes()[0], 34);
  const TokenGrid before = grid;
  const Bytes first = encode_layer(grid, layout, {0, 6}, 0, priors);
  EXPECT_EQ(encode_layer(grid, layout, {0, 6}, 0, priors), first);
  EXPECT_TRUE(same_tokens(grid, before));
}

TEST(Layer, LayerZeroForgetsWhatStoodInTheSlice) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const TokenGrid still(5, 5, layout);
  TokenGrid read = random_grid(layout, 5, 5, mixes()[7], 35);
  ASSERT_TRUE(decode_layer(encode_layer(still, layout, {0, 5}, 0, priors), layout, {0, 5}, 0, priors, read));
  EXPECT_TRUE(same_tokens(read, still));
}

TEST(Layer, TokensOutOfRangeAreNotWritten) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  TokenGrid grid = random_grid(layout, 2, 2, mixes()[7], 36);
  for (Cell& cell : grid.cells) cell = {true, 3, Reference::kGrey, {}};
  TokenGrid structure = grid;
  structure.structure[3] = 64;
  EXPECT_THROW(encode_layer(structure, layout, {0, 2}, 0, priors), Error);
  grid.detail[2][15] = 16;
  EXPECT_THROW(encode_layer(grid, layout, {0, 2}, 2, priors), Error);
}

// A picture in which nothing changed, as a whole access unit.
size_t still_access_unit(int cols, int rows) {
  const TokenLayout layout = test_layout();
  const TokenGrid grid(cols, rows, layout);
  const Bytes bits = encode_layer(grid, layout, {0, rows}, 0, TokenContexts(layout));
  Bytes unit;
  append_token_unit(unit, {0, false, {0, rows}, 17, 1, bits}, rows);
  return unit.size();
}

TEST(Layer, AStillPictureOfThreeHundredCellsTakesTenBytes) { EXPECT_LE(still_access_unit(20, 15), 10U); }

TEST(Layer, AStillCellCostsLessThanAFiftiethBit) {
  const TokenLayout layout = test_layout();
  const size_t small = still_access_unit(20, 15);
  const size_t large = still_access_unit(120, 68);
  EXPECT_LE(static_cast<double>(large - std::min(large, small)) * 8, 0.02 * (120 * 68 - 300) + 16);
}

TEST(Layer, AStillRestCostsLittleBesideOneActiveCell) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  TokenGrid grid(20, 15, layout);
  grid.cells[150] = {true, 0, Reference::kPrevious, {}};
  EXPECT_LE(encode_layer(grid, layout, {0, 15}, 0, priors).size(), 6U);
}

TEST(Layer, AContinuedPanIsCheaperThanARandomOne) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const Mix pan = mixes()[4];
  TokenGrid grid = random_grid(layout, 20, 15, pan, 40);
  const size_t random = encode_layer(grid, layout, {0, 15}, 0, priors).size();
  for (Cell& cell : grid.cells) cell.motion = MotionVector{7, -3};
  EXPECT_LT(encode_layer(grid, layout, {0, 15}, 0, priors).size(), random * 3 / 4);
}

// Motion prediction: the median of left, above and above right; (0, 0) for what lies outside the slice.
class MotionPrediction : public testing::Test {
 protected:
  MotionPrediction() : grid(4, 3, 0) {
    set(0, 0, {2, 10});
    set(1, 0, {4, -6});
    set(2, 0, {6, 2});
    set(3, 0, {8, 8});
    set(0, 1, {5, 0});
  }
  void set(int column, int row, MotionVector motion) {
    grid.cells[static_cast<size_t>(row) * 4 + static_cast<size_t>(column)].motion = motion;
  }
  TokenGrid grid;
};

TEST_F(MotionPrediction, MedianOfEachComponent) {
  // left (5, 0), above (4, -6), above right (6, 2)
  EXPECT_EQ(predict_motion(grid, {0, 3}, 1, 1), (MotionVector{5, 0}));
}

TEST_F(MotionPrediction, LeftBorder) {
  // left nothing, above (2, 10), above right (4, -6)
  EXPECT_EQ(predict_motion(grid, {0, 3}, 0, 1), (MotionVector{2, 0}));
}

TEST_F(MotionPrediction, RightBorder) {
  set(2, 1, {10, 10});
  // left (10, 10), above (8, 8), above right nothing
  EXPECT_EQ(predict_motion(grid, {0, 3}, 3, 1), (MotionVector{8, 8}));
}

TEST_F(MotionPrediction, FirstRow) {
  // left (2, 10) alone never wins against two nothings
  EXPECT_EQ(predict_motion(grid, {0, 3}, 1, 0), (MotionVector{0, 0}));
}

// Blocks of cell (1, 1), whose own are (1, 1), (2, 2) and (3, 3) so far.
TEST_F(MotionPrediction, OfBlocks) {
  CellMotion& above = grid.cells[1].motion;
  above[2] = {4, -6};
  above[3] = {20, 20};
  CellMotion& left = grid.cells[4].motion;
  left[1] = {5, 0};
  left[3] = {-9, 7};
  CellMotion& motion = grid.cells[5].motion;
  motion[0] = {1, 1};
  motion[1] = {2, 2};
  motion[2] = {3, 3};
  const Slice slice{0, 3};
  EXPECT_EQ(predict_block_motion(grid, slice, 1, 1, 0), (MotionVector{5, 0}));  // (5, 0), (4, -6), (20, 20)
  EXPECT_EQ(predict_block_motion(grid, slice, 1, 1, 1), (MotionVector{6, 2}));  // (1, 1), (20, 20), (6, 2)
  EXPECT_EQ(predict_block_motion(grid, slice, 1, 1, 2), (MotionVector{1, 2}));  // (-9, 7), (1, 1), (2, 2)
  EXPECT_EQ(predict_block_motion(grid, slice, 1, 1, 3), (MotionVector{2, 2}));  // (3, 3), (2, 2), (1, 1)
  // Above a slice is nothing.
  EXPECT_EQ(predict_block_motion(grid, {1, 2}, 1, 1, 0), (MotionVector{0, 0}));
  EXPECT_EQ(predict_block_motion(grid, {1, 2}, 1, 1, 3), (MotionVector{2, 2}));
}

TEST_F(MotionPrediction, OfACellLooksAtTheBlocksThatTouchIt) {
  grid.cells[4].motion[1] = {50, 50};
  grid.cells[1].motion[2] = {40, 40};
  grid.cells[2].motion[2] = {45, 45};
  EXPECT_EQ(predict_motion(grid, {0, 3}, 1, 1), (MotionVector{45, 45}));
}

TEST_F(MotionPrediction, FirstRowOfASlice) {
  EXPECT_EQ(predict_motion(grid, {1, 2}, 1, 1), (MotionVector{0, 0}));
  EXPECT_EQ(predict_motion(grid, {1, 2}, 0, 1), (MotionVector{0, 0}));
}

}  // namespace
}  // namespace crlsc
