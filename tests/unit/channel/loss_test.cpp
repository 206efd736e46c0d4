// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/loss.h"

#include <vector>

#include "statistics.h"

namespace crlsc::test {
namespace {

constexpr uint64_t kPackets = 200000;

std::vector<bool> run(const LossSettings& settings, double copies = 1, uint64_t packets = kPackets) {
  LossProcess process;
  std::vector<bool> lost;
  for (uint64_t i = 0; i < packets; ++i) {
    Random random(3, RandomStream::kLoss, i);
    lost.push_back(process.lose(settings, copies, random));
  }
  return lost;
}

uint64_t count(const std::vector<bool>& lost) {
  uint64_t sum = 0;
  for (const bool one : lost) sum += one ? 1 : 0;
  return sum;
}

uint64_t count_bursts(const std::vector<bool>& lost) {
  uint64_t bursts = 0;
  bool before = false;
  for (const bool one : lost) {
    bursts += one && !before ? 1 : 0;
    before = one;
  }
  return bursts;
}

LossSettings uniform(double loss) {
  LossSettings settings;
  settings.loss = loss;
  return settings;
}

LossSettings gilbert_elliott(double p, double r, double good = 0, double bad = 1) {
  return {LossModel::kGilbertElliott, 0.5, p, r, good, bad};
}

// Variance of a two-state chain's time in one state over that of independent trials: (1 + l) / (1 - l), l = 1 - p - r.
double inflation(double p, double r) { return (2 - p - r) / (p + r); }

TEST(UniformLoss, Share) {
  for (const double loss : {0.001, 0.05, 0.2, 0.9}) {
    expect_binomial(count(run(uniform(loss))), kPackets, loss);
    EXPECT_DOUBLE_EQ(mean_loss(uniform(loss)), loss);
  }
}

TEST(UniformLoss, PacketsAreIndependent) {
  const double loss = 0.3;
  const std::vector<bool> lost = run(uniform(loss));
  // A burst begins where a packet is lost and the one before is not.
  expect_binomial(count_bursts(lost), kPackets, loss * (1 - loss));
}

TEST(UniformLoss, Extremes) {
  EXPECT_EQ(count(run(uniform(0))), 0U);
  EXPECT_EQ(count(run(uniform(1))), kPackets);
  EXPECT_EQ(count(run(uniform(0), 4)), 0U);
  EXPECT_EQ(count(run(uniform(1), 4)), kPackets);
}

TEST(UniformLoss, AllCopiesHaveToBeLost) {
  expect_binomial(count(run(uniform(0.3), 2)), kPackets, 0.09);
  expect_binomial(count(run(uniform(0.3), 2.5)), kPackets, std::pow(0.3, 2.5));
  // What is lost in spite of copies is lost without them, too.
  const std::vector<bool> once = run(uniform(0.3));
  const std::vector<bool> twice = run(uniform(0.3), 2);
  for (size_t i = 0; i < kPackets; ++i) EXPECT_TRUE(once[i] || !twice[i]);
}

TEST(GilbertElliott, StationaryLossAndBursts) {
  for (const auto& [p, r] : {std::pair(0.01, 0.3), std::pair(0.1, 0.5), std::pair(0.02, 0.02)}) {
    const std::vector<bool> lost = run(gilbert_elliott(p, r));
    EXPECT_DOUBLE_EQ(mean_loss(gilbert_elliott(p, r)), p / (p + r));
    expect_binomial(count(lost), kPackets, p / (p + r), inflation(p, r));
    // Bursts are geometric: mean 1 / r, variance (1 - r) / r^2.
    const auto bursts = static_cast<double>(count_bursts(lost));
    EXPECT_NEAR(static_cast<double>(count(lost)) / bursts, 1 / r, kDeviations * std::sqrt((1 - r) / bursts) / r);
  }
}

TEST(GilbertElliott, LossInBothStates) {
  const LossSettings settings = gilbert_elliott(0.05, 0.15, 0.02, 0.6);
  const double mean = 0.75 * 0.02 + 0.25 * 0.6;
  EXPECT_DOUBLE_EQ(mean_loss(settings), mean);
  expect_binomial(count(run(settings)), kPackets, mean, inflation(0.05, 0.15));
  // Copies share the state and are lost each by itself.
  expect_binomial(count(run(settings, 2)), kPackets, 0.75 * 0.0004 + 0.25 * 0.36, inflation(0.05, 0.15));
}

TEST(GilbertElliott, Extremes) {
  EXPECT_EQ(count(run(gilbert_elliott(0, 0.25))), 0U);
  EXPECT_EQ(count(run(gilbert_elliott(1, 0))), kPackets);
  EXPECT_EQ(count(run(gilbert_elliott(0, 0))), 0U);
  EXPECT_DOUBLE_EQ(mean_loss(gilbert_elliott(0, 0)), 0);
  EXPECT_EQ(count_bursts(run(gilbert_elliott(1, 1), 1, 1000)), 500U);  // the states alternate
  EXPECT_EQ(count(run(gilbert_elliott(0.1, 0.1), 1000)), count(run(gilbert_elliott(0.1, 0.1))))
      << "copies do not help where everything is lost";
}

// The first packet sees the long run's loss, whatever the seed.
TEST(GilbertElliott, BeginsInItsStationaryState) {
  constexpr uint64_t kRuns = 20000;
  uint64_t lost = 0;
  for (uint64_t seed = 0; seed < kRuns; ++seed) {
    LossProcess process;
    Random random(seed, RandomStream::kLoss, 0);
    lost += process.lose(gilbert_elliott(0.01, 0.04), 1, random) ? 1 : 0;
  }
  expect_binomial(lost, kRuns, 0.2);
}

}  // namespace
}  // namespace crlsc::test
