// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/bit_tree.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/entropy/cost.h"
#include "core/error.h"

namespace crlsc {
namespace {

template <typename Function>
void expect_error(ErrorKind kind, Function function) {
  try {
    function();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
  }
}

class Alphabet : public testing::TestWithParam<int> {};

TEST_P(Alphabet, EverySymbolComesBack) {
  const int n = GetParam();
  BitTree writing(n);
  RangeEncoder encoder;
  for (int symbol = 0; symbol < n; ++symbol) writing.encode(encoder, symbol);
  for (int symbol = n - 1; symbol >= 0; --symbol) writing.encode(encoder, symbol);
  const Bytes bytes = encoder.finish();
  BitTree reading(n);
  RangeDecoder decoder(bytes);
  for (int symbol = 0; symbol < n; ++symbol) ASSERT_EQ(reading.decode(decoder), symbol);
  for (int symbol = n - 1; symbol >= 0; --symbol) ASSERT_EQ(reading.decode(decoder), symbol);
  EXPECT_FALSE(decoder.overrun());
}

TEST_P(Alphabet, AFreshTreeHoldsAllSymbolsEquallyLikely) {
  const int n = GetParam();
  const BitTree tree(n);
  EXPECT_EQ(tree.symbols(), n);
  for (int symbol = 0; symbol < n; ++symbol) {
    ASSERT_NEAR(tree.cost(symbol), 256 * std::log2(n), 0.01 * 256 * std::log2(n) + 8) << symbol;
  }
}

TEST_P(Alphabet, GarbageNeverYieldsASymbolOutsideIt) {
  const int n = GetParam();
  std::mt19937 random(static_cast<unsigned>(n));
  Bytes bytes(3000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  for (const Bytes& input : {bytes, Bytes(3000, 0xFF), Bytes(3000, 0x00), Bytes()}) {
    BitTree tree(n);
    RangeDecoder decoder(input);
    for (int i = 0; i < 5000; ++i) {
      const int symbol = tree.decode(decoder);
      ASSERT_GE(symbol, 0);
      ASSERT_LT(symbol, n);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BitTree, Alphabet, testing::Values(2, 3, 5, 7, 16, 100, 257, 512, 1000, 4095, 4096));

TEST(BitTree, SizesOutOfRangeAreRefused) {
  for (int n : {-1, 0, 1, 4097, 1 << 30}) {
    expect_error(ErrorKind::kRead, [n] { BitTree tree(n); });
    expect_error(ErrorKind::kRead, [n] { BitTree tree(n, std::vector<uint16_t>(1)); });
  }
}

TEST(BitTree, WrongPriorsAreRefused) {
  expect_error(ErrorKind::kRead, [] { BitTree tree(5, std::vector<uint16_t>(5, 100)); });
  expect_error(ErrorKind::kRead, [] { BitTree tree(5, std::vector<uint16_t>(3, 100)); });
  expect_error(ErrorKind::kRead, [] { BitTree tree(3, std::vector<uint16_t>{100, 32768}); });
}

TEST(BitTree, SymbolsOutsideTheAlphabetAreRefused) {
  BitTree tree(5);
  RangeEncoder encoder;
  for (int symbol : {-1, 5, 6}) {
    expect_error(ErrorKind::kSettings, [&] { tree.encode(encoder, symbol); });
    expect_error(ErrorKind::kSettings, [&] { tree.cost(symbol); });
  }
  EXPECT_TRUE(encoder.finish().empty());
}

// n = 5 splits at 2, then 1 and 3, then 4; a split at m is node m - 1.
TEST(BitTree, PriorsBelongToTheSplitsOfTheSpecification) {
  const BitTree tree(5, std::vector<uint16_t>{1000, 2000, 3000, 4000});
  const auto one = [](int p) { return probability_cost(p); };
  const auto zero = [](int p) { return probability_cost(kProbabilityOne - p); };
  EXPECT_EQ(tree.cost(0), zero(2000) + zero(1000));
  EXPECT_EQ(tree.cost(1), zero(2000) + one(1000));
  EXPECT_EQ(tree.cost(2), one(2000) + zero(3000));
  EXPECT_EQ(tree.cost(3), one(2000) + one(3000) + zero(4000));
  EXPECT_EQ(tree.cost(4), one(2000) + one(3000) + one(4000));
}

TEST(BitTree, Golden) {
  BitTree tree(5, std::vector<uint16_t>{1000, 2000, 3000, 4000});
  RangeEncoder encoder;
  for (int symbol : {0, 4, 2, 0, 1, 3, 0, 0}) tree.encode(encoder, symbol);
  EXPECT_EQ(encoder.finish(), (Bytes{0xE9, 0x08, 0x30}));
}

TEST(BitTree, LearnsASkewedSource) {
  std::mt19937 random(3);
  std::geometric_distribution<int> source(0.5);  // 2 bits a symbol
  BitTree tree(64);
  RangeEncoder encoder;
  constexpr int kCount = 100000;
  for (int i = 0; i < kCount; ++i) tree.encode(encoder, std::min(source(random), 63));
  EXPECT_NEAR(static_cast<double>(encoder.finish().size()) * 8 / kCount, 2.0, 0.06);
}

TEST(BitTree, CostForetellsTheSize) {
  std::mt19937 random(4);
  BitTree tree(300);
  RangeEncoder encoder;
  int64_t cost = 0;
  for (int i = 0; i < 20000; ++i) {
    const int symbol = static_cast<int>(std::min(random() % 300, random() % 300));
    cost += tree.cost(symbol);
    tree.encode(encoder, symbol);
  }
  const double bits = static_cast<double>(encoder.finish().size()) * 8;
  EXPECT_NEAR(static_cast<double>(cost) / 256, bits, 0.005 * bits);
}

TEST(BitTree, ACopyLearnsAlone) {
  BitTree tree(10);
  const int before = tree.cost(3);
  BitTree trial = tree;
  RangeEncoder encoder;
  for (int i = 0; i < 10; ++i) trial.encode(encoder, 3);
  EXPECT_LT(trial.cost(3), before);
  EXPECT_EQ(tree.cost(3), before);
  trial = tree;
  EXPECT_EQ(trial.cost(3), before);
}

}  // namespace
}  // namespace crlsc
