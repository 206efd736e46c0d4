// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/random.h"

#include <set>
#include <vector>

#include "statistics.h"

namespace crlsc::test {
namespace {

// The known answers that the authors of Philox publish with their reference implementation, Random123.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

std::vector<double> draw(Random random, int count) {
  std::vector<double> out;
  for (int i = 0; i < count; ++i) out.push_back(random.uniform());
  return out;
}

TEST(Random, NumbersFollowFromSeedStreamAndIndex) {
  const std::vector<double> numbers = draw(Random(7, RandomStream::kLoss, 3), 9);
  EXPECT_EQ(draw(Random(7, RandomStream::kLoss, 3), 9), numbers);
  EXPECT_EQ(numbers[0], static_cast<double>((philox4x32({0, 1, 3, 0}, {7, 0})[1] * (uint64_t{1} << 32) +
                                             philox4x32({0, 1, 3, 0}, {7, 0})[0]) >>
                                            11) *
                            0x1p-53);
  std::set<double> different(numbers.begin(), numbers.end());
  for (const Random& other :
       {Random(8, RandomStream::kLoss, 3), Random(7, RandomStream::kBits, 3), Random(7, RandomStream::kLoss, 4),
        Random(7 + (uint64_t{1} << 32), RandomStream::kLoss, 3),
        Random(7, RandomStream::kLoss, 3 + (uint64_t{1} << 32))}) {
    for (const double number : draw(other, 9)) different.insert(number);
  }
  EXPECT_EQ(different.size(), 6 * numbers.size());
}

TEST(Random, Uniform) {
  constexpr int kNumbers = 100000;
  constexpr int kBins = 16;
  std::vector<uint64_t> bins(kBins);
  std::vector<uint64_t> after_low(2);
  Random random(1, RandomStream::kBits, 0);
  bool low = false;
  for (int i = 0; i < kNumbers; ++i) {
    const double number = random.uniform();
    ASSERT_GE(number, 0);
    ASSERT_LT(number, 1);
    ++bins[static_cast<size_t>(number * kBins)];
    if (low) ++after_low[number < 0.5 ? 0 : 1];
    low = number < 0.5;
  }
  for (const uint64_t count : bins) expect_binomial(count, kNumbers, 1.0 / kBins);
  expect_binomial(after_low[0], after_low[0] + after_low[1], 0.5);
}

// Packets are the streams' indices: what neighbours draw first has to be independent, too.
TEST(Random, UniformOverIndices) {
  constexpr uint64_t kIndices = 100000;
  uint64_t low = 0;
  uint64_t repeated = 0;
  bool last = false;
  for (uint64_t i = 0; i < kIndices; ++i) {
    const bool now = Random(1, RandomStream::kLoss, i).uniform() < 0.5;
    low += now ? 1 : 0;
    repeated += now == last ? 1 : 0;
    last = now;
  }
  expect_binomial(low, kIndices, 0.5);
  expect_binomial(repeated, kIndices, 0.5);
}

}  // namespace
}  // namespace crlsc::test
