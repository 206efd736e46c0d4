// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/cost.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace crlsc {
namespace {

TEST(Cost, IsTheNegativeLogarithmAtEveryProbability) {
  for (int p = 1; p <= kProbabilityOne; ++p) {
    ASSERT_NEAR(probability_cost(p), -256 * std::log2(p / 32768.0), 0.9) << p;
  }
}

TEST(Cost, NeverRisesWithTheProbability) {
  for (int p = 2; p <= kProbabilityOne; ++p) ASSERT_LE(probability_cost(p), probability_cost(p - 1)) << p;
}

TEST(Cost, IsExactForPowersOfTwo) {
  for (int k = 0; k <= 15; ++k) EXPECT_EQ(probability_cost(kProbabilityOne >> k), 256 * k);
}

TEST(Cost, OfABitFollowsItsContext) {
  AdaptiveBit context(8192);
  EXPECT_EQ(cost(context, true), 512);
  EXPECT_EQ(cost(context, false), 106);
  context.update(true);
  EXPECT_LT(cost(context, true), 512);
  EXPECT_GT(cost(context, false), 106);
}

TEST(Cost, IsBounded) {
  EXPECT_EQ(cost(AdaptiveBit(0), true), 2666);
  EXPECT_EQ(cost(AdaptiveBit(32767), false), 2666);
  EXPECT_EQ(cost(AdaptiveBit(0), false), 0);
}

TEST(Cost, SumsForetellTheSizeOfMixedDecisions) {
  std::mt19937 random(1);
  std::vector<AdaptiveBit> contexts(20);
  double truth = 0;
  int64_t sum = 0;
  for (int i = 0; i < 100000; ++i) {
    const size_t c = random() % 20;
    const bool bit = random() % 21 <= c;
    sum += cost(contexts[c], bit);
    const double p = contexts[c].probability() / 32768.0;
    truth -= std::log2(bit ? p : 1 - p);
    contexts[c].update(bit);
  }
  EXPECT_NEAR(static_cast<double>(sum) / 256, truth, 0.002 * truth);
}

}  // namespace
}  // namespace crlsc
