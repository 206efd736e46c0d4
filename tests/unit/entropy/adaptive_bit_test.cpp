// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/adaptive_bit.h"

#include <gtest/gtest.h>

#include <random>
#include <type_traits>

#include "core/entropy/priors.h"
#include "core/error.h"

namespace crlsc {
namespace {

AdaptiveBit after(AdaptiveBit bit, const std::vector<int>& values) {
  for (int value : values) bit.update(value != 0);
  return bit;
}

TEST(AdaptiveBit, IsSmallAndTriviallyCopyable) {
  EXPECT_TRUE(std::is_trivially_copyable_v<AdaptiveBit>);
  EXPECT_LE(sizeof(AdaptiveBit), 6U);
}

TEST(AdaptiveBit, StartsFromItsPrior) {
  EXPECT_EQ(AdaptiveBit().probability(), 16384);
  for (int prior : {24, 25, 1000, 16384, 30000, 32744}) EXPECT_EQ(AdaptiveBit(prior).probability(), prior);
}

TEST(AdaptiveBit, ClampsItsPrior) {
  EXPECT_EQ(AdaptiveBit(0).probability(), kMinProbability);
  EXPECT_EQ(AdaptiveBit(32767).probability(), kProbabilityOne - kMinProbability);
  EXPECT_EQ(AdaptiveBit(-5).probability(), kMinProbability);
  EXPECT_EQ(AdaptiveBit(1 << 20).probability(), kProbabilityOne - kMinProbability);
}

TEST(AdaptiveBit, GoldenAdaptation) {
  EXPECT_EQ(after(AdaptiveBit(), {1}).probability(), 17408);
  EXPECT_EQ(after(AdaptiveBit(), {0}).probability(), 15360);
  EXPECT_EQ(after(AdaptiveBit(), {1, 1, 0, 1, 0, 0, 0, 1}).probability(), 16100);
  EXPECT_EQ(after(AdaptiveBit(3000), std::vector<int>(16, 1)).probability(), 22168);
  EXPECT_EQ(after(AdaptiveBit(3000), std::vector<int>(17, 1)).probability(), 22499);
  EXPECT_EQ(after(AdaptiveBit(30000), std::vector<int>(40, 0)).probability(), 5324);
  EXPECT_EQ(after(AdaptiveBit(30000), std::vector<int>(100, 0)).probability(), 1834);
}

TEST(AdaptiveBit, BothValuesAreTreatedAlike) {
  std::mt19937 random(1);
  AdaptiveBit bit(9000);
  AdaptiveBit mirror(kProbabilityOne - 9000);
  for (int i = 0; i < 100000; ++i) {
    const bool value = random() % 7 == 0;
    bit.update(value);
    mirror.update(!value);
    ASSERT_LE(std::abs(bit.probability() + mirror.probability() - kProbabilityOne), 1) << i;
  }
}

TEST(AdaptiveBit, ReachesItsLimitsAndStays) {
  AdaptiveBit bit;
  for (int i = 0; i < 5000; ++i) bit.update(true);
  EXPECT_EQ(bit.probability(), kProbabilityOne - kMinProbability);
  for (int i = 0; i < 5000; ++i) bit.update(false);
  EXPECT_EQ(bit.probability(), kMinProbability);
}

TEST(AdaptiveBit, NeverLeavesItsLimits) {
  for (int prior : {0, 24, 100, 16384, 32767}) {
    for (int period : {1, 2, 3, 17, 1000}) {
      AdaptiveBit bit(prior);
      for (int i = 0; i < 4000; ++i) {
        bit.update(i % period == 0);
        ASSERT_GE(bit.probability(), kMinProbability);
        ASSERT_LE(bit.probability(), kProbabilityOne - kMinProbability);
      }
    }
  }
}

TEST(AdaptiveBit, FindsTheTruthFromAWrongPriorWithin64Bits) {
  AdaptiveBit bit(29491);  // 0.9, the truth is 0.01
  for (int i = 0; i < 64; ++i) bit.update(false);
  EXPECT_LT(bit.probability(), kProbabilityOne / 10);
}

TEST(AdaptiveBit, HoversAroundTheTruthWhenSettled) {
  std::mt19937 random(2);
  AdaptiveBit bit;
  double sum = 0;
  double squares = 0;
  constexpr int kCount = 200000;
  for (int i = 0; i < kCount; ++i) {
    bit.update(random() % 10 < 3);
    const double p = bit.probability() / 32768.0;
    sum += p;
    squares += (p - 0.3) * (p - 0.3);
  }
  EXPECT_NEAR(sum / kCount, 0.3, 0.005);
  EXPECT_LT(squares / kCount, 0.3 * 0.7 * 0.0085);  // what windows of 32 and 128 give, averaged
}

TEST(Priors, BecomeContexts) {
  const std::vector<AdaptiveBit> contexts = from_priors(std::vector<uint16_t>{24, 5000, 32744}, 3);
  ASSERT_EQ(contexts.size(), 3U);
  EXPECT_EQ(contexts[1].probability(), 5000);
  EXPECT_EQ(contexts[2].probability(), 32744);
}

TEST(Priors, OfAnotherNumberOrSizeAreRefused) {
  for (const auto& priors : {std::vector<uint16_t>{1}, {1, 2, 3}, {}, {1, 32768}, {65535, 2}}) {
    try {
      from_priors(priors, 2);
      ADD_FAILURE() << priors.size();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kRead);
    }
  }
}

}  // namespace
}  // namespace crlsc
