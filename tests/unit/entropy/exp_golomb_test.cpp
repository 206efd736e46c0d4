// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/exp_golomb.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <type_traits>

#include "core/entropy/cost.h"
#include "core/error.h"

namespace crlsc {
namespace {

Bytes encode(SignedExpGolomb coder, const std::vector<int>& values) {
  RangeEncoder encoder;
  for (int value : values) coder.encode(encoder, value);
  return encoder.finish();
}

TEST(SignedExpGolomb, EveryValueComesBack) {
  std::vector<int> values;
  for (int value = -4095; value <= 4095; ++value) values.push_back(value);
  const Bytes bytes = encode(SignedExpGolomb(), values);
  SignedExpGolomb coder;
  RangeDecoder decoder(bytes);
  for (int value : values) ASSERT_EQ(coder.decode(decoder), value);
  EXPECT_FALSE(decoder.overrun());
}

TEST(SignedExpGolomb, RandomValuesOfAllSizesComeBack) {
  std::mt19937 random(1);
  std::vector<int> values(200000);
  for (int& value : values) value = static_cast<int>(random() % (1U << random() % 13)) * (random() % 2 == 0 ? 1 : -1);
  const Bytes bytes = encode(SignedExpGolomb(), values);
  SignedExpGolomb coder;
  RangeDecoder decoder(bytes);
  for (int value : values) ASSERT_EQ(coder.decode(decoder), value);
}

TEST(SignedExpGolomb, Golden) {
  EXPECT_EQ(encode(SignedExpGolomb(), {0, 1, -1, 5, -4095, 4095, -100}),
            (Bytes{0x48, 0xB7, 0xB4, 0x43, 0x9B, 0x10, 0xB4}));
}

// Fresh contexts cost one bit each, so that the binarisation can be counted.
TEST(SignedExpGolomb, LengthsOfTheBinarisation) {
  const SignedExpGolomb coder;
  EXPECT_EQ(coder.cost(0), 1 * 256);
  for (int value : {1, -1, 2, -2}) EXPECT_EQ(coder.cost(value), 4 * 256) << value;
  for (int value : {3, -6}) EXPECT_EQ(coder.cost(value), 6 * 256) << value;
  for (int value : {7, -14}) EXPECT_EQ(coder.cost(value), 8 * 256) << value;
  for (int value : {2047, -4094}) EXPECT_EQ(coder.cost(value), 24 * 256) << value;
  for (int value : {4095, -4095}) EXPECT_EQ(coder.cost(value), 13 * 256) << value;
}

TEST(SignedExpGolomb, ValuesOutOfRangeAreRefused) {
  SignedExpGolomb coder;
  RangeEncoder encoder;
  for (int value : {4096, -4096, INT32_MAX, INT32_MIN}) {
    for (bool counting : {false, true}) {
      try {
        counting ? static_cast<void>(coder.cost(value)) : coder.encode(encoder, value);
        ADD_FAILURE() << value;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kSettings);
      }
    }
  }
  EXPECT_TRUE(encoder.finish().empty());
}

TEST(SignedExpGolomb, GarbageStaysWithinTheBound) {
  std::mt19937 random(2);
  Bytes noise(20000);
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
  for (const Bytes& bytes : {noise, Bytes(20000, 0xFF), Bytes(100, 0xAA), Bytes()}) {
    SignedExpGolomb coder;
    RangeDecoder decoder(bytes);
    for (int i = 0; i < 30000; ++i) ASSERT_LE(std::abs(coder.decode(decoder)), 4095);
  }
}

TEST(SignedExpGolomb, CostForetellsTheSize) {
  std::mt19937 random(3);
  std::normal_distribution<double> source(0, 12);
  SignedExpGolomb coder;
  RangeEncoder encoder;
  int64_t cost = 0;
  for (int i = 0; i < 50000; ++i) {
    const int value = static_cast<int>(std::lround(source(random)));
    cost += coder.cost(value);
    coder.encode(encoder, value);
  }
  const double bits = static_cast<double>(encoder.finish().size()) * 8;
  EXPECT_NEAR(static_cast<double>(cost) / 256, bits, 0.003 * bits);
}

TEST(SignedExpGolomb, LearnsThatMostDifferencesAreZero) {
  SignedExpGolomb coder;
  RangeEncoder encoder;
  for (int i = 0; i < 10000; ++i) coder.encode(encoder, i % 100 == 0 ? 3 : 0);
  EXPECT_LT(encoder.finish().size() * 8, 10000U * 15 / 100);
}

TEST(SignedExpGolomb, LearnsTheSign) {
  SignedExpGolomb coder;
  RangeEncoder encoder;
  for (int i = 0; i < 300; ++i) coder.encode(encoder, -1);
  EXPECT_LT(coder.cost(-1), 64);
  EXPECT_GT(coder.cost(1), 5 * 256);
}

// Prior 0 is the first prefix position, 12 the first suffix bit of class 1, 23 the sign.
TEST(SignedExpGolomb, PriorsHaveTheOrderOfTheSpecification) {
  std::vector<uint16_t> priors(SignedExpGolomb::kContexts, 16384);
  priors[0] = 8192;
  EXPECT_EQ(SignedExpGolomb(priors).cost(1), (2 + 3) * 256);
  priors[12] = 8192;
  EXPECT_EQ(SignedExpGolomb(priors).cost(2), (2 + 1 + 2 + 1) * 256);
  EXPECT_EQ(SignedExpGolomb(priors).cost(1), (2 + 1 + 1) * 256 + probability_cost(kProbabilityOne - 8192));
  priors[23] = 4096;
  EXPECT_EQ(SignedExpGolomb(priors).cost(-2), (2 + 1 + 2 + 3) * 256);
  priors[22] = 2048;
  EXPECT_EQ(SignedExpGolomb(priors).cost(-4094), (2 + 11 + 4 + 10 + 3) * 256);
  EXPECT_EQ(SignedExpGolomb(priors).cost(-4095), (2 + 11 + 3) * 256);
}

TEST(SignedExpGolomb, WrongPriorsAreRefused) {
  for (size_t size : {0U, 23U, 25U}) {
    EXPECT_THROW(SignedExpGolomb(std::vector<uint16_t>(size, 16384)), Error) << size;
  }
  std::vector<uint16_t> priors(SignedExpGolomb::kContexts, 16384);
  priors[5] = 40000;
  EXPECT_THROW(SignedExpGolomb{PriorView(priors)}, Error);
}

TEST(SignedExpGolomb, IsTriviallyCopyable) { EXPECT_TRUE(std::is_trivially_copyable_v<SignedExpGolomb>); }

}  // namespace
}  // namespace crlsc
