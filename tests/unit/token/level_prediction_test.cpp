// SPDX-License-Identifier: LGPL-2.1-or-later
// Levels on grey that are predicted from neighbours: the rule, and what it does to bits.
#include "core/token/level_prediction.h"

#include "core/model/model_file.h"
#include "core/token/gain.h"
#include "unit/model/model_testing.h"
#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

constexpr int kCount = 3;  // coefficients

// Weights by set, coefficient, neighbour (left, above) and coefficient.
std::vector<int16_t> weights(const std::vector<std::array<int, 5>>& some, int count = kCount) {
  std::vector<int16_t> all(static_cast<size_t>(LevelPrediction::kSets * count * 2 * count));
  for (const auto& [set, i, neighbour, j, value] : some) {
    all[static_cast<size_t>(((set * count + i) * 2 + neighbour) * count + j)] = static_cast<int16_t>(value);
  }
  return all;
}

TokenLayout layout_of(int count) {
  TokenLayout layout;
  layout.structure_coefficients = count;
  layout.gain_levels = kMaxGainLevels;
  return layout;
}

class Prediction : public testing::Test {
 protected:
  Prediction() : grid(3, 2, layout_of(kCount)) {
    for (Cell& cell : grid.cells) cell = {true, 0, Reference::kGrey, {}, 2};
  }
  void set(size_t cell, const std::vector<int16_t>& levels) {
    std::copy(levels.begin(), levels.end(), grid.structure_at(cell));
  }
  std::vector<int16_t> predicted(const LevelPrediction& prediction, int column, int row, int first_row = 0) {
    std::vector<int16_t> levels(kCount, 99);
    prediction.predict(grid, {first_row, 2 - first_row}, column, row, levels.data());
    return levels;
  }
  using Levels = std::vector<int16_t>;
  TokenGrid grid;
};

TEST_F(Prediction, NothingWithoutWeights) {
  set(3, {100, 100, 100});
  EXPECT_EQ(predicted(LevelPrediction(), 1, 1), Levels(kCount, 0));
}

TEST_F(Prediction, EachSetHasWeightsOfItsOwn) {
  const LevelPrediction prediction(kCount, weights({{LevelPrediction::kBoth, 0, 0, 0, 512},
                                                    {LevelPrediction::kBoth, 0, 1, 0, 512},
                                                    {LevelPrediction::kLeft, 0, 0, 0, 1024},
                                                    {LevelPrediction::kAbove, 2, 1, 1, -2048}}));
  set(1, {10, 7, 0});  // above (1, 1)
  set(3, {20, 0, 0});  // to the left of it
  EXPECT_EQ(predicted(prediction, 1, 1), (Levels{15, 0, 0}));
  EXPECT_EQ(predicted(prediction, 1, 1, 1), (Levels{20, 0, 0})) << "a slice begins";
  grid.cells[3].coded = false;
  EXPECT_EQ(predicted(prediction, 1, 1), (Levels{0, 0, -14}));
  grid.cells[3] = {true, 0, Reference::kPrevious, {}, 2};
  EXPECT_EQ(predicted(prediction, 1, 1), (Levels{0, 0, -14})) << "what changes a picture says nothing of a mean";
  grid.cells[1].reference = Reference::kKnowledge0;
  EXPECT_EQ(predicted(prediction, 1, 1), Levels(kCount, 0));
  EXPECT_EQ(predicted(prediction, 0, 0), Levels(kCount, 0));
}

TEST_F(Prediction, OnlyOnGrey) {
  const LevelPrediction prediction(kCount, weights({{LevelPrediction::kLeft, 0, 0, 0, 1024}}));
  set(0, {20, 0, 0});
  EXPECT_EQ(predicted(prediction, 1, 0), (Levels{20, 0, 0}));
  grid.cells[1].reference = Reference::kPrevious;
  EXPECT_EQ(predicted(prediction, 1, 0), Levels(kCount, 0));
}

TEST_F(Prediction, StepsAreConverted) {
  const LevelPrediction prediction(kCount, weights({{LevelPrediction::kLeft, 0, 0, 0, 1024}}));
  set(0, {5, 0, 0});
  grid.cells[0].gain = 3;  // steps of 27: 135
  EXPECT_EQ(predicted(prediction, 1, 0)[0], 8) << "7.5 steps of 18";
  set(0, {-5, 0, 0});
  EXPECT_EQ(predicted(prediction, 1, 0)[0], -7) << "halves go upwards";
  grid.cells[1].gain = 7;  // 137
  EXPECT_EQ(predicted(prediction, 1, 0)[0], -1);
}

TEST_F(Prediction, StaysWithinTheLevels) {
  const LevelPrediction prediction(
      kCount, weights({{LevelPrediction::kLeft, 0, 0, 0, 32767}, {LevelPrediction::kLeft, 1, 0, 0, -32768}}));
  set(0, {kMaxLevel, kMaxLevel, kMaxLevel});
  grid.cells[0].gain = 7;
  grid.cells[1].gain = 0;
  EXPECT_EQ(predicted(prediction, 1, 0), (Levels{kMaxLevel, -kMaxLevel, 0}));
}

TEST(PredictionFile, WeightsComeFromTheModel) {
  const auto written = [](DType type, const std::vector<int64_t>& shape, size_t bytes) {
    TempFolder folder;
    const Bytes data(bytes, 2);
    Metadata metadata = layout_metadata(layout_of(kCount));
    metadata["backend"] = "probe";
    save_model(folder.file("m"), {{LevelPrediction::kTensor, type, shape, data}}, metadata);
    const ModelFile file(folder.file("m"));
    TokenGrid grid(2, 1, layout_of(kCount));
    for (Cell& cell : grid.cells) cell = {true, 0, Reference::kGrey, {}, 0};
    grid.structure = {2, 0, 0, 0, 0, 0};
    std::array<int16_t, kCount> levels{};
    LevelPrediction(file).predict(grid, {0, 1}, 1, 0, levels.data());
    return levels;
  };
  // 0x0202 / 1024 is about a half.
  EXPECT_EQ(written(DType::kI16, {3, 3, 2, 3}, 108), (std::array<int16_t, kCount>{1, 1, 1}));
  EXPECT_THROW(written(DType::kI16, {3, 3, 6}, 108), Error);
  EXPECT_THROW(written(DType::kU16, {3, 3, 2, 3}, 108), Error);
  EXPECT_THROW(written(DType::kI16, {3, 2, 2, 3}, 72), Error);
}

// Random weights, all that a model may hold.
TokenContexts with_prediction(const TokenLayout& layout, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int16_t> all(
      static_cast<size_t>(LevelPrediction::kSets * layout.structure_coefficients * 2 * layout.structure_coefficients));
  for (int16_t& w : all) w = static_cast<int16_t>(random() % 65536 >> (random() % 16));
  TokenContexts contexts(layout);
  contexts.prediction = std::make_shared<const LevelPrediction>(layout.structure_coefficients, std::move(all));
  return contexts;
}

TEST(PredictedLayer, AnyLevelsSurviveAnyWeights) {
  for (const char* name : {"scalar", "scalar-smallest", "scalar-largest", "scalar-split"}) {
    const TokenLayout layout = layout_named(name);
    for (uint32_t seed = 0; seed < 8; ++seed) {
      const TokenContexts priors = with_prediction(layout, seed);
      const TokenGrid grid = random_grid(layout, 6, 4, mixes()[seed % mixes().size()], seed);
      for (const Slice slice : {Slice{0, 4}, Slice{1, 2}}) {
        TokenGrid read(6, 4, layout);
        ASSERT_TRUE(decode_slice(encode_slice(grid, layout, slice, priors), layout, slice, priors, read));
        ASSERT_TRUE(same_tokens(read, grid, slice)) << name << ", seed " << seed;
      }
    }
  }
}

TEST(PredictedLayer, AnyBitsAreAValidGrid) {
  const TokenLayout layout = layout_named("scalar");
  std::mt19937 random(3);
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Bytes bits(random() % 300);
    for (uint8_t& byte : bits) byte = static_cast<uint8_t>(random());
    TokenGrid grid(6, 4, layout);
    (void)decode_layer(bits, layout, {0, 4}, 0, with_prediction(layout, seed), grid);
    ASSERT_TRUE(valid(grid, layout, {0, 4})) << seed;
  }
}

// A picture whose means change slowly, as pictures do.
TokenGrid smooth_grid(const TokenLayout& layout) {
  TokenGrid grid(12, 8, layout);
  for (size_t i = 0; i < grid.cells.size(); ++i) {
    grid.cells[i] = {true, 0, Reference::kGrey, {}, 2};
    grid.structure_at(i)[0] = static_cast<int16_t>(30 + i % 12 + 2 * (i / 12));
  }
  return grid;
}

TEST(PredictedLayer, ASmoothPictureTakesFewBits) {
  const TokenLayout layout = layout_named("scalar");
  const int count = layout.structure_coefficients;
  const TokenGrid grid = smooth_grid(layout);
  const LevelPrediction means(count, weights({{LevelPrediction::kBoth, 0, 0, 0, 512},
                                              {LevelPrediction::kBoth, 0, 1, 0, 512},
                                              {LevelPrediction::kLeft, 0, 0, 0, 1024},
                                              {LevelPrediction::kAbove, 0, 1, 0, 1024}},
                                             count));
  const TokenContexts plain(layout);
  TokenContexts predicting(layout);
  predicting.prediction = std::make_shared<const LevelPrediction>(means);
  const size_t without = encode_layer(grid, layout, {0, 8}, 0, plain).size();
  EXPECT_LT(encode_layer(grid, layout, {0, 8}, 0, predicting).size(), without * 2 / 3);

  // What an encoder expects, and what tables are counted of, are the differences as well.
  const TokenCosts costs(predicting, layout);
  EXPECT_LT(costs.structure(grid, 14), TokenCosts(plain, layout).structure(grid, 14));
  std::vector<int16_t> expected(static_cast<size_t>(count));
  costs.predict_structure(grid, 14, expected.data());
  EXPECT_EQ(expected[0], 33) << "(33 + 32) / 2, halves upwards";
  PriorCounter counter(layout, means);
  PriorCounter plain_counter(layout);
  counter.add(grid, {0, 8});
  plain_counter.add(grid, {0, 8});
  const auto levels_beyond_three = [](const PriorCounter& of) {
    for (const PriorCounter::Table& table : of.tables()) {
      if (table.name == "priors.structure.grey.0.rest") return table.values;
    }
    return std::vector<uint16_t>();
  };
  EXPECT_FALSE(levels_beyond_three(counter).empty());
  EXPECT_NE(levels_beyond_three(counter), levels_beyond_three(plain_counter));
}

}  // namespace
}  // namespace crlsc
