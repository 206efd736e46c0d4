// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/bit_price.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace crlsc {
namespace {

constexpr int kRate = 10000;
constexpr int kShare = 1000;  // of ten pictures a second

RateControl::Budget budget(double fill, bool empty = false) {
  RateControl::Budget out;
  out.share = kShare;
  out.fill = fill;
  out.empty = empty;
  return out;
}

// Pictures of so much detail that they take `detail` / price bits, in a bucket of 0.4 s; the bits of each.
std::vector<double> take(BitPrice& price, const std::vector<double>& details) {
  constexpr double kCapacity = 0.4 * kRate;
  constexpr double kRest = 0.25 * kCapacity;
  double level = kRest;
  std::vector<double> out;
  for (const double detail : details) {
    level = std::max(0.0, level - kShare);
    const RateControl::Budget now = budget((level - kRest) / kCapacity, level == 0);
    const double wanted = detail / price.next(now);
    out.push_back(std::min(wanted, kCapacity - level));
    level += out.back();
    price.took(wanted, now, kRate);
  }
  return out;
}

double mean(const std::vector<double>& values, size_t from) {
  double sum = 0;
  for (size_t i = from; i < values.size(); ++i) sum += values[i];
  return sum / static_cast<double>(values.size() - from);
}

TEST(BitPrice, FindsThePriceThatTheRateIsWorth) {
  for (const double start : {1.0, 300.0, 20000.0}) {
    BitPrice price;
    price.start(start);
    const auto bits = take(price, std::vector<double>(300, 300.0 * kShare));
    EXPECT_NEAR(mean(bits, 200), kShare, kShare / 20.0) << start;
  }
}

TEST(BitPrice, BusyPicturesTakeWhatOthersLeave) {
  std::vector<double> details;
  for (int i = 0; i < 400; ++i) details.push_back((i % 8 == 0 ? 1000.0 : 200.0) * kShare);
  BitPrice price;
  price.start(300);
  const auto bits = take(price, details);
  EXPECT_GT(bits[392], 1.5 * kShare);
  EXPECT_NEAR(mean(bits, 200), kShare, kShare / 10.0);
}

TEST(BitPrice, RisesWithTheBucket) {
  BitPrice price;
  price.start(100);
  EXPECT_DOUBLE_EQ(price.next(budget(0)), 100);
  EXPECT_GT(price.next(budget(0.5)), 300);
  EXPECT_LT(price.next(budget(-0.2)), 60);
}

TEST(BitPrice, FallsFastWhereAnEmptyBucketKeepsNothing) {
  BitPrice price;
  price.start(1000);
  for (int i = 0; i < 20; ++i) price.took(50, budget(-0.25, true), kRate);
  EXPECT_LT(price.next(budget(-0.25, true)), 1);
}

TEST(BitPrice, NeverFallsBelowTheLeast) {
  BitPrice price;
  price.set_least(500);
  price.start(1000);
  for (int i = 0; i < 100; ++i) price.took(10, budget(-0.25, true), kRate);
  EXPECT_EQ(price.next(budget(-0.25, true)), 500);
  EXPECT_GT(price.next(budget(0.5)), 500) << "and rises from there";
}

TEST(BitPrice, HalfTheRateIsTwiceThePrice) {
  BitPrice price;
  price.start(100);
  price.rate_changed(0.5);
  EXPECT_DOUBLE_EQ(price.next(budget(0)), 200);
}

TEST(BitPrice, StaysFiniteWhateverComes) {
  BitPrice price;
  price.start(1);
  for (const double bits : {0.0, 1e-300, 1e300, 1.0}) {
    for (const double fill : {-0.25, 0.75, 4.0}) {
      for (int i = 0; i < 1000; ++i) price.took(bits, budget(fill, fill < 0), kRate);
      EXPECT_TRUE(std::isfinite(price.next(budget(fill))));
      EXPECT_GT(price.next(budget(fill)), 0);
    }
  }
  price.took(100, {}, kRate);
  EXPECT_TRUE(std::isfinite(price.next({}))) << "without a share, as of the first picture";
}

}  // namespace
}  // namespace crlsc
