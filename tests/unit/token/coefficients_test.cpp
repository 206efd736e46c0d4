// SPDX-License-Identifier: LGPL-2.1-or-later
// Blocks of a scalar quantiser: what is written is read, whatever is read is valid, and levels are chosen well.
#include "core/token/coefficients.h"

#include <cmath>

#include "core/entropy/cost.h"
#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

using Levels = std::vector<int16_t>;

struct Writer {
  RangeEncoder range;
  bool bit(AdaptiveBit& c, bool value) {
    range.bit(c, value);
    return value;
  }
  int symbol(BitTree& c, int value) {
    c.encode(range, value);
    return value;
  }
  int number(SignedExpGolomb& c, int value) {
    c.encode(range, value);
    return value;
  }
};

struct Reader {
  RangeDecoder range;
  bool bit(AdaptiveBit& c, bool) { return range.bit(c); }
  int symbol(BitTree& c, int) { return c.decode(range); }
  int number(SignedExpGolomb& c, int) { return c.decode(range); }
};

// Adds up what decisions cost with contexts as they are.
struct Price {
  int sum = 0;
  bool bit(AdaptiveBit& c, bool value) {
    sum += cost(c, value);
    return value;
  }
  int symbol(BitTree& c, int value) {
    sum += c.cost(value);
    return value;
  }
  int number(SignedExpGolomb& c, int value) {
    sum += c.cost(value);
    return value;
  }
};

CoefficientView view(const Levels& levels) { return {levels.data(), static_cast<int>(levels.size())}; }

size_t around(const Levels& left, const Levels& above) {
  return surroundings(view(left).nonzero() + view(above).nonzero(), 0);
}

Levels some_levels(std::mt19937& random, int count) {
  Levels levels(static_cast<size_t>(count));
  random_levels(random, levels.data(), count);
  return levels;
}

// Blocks in a row below a row of others, as they are coded in a picture.
void expect_round_trip(const std::vector<Levels>& blocks, const std::vector<Levels>& above) {
  const int count = static_cast<int>(blocks[0].size());
  CoefficientContexts contexts(count);
  Writer writer;
  for (size_t i = 0; i < blocks.size(); ++i) {
    Levels copy = blocks[i];
    const Levels left = i > 0 ? blocks[i - 1] : Levels{};
    walk_coefficients(writer, contexts, around(left, above[i]), i > 0 ? view(left) : CoefficientView{}, view(above[i]),
                      copy.data());
    ASSERT_EQ(copy, blocks[i]) << "writing changed block " << i;
  }
  const Bytes bits = writer.range.finish();
  contexts = CoefficientContexts(count);
  Reader reader{RangeDecoder(bits)};
  Levels left;
  for (size_t i = 0; i < blocks.size(); ++i) {
    Levels read(blocks[i].size(), 77);  // what stood there must not matter
    walk_coefficients(reader, contexts, around(left, above[i]), i > 0 ? view(left) : CoefficientView{}, view(above[i]),
                      read.data());
    ASSERT_EQ(read, blocks[i]) << "block " << i << " of " << count << " coefficients";
    left = read;
  }
  EXPECT_FALSE(reader.range.overrun());
}

TEST(Coefficients, EverySizeIsReadAsWritten) {
  std::mt19937 random(1);
  for (int count = 1; count <= kMaxCoefficients; ++count) {
    std::vector<Levels> blocks;
    std::vector<Levels> above;
    for (int i = 0; i < 12; ++i) {
      blocks.push_back(some_levels(random, count));
      above.push_back(some_levels(random, count));
    }
    expect_round_trip(blocks, above);
  }
}

TEST(Coefficients, EmptySingleAndFullBlocks) {
  for (const int count : {1, 2, 3, 64, kMaxCoefficients}) {
    const auto size = static_cast<size_t>(count);
    std::vector<Levels> blocks{Levels(size, 0), Levels(size, 1), Levels(size, kMaxLevel), Levels(size, -kMaxLevel)};
    for (size_t at = 0; at < size; ++at) {
      Levels single(size, 0);
      single[at] = static_cast<int16_t>(at % 2 == 0 ? 1 : -1);
      blocks.push_back(single);
    }
    expect_round_trip(blocks, std::vector<Levels>(blocks.size(), Levels(size, 0)));
    expect_round_trip(blocks, blocks);
  }
}

TEST(Coefficients, EveryLevelIsReadAsWritten) {
  std::vector<Levels> blocks;
  for (int level = -kMaxLevel; level <= kMaxLevel; ++level) {
    blocks.push_back({static_cast<int16_t>(level), static_cast<int16_t>(-level)});
  }
  expect_round_trip(blocks, std::vector<Levels>(blocks.size(), Levels(2, 0)));
}

TEST(Coefficients, AnEmptyBlockAmongSuchIsOneSymbol) {
  CoefficientContexts contexts(16);
  Levels zeros(16, 0);
  Price price;
  walk_coefficients(price, contexts, 0, {}, {}, zeros.data());
  EXPECT_EQ(price.sum, contexts.end[0].cost(0));
}

// Numbers that no encoder writes: the magnitude stays within bounds, and a sign of its own has no meaning.
TEST(Coefficients, WhatRestOvershootsIsCut) {
  for (const auto& [rest, magnitude] :
       {std::pair{0, 3}, {-4, 7}, {2044, 2047}, {2045, 2047}, {-2045, 2047}, {4095, 2047}, {-4095, 2047}}) {
    for (const bool negative : {false, true}) {
      CoefficientContexts contexts(4);
      Writer writer;
      writer.symbol(contexts.end[0], 1);
      writer.bit(contexts.beyond_one[0][0], true);
      writer.bit(contexts.beyond_two[0], true);
      writer.number(contexts.rest, rest);
      writer.bit(contexts.sign[0][0], negative);
      const Bytes bits = writer.range.finish();
      contexts = CoefficientContexts(4);
      Reader reader{RangeDecoder(bits)};
      Levels read(4, 9);
      walk_coefficients(reader, contexts, 0, {}, {}, read.data());
      EXPECT_EQ(read, (Levels{static_cast<int16_t>(negative ? -magnitude : magnitude), 0, 0, 0})) << rest;
    }
  }
}

TEST(Coefficients, AnyBytesGiveValidLevels) {
  std::mt19937 random(2);
  for (int i = 0; i < 4000; ++i) {
    const int count = 1 + static_cast<int>(random() % kMaxCoefficients);
    Bytes bits(random() % 80);
    for (uint8_t& b : bits) b = static_cast<uint8_t>(random());
    CoefficientContexts contexts(count);
    Reader reader{RangeDecoder(bits)};
    Levels levels(static_cast<size_t>(count), -2048);
    const Levels near = some_levels(random, count);
    walk_coefficients(reader, contexts, random() % CoefficientContexts::kSurroundings, view(near), view(near),
                      levels.data());
    for (const int16_t level : levels) ASSERT_LE(std::abs(level), kMaxLevel) << i;
  }
}

TEST(Coefficients, SurroundingsAreCounted) {
  EXPECT_EQ(surroundings(0, 0), 0U);
  EXPECT_EQ(surroundings(1, 0), 3U);
  EXPECT_EQ(surroundings(3, 4), 5U);
  EXPECT_EQ(surroundings(4, 3), 7U);
  EXPECT_EQ(surroundings(512, 256), CoefficientContexts::kSurroundings - 1);
  EXPECT_EQ(CoefficientView{}.nonzero(), 0);
  EXPECT_EQ(view({0, 5, 0, -1}).nonzero(), 2);
  EXPECT_EQ(view({0, 5, -1}).sign(0), 0U);
  EXPECT_EQ(view({0, 5, -1}).sign(1), 1U);
  EXPECT_EQ(view({0, 5, -1}).sign(2), 2U);
}

// Priors that differ from coefficient to coefficient.
CoefficientContexts uneven(int count, std::mt19937& random) {
  const auto prior = [&random] { return static_cast<uint16_t>(500 + random() % 31000); };
  CoefficientContexts contexts(count);
  for (BitTree& tree : contexts.end) {
    std::vector<uint16_t> values(static_cast<size_t>(count));
    for (uint16_t& v : values) v = prior();
    tree = BitTree(count + 1, values);
  }
  for (auto& row : contexts.nonzero) row.fill(AdaptiveBit(prior()));
  for (auto& row : contexts.beyond_one) row.fill(AdaptiveBit(prior()));
  contexts.beyond_two.fill(AdaptiveBit(prior()));
  std::vector<uint16_t> rest(SignedExpGolomb::kContexts);
  for (uint16_t& v : rest) v = prior();
  contexts.rest = SignedExpGolomb(rest);
  return contexts;
}

// Where neighbours tell nothing, costs are exactly the lengths of the codes.
TEST(CoefficientCosts, AreTheLengthsOfTheCodes) {
  std::mt19937 random(3);
  for (const int count : {1, 2, 17, kMaxCoefficients}) {
    CoefficientContexts contexts = uneven(count, random);
    for (const size_t usual : {0U, 4U, 8U}) {
      const CoefficientCosts costs(contexts, usual);
      ASSERT_EQ(costs.coefficients(), count);
      for (int i = 0; i < 200; ++i) {
        Levels levels = some_levels(random, count);
        const Levels near = some_levels(random, count);
        Price price;
        walk_coefficients(price, contexts, usual, view(near), view(near), levels.data());
        ASSERT_EQ(costs.block(levels.data()), price.sum) << count << ", " << i;
      }
    }
  }
}

TEST(CoefficientCosts, OfMagnitudesBeyondTheListGoOn) {
  std::mt19937 random(4);
  const CoefficientContexts contexts = uneven(3, random);
  const CoefficientCosts costs(contexts, 0);
  const int beyond = costs.level(1, 3, false) - contexts.rest.cost(0);
  for (int m = 3; m <= kMaxLevel; ++m) {
    ASSERT_EQ(costs.level(1, m, false), beyond + contexts.rest.cost(m - 3)) << m;
    ASSERT_EQ(costs.level(1, -m, false), costs.level(1, m, false)) << m;
  }
}

TEST(CoefficientCosts, TheLastIsKnownNotToBeZero) {
  const CoefficientContexts contexts(8);
  const CoefficientCosts costs(contexts, 0);
  EXPECT_EQ(costs.level(2, 1, false) - costs.level(2, 1, true), cost(contexts.nonzero[2][1], true));
  EXPECT_EQ(costs.level(2, 0, false), cost(contexts.nonzero[2][1], false));
}

double objective(const std::vector<float>& latents, float worth, const CoefficientCosts& costs, const Levels& levels) {
  double sum = static_cast<double>(worth / kCostPerBit) * costs.block(levels.data());
  for (size_t i = 0; i < latents.size(); ++i) sum += (latents[i] - levels[i]) * (latents[i] - levels[i]);
  return sum;
}

// The best of all ways to take the nearest level, the one below it, or zero, for each coefficient from `at` on.
double best_of_all(const std::vector<float>& latents, float worth, const CoefficientCosts& costs, Levels& levels,
                   size_t at = 0) {
  if (at == latents.size()) return objective(latents, worth, costs, levels);
  const int nearest = static_cast<int>(std::abs(latents[at]) + 0.5F);
  double best = HUGE_VAL;
  for (const int magnitude : {0, nearest, std::max(nearest - 1, 0)}) {
    levels[at] = static_cast<int16_t>(latents[at] < 0 ? -magnitude : magnitude);
    best = std::min(best, best_of_all(latents, worth, costs, levels, at + 1));
  }
  return best;
}

TEST(ChooseLevels, FindsTheBestThatThereIs) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(-1, 1);
  int zeros = 0;
  int lowered = 0;
  for (int i = 0; i < 1500; ++i) {
    const int count = 1 + i % 6;
    const CoefficientCosts costs(uneven(count, random), random() % CoefficientContexts::kSurroundings);
    std::vector<float> latents(static_cast<size_t>(count));
    const float size = std::exp2(static_cast<float>(random() % 8)) / 2;
    for (float& y : latents) y = size * uniform(random);
    const float worth = 0.02F * std::exp2(static_cast<float>(random() % 8));
    Levels chosen(latents.size());
    choose_levels(latents.data(), worth, costs, chosen.data());
    Levels tried(latents.size());
    const double best = best_of_all(latents, worth, costs, tried);
    ASSERT_NEAR(objective(latents, worth, costs, chosen), best, 1e-4 * (1 + best)) << i;
    for (size_t k = 0; k < chosen.size(); ++k) {
      const long nearest = std::lround(latents[k]);
      zeros += nearest != 0 && chosen[k] == 0 ? 1 : 0;
      lowered += chosen[k] != 0 && chosen[k] != nearest ? 1 : 0;
    }
  }
  // The test would be worth little if the nearest were always the best.
  EXPECT_GT(zeros, 500);
  EXPECT_GT(lowered, 50);
}

TEST(ChooseLevels, TakesTheNearestWhereBitsAreWorthNothing) {
  const CoefficientCosts costs(CoefficientContexts(6), 0);
  const std::vector<float> latents{0.4F, -0.6F, 2.5F, -7.2F, 0, 0.49F};
  Levels levels(6);
  choose_levels(latents.data(), 0, costs, levels.data());
  EXPECT_EQ(levels, (Levels{0, -1, 3, -7, 0, 0}));
}

TEST(ChooseLevels, SendsNothingWhereBitsAreWorthEverything) {
  const CoefficientCosts costs(CoefficientContexts(6), 0);
  const std::vector<float> latents{4, -6, 25, -7, 1, 2};
  Levels levels(6);
  choose_levels(latents.data(), 1e6F, costs, levels.data());
  EXPECT_EQ(levels, Levels(6, 0));
  Levels predicted{5, 0, -3, 0, 0, 9};
  choose_levels(latents.data(), 1e6F, costs, predicted.data());
  EXPECT_EQ(predicted, (Levels{5, 0, -3, 0, 0, 9}));
}

TEST(ChooseLevels, WhatIsPredictedIsLeftOut) {
  const CoefficientCosts costs(CoefficientContexts(6), 0);
  const std::vector<float> latents{4.1F, -6.2F, 25.3F, -7, 1, 2};
  Levels levels{4, -6, 20, -kMaxLevel, 0, 0};
  Levels changes(6);
  std::vector<float> rest(6);
  for (size_t i = 0; i < rest.size(); ++i) rest[i] = latents[i] - static_cast<float>(levels[i]);
  const Levels predicted = levels;
  choose_levels(latents.data(), 0.3F, costs, levels.data());
  choose_levels(rest.data(), 0.3F, costs, changes.data());
  for (size_t i = 0; i < rest.size(); ++i) EXPECT_EQ(levels[i] - predicted[i], changes[i]) << i;
}

TEST(ChooseLevels, StaysWithinTheLevelsWhateverANetworkSays) {
  const CoefficientCosts costs(CoefficientContexts(6), 0);
  const std::vector<float> latents{2047.4F, -2048, 1e9F, -1e6F, INFINITY, NAN};
  Levels levels(6);
  choose_levels(latents.data(), 0.1F, costs, levels.data());
  for (const int16_t level : levels) EXPECT_LE(std::abs(level), kMaxLevel);
  EXPECT_EQ(levels[0], kMaxLevel);
  EXPECT_EQ(levels[1], -kMaxLevel);
  EXPECT_EQ(levels[3], -kMaxLevel);
}

}  // namespace
}  // namespace crlsc
