// SPDX-License-Identifier: LGPL-2.1-or-later
// Estimates before coding and figures afterwards, held against real sizes.
#include <numeric>

#include "core/entropy/cost.h"
#include "core/token/token_meter.h"
#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

size_t index_of(TokenKind kind) { return static_cast<size_t>(kind); }

class Costs : public testing::Test {
 protected:
  Costs() : Costs(test_layout(), TokenContexts(test_layout())) {}
  Costs(TokenLayout l, const TokenContexts& p) : layout(std::move(l)), priors(p), costs(priors, layout) {}

  // What the encoder thinks a cell takes.
  int estimate(const TokenGrid& grid, int column, int row) const {
    const auto at = static_cast<size_t>(row * grid.cols() + column);
    const Cell& cell = grid.cells[at];
    const bool previous = cell.reference == Reference::kPrevious;
    const int motion = previous ? costs.motion(grid, column, row) : 0;
    if (!cell.coded) return cell.still() ? 0 : costs.moved_copy() + motion;
    int sum = costs.coded(cell.reference) + motion + costs.stages(cell.gain, cell.stages);
    sum += costs.structure(grid, at);
    sum += costs.gain(cell.reference == Reference::kGrey, cell.gain);
    for (int stage = 0; stage < cell.stages; ++stage) sum += costs.detail(grid, at, stage);
    return sum;
  }

  double estimated_bits(const TokenGrid& grid) const {
    int64_t sum = 0;
    for (int i = 0; i < grid.size(); ++i) sum += estimate(grid, i % grid.cols(), i / grid.cols());
    return static_cast<double>(sum) / kCostPerBit;
  }

  double real_bits(const TokenGrid& grid) const {
    size_t bytes = 0;
    for (const Bytes& unit : encode_slice(grid, layout, {0, grid.rows()}, priors)) bytes += unit.size();
    return 8.0 * static_cast<double>(bytes);
  }

  void expect_measured_bits_add_up() const {
    for (const Mix& mix : mixes()) {
      const TokenGrid grid = random_grid(layout, 20, 15, mix, 8);
      for (int layer = 0; layer < layout.layers(); ++layer) {
        const TokenBits bits = measure_layer(grid, layout, {0, 15}, layer, priors);
        const double sum = static_cast<double>(std::accumulate(bits.begin(), bits.end(), int64_t{0})) / kCostPerBit;
        const double real = 8.0 * static_cast<double>(encode_layer(grid, layout, {0, 15}, layer, priors).size());
        EXPECT_NEAR(sum, real, 16 + 0.01 * real) << mix.name << ", layer " << layer;
      }
    }
  }

  TokenLayout layout;
  TokenContexts priors;
  TokenCosts costs;
};

TEST_F(Costs, EstimatesAreCloseToRealSizes) {
  // Cells of a first picture all refer to grey, which their estimates do not know of each other.
  for (const auto& [mix, tolerance] : {std::pair{0U, 0.12}, {3U, 0.25}, {7U, 0.12}}) {
    for (uint32_t seed = 0; seed < 4; ++seed) {
      const TokenGrid grid = random_grid(layout, 20, 15, mixes()[mix], seed);
      EXPECT_NEAR(estimated_bits(grid) / real_bits(grid), 1.0, tolerance) << mixes()[mix].name << ", seed " << seed;
    }
  }
}

TEST_F(Costs, MotionIsEstimatedWell) {
  const TokenGrid grid = random_grid(layout, 20, 15, mixes()[4], 5);
  EXPECT_NEAR(estimated_bits(grid) / real_bits(grid), 1.0, 0.35);
}

class SplitCosts : public Costs {
 protected:
  SplitCosts() : Costs(layout_named("split"), TokenContexts(layout_named("split"))) {}
};

TEST_F(SplitCosts, MotionOfBlocksIsEstimatedWell) {
  const TokenGrid grid = random_grid(layout, 20, 15, mixes()[4], 5);
  EXPECT_NEAR(estimated_bits(grid) / real_bits(grid), 1.0, 0.35);
}

TEST_F(SplitCosts, AVectorForEachBlockCostsAllOfThem) {
  TokenGrid grid(4, 3, layout);
  CellMotion& motion = grid.cells[5].motion;
  motion = MotionVector{6, 2};
  EXPECT_EQ(costs.motion(grid, 1, 1), costs.motion(6, 2));
  motion[3] = {6, 3};
  // Of the first, nothing is known; of the second, that the first went right, but nothing came from above.
  EXPECT_EQ(costs.motion(grid, 1, 1),
            costs.split() + 2 * costs.block_motion(6, 2) + costs.block_motion(0, 0) + costs.block_motion(0, 1));
  EXPECT_GT(costs.split(), 0);
}

TEST_F(SplitCosts, MeasuredBitsAddUpToTheRealSize) { expect_measured_bits_add_up(); }

TEST_F(Costs, StructureIsTheCostOfItsSymbol) {
  for (int token = 0; token < layout.structure_codes; ++token) {
    EXPECT_EQ(costs.structure(false, 0, token), priors.structure[0][0].cost(token));
    EXPECT_EQ(costs.structure(true, 0, token), priors.structure[1][0].cost(token));
  }
}

TEST_F(Costs, AZeroOfDetailIsCheaperThanAnyOtherCode) {
  for (int stage = 0; stage < layout.stages(); ++stage) {
    for (int token = 1; token < layout.detail_codes[static_cast<size_t>(stage)]; ++token) {
      EXPECT_GT(costs.detail(0, stage, token), costs.detail(0, stage, 0)) << stage << ", " << token;
    }
  }
}

TEST_F(Costs, TwoCodesCostTheirFlagOnly) {
  const TokenLayout two = layout_named("two-codes");
  const TokenContexts contexts(two);
  EXPECT_EQ(TokenCosts(contexts, two).detail(0, 0, 1), cost(contexts.detail[0][0].nonzero[1], true));
}

TEST_F(Costs, StagesCostMoreTheFurtherTheyAreToldApart) {
  for (int n = 0; n + 1 < layout.stages(); ++n) EXPECT_NE(costs.stages(0, n), costs.stages(0, n + 1));
  int sum = 0;
  for (int n = 0; n < layout.stages(); ++n) sum += cost(priors.detail[static_cast<size_t>(n)][0].present[1], true);
  EXPECT_EQ(costs.stages(0, layout.stages()), sum);
}

TEST_F(Costs, MotionGrowsWithItsDifference) {
  EXPECT_LT(costs.motion(0, 0), costs.motion(1, 0));
  EXPECT_LT(costs.motion(1, 0), costs.motion(5, 0));
  EXPECT_LT(costs.motion(5, 0), costs.motion(100, -100));
  EXPECT_EQ(costs.motion(9, 0), costs.motion(-9, 0));
}

TEST_F(Costs, EveryReferenceHasAPrice) {
  EXPECT_LT(costs.coded(Reference::kPrevious), costs.coded(Reference::kGrey));
  const auto last = static_cast<Reference>(static_cast<int>(Reference::kKnowledge0) + kMaxKnowledge - 1);
  EXPECT_EQ(costs.coded(Reference::kKnowledge0), costs.coded(last));
  EXPECT_GT(costs.coded(last), costs.coded(Reference::kGrey));
}

TEST_F(Costs, MeasuredBitsAddUpToTheRealSize) { expect_measured_bits_add_up(); }

TEST_F(Costs, MeasuredKindsAreThoseThatAreThere) {
  const TokenBits first = measure_layer(random_grid(layout, 20, 15, mixes()[3], 9), layout, {0, 15}, 0, priors);
  EXPECT_EQ(first[index_of(TokenKind::kMotion)], 0);
  EXPECT_GT(first[index_of(TokenKind::kStructure)], 300 * 5 * kCostPerBit);
  EXPECT_EQ(first[index_of(TokenKind::kDetail)], 0);
  const TokenBits pan = measure_layer(random_grid(layout, 20, 15, mixes()[4], 9), layout, {0, 15}, 0, priors);
  EXPECT_GT(pan[index_of(TokenKind::kMotion)], pan[index_of(TokenKind::kModes)]);
  const TokenBits detail = measure_layer(random_grid(layout, 20, 15, mixes()[7], 9), layout, {0, 15}, 1, priors);
  EXPECT_GT(detail[index_of(TokenKind::kDetail)], detail[index_of(TokenKind::kStages)]);
  EXPECT_EQ(detail[index_of(TokenKind::kStructure)], 0);
}

TEST_F(Costs, OneGainCostsNothing) {
  EXPECT_EQ(costs.gain(false, 0), 0);
  EXPECT_EQ(costs.gain(true, 0), 0);
  const TokenBits bits = measure_layer(random_grid(layout, 20, 15, mixes()[0], 9), layout, {0, 15}, 0, priors);
  EXPECT_EQ(bits[index_of(TokenKind::kGain)], 0);
}

// A layout with gains, whose tables all differ.
class GainCosts : public Costs {
 protected:
  GainCosts() : Costs(layout_named("gains"), unlike(layout_named("gains"))) {}

  static TokenContexts unlike(const TokenLayout& layout) {
    TokenContexts contexts(layout);
    uint16_t prior = 2000;
    for (auto& trees : contexts.gain) {
      for (BitTree& tree : trees) {
        std::vector<uint16_t> table;
        for (int i = 0; i + 1 < layout.gain_levels; ++i) table.push_back(prior = static_cast<uint16_t>(prior + 200));
        tree = BitTree(layout.gain_levels, table);
      }
    }
    return contexts;
  }

  int64_t measured(const TokenGrid& grid) const {
    return measure_layer(grid, layout, {0, grid.rows()}, 0, priors)[index_of(TokenKind::kGain)];
  }
};

TEST_F(GainCosts, AreThoseOfTheSameLevelOnceMore) {
  for (const bool grey : {false, true}) {
    for (int level = 0; level < layout.gain_levels; ++level) {
      TokenGrid grid(2, 1, layout);
      for (Cell& cell : grid.cells) {
        cell.coded = true;
        cell.reference = grey ? Reference::kGrey : Reference::kKnowledge0;
        cell.gain = static_cast<uint8_t>(level);
      }
      // The first cell has nothing before it; the second is coded with contexts that have not adapted yet.
      const int first = priors.gain[grey ? 1 : 0][0].cost(level);
      EXPECT_EQ(measured(grid), first + costs.gain(grey, level)) << grey << ", " << level;
    }
  }
}

TEST_F(GainCosts, EstimatesAreCloseToRealSizes) {
  for (uint32_t seed = 0; seed < 4; ++seed) {
    const TokenGrid grid = random_grid(layout, 20, 15, mixes()[7], seed);
    EXPECT_NEAR(estimated_bits(grid) / real_bits(grid), 1.0, 0.12) << seed;
  }
}

TEST_F(GainCosts, MeasuredBitsAreWhatGainsAddToTheRealSize) {
  TokenLayout without = layout;
  without.gain_levels = 1;
  for (const Mix& mix : mixes()) {
    const TokenGrid grid = random_grid(layout, 20, 15, mix, 8);
    const double with_gains = 8.0 * static_cast<double>(encode_layer(grid, layout, {0, 15}, 0, priors).size());
    const double others =
        8.0 * static_cast<double>(encode_layer(grid, without, {0, 15}, 0, TokenContexts(without)).size());
    EXPECT_NEAR(static_cast<double>(measured(grid)) / kCostPerBit, with_gains - others, 16 + 0.01 * with_gains)
        << mix.name;
  }
}

TEST_F(GainCosts, LikelyLevelsAreCheap) {
  TokenContexts likely(layout);
  // All tables alike: at each split the lower half is nearly certain.
  for (BitTree& tree : likely.gain[0]) tree = BitTree(layout.gain_levels, std::vector<uint16_t>(7, 500));
  const TokenCosts cheap(likely, layout);
  EXPECT_LT(cheap.gain(false, 0), kCostPerBit / 4);
  EXPECT_GT(cheap.gain(false, 7), 15 * kCostPerBit);
  EXPECT_EQ(cheap.gain(true, 0), 3 * kCostPerBit);
}

// Each class of gains has tables of its own, and a level costs what the tables of its class say.
class ClassCosts : public Costs {
 protected:
  ClassCosts() : Costs(layout_named("classes"), unlike(layout_named("classes"))) {}

  static TokenContexts unlike(const TokenLayout& layout) {
    TokenContexts contexts(layout);
    for (size_t k = 0; k < static_cast<size_t>(layout.gain_classes); ++k) {
      const AdaptiveBit own(static_cast<int>(8000 * (k + 1)));
      for (auto& trees : contexts.structure) {
        const auto nodes = static_cast<size_t>(layout.structure_codes) - 1;
        trees[k] = BitTree(layout.structure_codes, std::vector<uint16_t>(nodes, static_cast<uint16_t>(8000 * (k + 1))));
      }
      for (auto& stage : contexts.detail) {
        stage[k].present.fill(own);
        stage[k].nonzero.fill(own);
      }
    }
    return contexts;
  }
};

TEST_F(ClassCosts, AreThoseOfTheClassOfTheLevel) {
  for (int level = 0; level < layout.gain_levels; ++level) {
    const auto k = static_cast<size_t>(level / 2);
    for (const bool grey : {false, true}) {
      EXPECT_EQ(costs.structure(grey, level, 3), priors.structure[grey ? 1 : 0][k].cost(3)) << level;
    }
    EXPECT_EQ(costs.detail(level, 1, 0), cost(priors.detail[1][k].nonzero[1], false)) << level;
    EXPECT_EQ(costs.stages(level, 0), cost(priors.detail[0][k].present[1], false)) << level;
  }
}

TEST_F(ClassCosts, EstimatesAreCloseToRealSizes) {
  for (uint32_t seed = 0; seed < 4; ++seed) {
    const TokenGrid grid = random_grid(layout, 20, 15, mixes()[7], seed);
    EXPECT_NEAR(estimated_bits(grid) / real_bits(grid), 1.0, 0.15) << seed;
  }
}

class ScalarCosts : public Costs {
 protected:
  ScalarCosts() : Costs(layout_named("scalar"), TokenContexts(layout_named("scalar"))) {}
};

TEST_F(ScalarCosts, EstimatesAreCloseToRealSizes) {
  for (uint32_t seed = 0; seed < 4; ++seed) {
    const TokenGrid grid = random_grid(layout, 20, 15, mixes()[7], seed);
    EXPECT_NEAR(estimated_bits(grid) / real_bits(grid), 1.0, 0.2) << seed;
  }
}

TEST_F(ScalarCosts, MeasuredBitsAddUpToTheRealSize) { expect_measured_bits_add_up(); }

TEST_F(ScalarCosts, MeasuredKindsAreThoseThatAreThere) {
  // Every level is beyond 2, so that all kinds of contexts are met.
  TokenGrid grid = random_grid(layout, 20, 15, mixes()[7], 9);
  std::fill(grid.structure.begin(), grid.structure.end(), int16_t{-9});
  for (auto& stage : grid.detail) std::fill(stage.begin(), stage.end(), int16_t{12});
  const TokenBits first = measure_layer(grid, layout, {0, 15}, 0, priors);
  EXPECT_GT(first[index_of(TokenKind::kStructure)], first[index_of(TokenKind::kModes)]);
  EXPECT_EQ(first[index_of(TokenKind::kDetail)], 0);
  EXPECT_EQ(first[index_of(TokenKind::kStages)], 0);
  const TokenBits second = measure_layer(grid, layout, {0, 15}, 2, priors);
  for (size_t kind = 0; kind < kTokenKinds; ++kind) {
    const bool there = kind == index_of(TokenKind::kDetail) || kind == index_of(TokenKind::kStages);
    EXPECT_EQ(second[kind] > 0, there) << kind;
  }
}

// What the cells' blocks cost, added up by hand.
TEST_F(ScalarCosts, OfACellAreThoseOfItsBlocks) {
  const TokenGrid grid = random_grid(layout, 6, 5, mixes()[7], 10);
  for (size_t cell = 0; cell < grid.cells.size(); ++cell) {
    const Cell& of = grid.cells[cell];
    const bool grey = of.reference == Reference::kGrey;
    EXPECT_EQ(costs.structure(grid, cell), costs.structure_levels(grey, of.gain).block(grid.structure_at(cell)));
    for (int stage = 0; stage < layout.stages(); ++stage) {
      int sum = 0;
      for (int t = 0; t < 4; ++t) {
        const int x = 2 * (static_cast<int>(cell) % 6) + t % 2;
        const int y = 2 * (static_cast<int>(cell) / 6) + t / 2;
        sum += costs.detail_levels(of.gain, stage).block(grid.detail_at(stage, x, y));
      }
      EXPECT_EQ(costs.detail(grid, cell, stage), sum);
    }
  }
}

TEST_F(ScalarCosts, AreThoseOfTheClassOfTheLevel) {
  TokenContexts unlike(layout);
  for (auto& list : unlike.structure_levels) list[1].end.assign(9, BitTree(13, std::vector<uint16_t>(12, 500)));
  for (auto& stage : unlike.detail) stage[1].levels.beyond_two.fill(AdaptiveBit(1000));
  const TokenCosts own(unlike, layout);
  for (int level = 0; level < layout.gain_levels; ++level) {
    const bool second = level >= layout.gain_levels / 2;
    EXPECT_EQ(own.structure_levels(true, level).end(0) < costs.structure_levels(true, level).end(0), second) << level;
    EXPECT_EQ(own.detail_levels(level, 2).level(0, 9, true) > costs.detail_levels(level, 2).level(0, 9, true), second);
  }
}

TEST_F(Costs, KindsHaveNames) {
  EXPECT_STREQ(token_kind_name(TokenKind::kModes), "modes");
  EXPECT_STREQ(token_kind_name(TokenKind::kGain), "gain");
  EXPECT_STREQ(token_kind_name(TokenKind::kDetail), "detail");
}

}  // namespace
}  // namespace crlsc
