// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/aggregation.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/rtp/payload_header.h"

namespace crlsc {
namespace {

constexpr uint64_t kMillisecond = 1000000;
constexpr AggregationPlan::Limits kLimits{300 * kMillisecond, 1188};

AggregationPlan::Item at(uint64_t ms, size_t size = 100) { return {ms * kMillisecond, 100 * kMillisecond, size}; }

AggregationPlan plan_of(const std::vector<AggregationPlan::Item>& items) {
  AggregationPlan plan;
  for (const auto& item : items) plan.add(item);
  return plan;
}

TEST(AggregationPlan, FourPicturesShareAPacket) {
  AggregationPlan plan;
  for (uint64_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(plan.complete(kLimits)) << i;
    ASSERT_TRUE(plan.takes(at(i * 100), kLimits)) << i;
    plan.add(at(i * 100));
  }
  EXPECT_TRUE(plan.complete(kLimits));
  EXPECT_FALSE(plan.takes(at(300), {10000 * kMillisecond, 1188}));
  EXPECT_EQ(plan.count(), 4U);
  EXPECT_EQ(plan.last_time() - plan.first_time(), 300 * kMillisecond);
}

TEST(AggregationPlan, NobodyWaitsForAPictureThatComesTooLate) {
  EXPECT_FALSE(plan_of({at(0), at(100)}).complete({200 * kMillisecond, 1188}));
  EXPECT_TRUE(plan_of({at(0), at(100)}).complete({199 * kMillisecond, 1188}));
  EXPECT_TRUE(plan_of({at(0)}).complete({99 * kMillisecond, 1188}));
  EXPECT_TRUE(plan_of({at(0)}).takes(at(300), kLimits));
  EXPECT_FALSE(plan_of({at(0)}).takes(at(301), kLimits));
}

TEST(AggregationPlan, UnknownDurationsAreTheIntervalBefore) {
  const AggregationPlan::Limits limits{250 * kMillisecond, 1188};
  EXPECT_FALSE(plan_of({{0, {}, 10}}).complete(limits));
  EXPECT_FALSE(plan_of({{0, {}, 10}, {100 * kMillisecond, {}, 10}}).complete(limits));
  EXPECT_TRUE(plan_of({{0, {}, 10}, {150 * kMillisecond, {}, 10}}).complete(limits));
}

TEST(AggregationPlan, TimesDoNotFall) {
  EXPECT_FALSE(plan_of({at(500)}).takes(at(499), kLimits));
  EXPECT_TRUE(plan_of({at(500)}).takes(at(500), kLimits));
}

TEST(AggregationPlan, TheBytesOfAllHaveToFit) {
  const size_t two = kFixedHeaderSize + 2 * (kAggregateHeaderSize + 100);
  EXPECT_TRUE(plan_of({at(0)}).takes(at(100), {300 * kMillisecond, two}));
  EXPECT_FALSE(plan_of({at(0)}).takes(at(100), {300 * kMillisecond, two - 1}));
  EXPECT_FALSE(AggregationPlan().takes(at(0, 65536), {300 * kMillisecond, 100000}));
}

// 24 bits of 90 kHz are 186 s.
TEST(AggregationPlan, OffsetsStayWithinTheirBits) {
  const AggregationPlan::Limits limits{UINT64_MAX, 1188};
  EXPECT_TRUE(plan_of({at(0)}).takes(at(186413), limits));
  EXPECT_FALSE(plan_of({at(0)}).takes(at(186414), limits));
}

TEST(AggregationPlan, ClearStartsAnew) {
  AggregationPlan plan = plan_of({at(0), at(100), at(200), at(300)});
  plan.clear();
  EXPECT_EQ(plan.count(), 0U);
  EXPECT_FALSE(plan.complete(kLimits));
  EXPECT_TRUE(plan.takes(at(0), kLimits));
}

}  // namespace
}  // namespace crlsc
