// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/range_coder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace crlsc {
namespace {

double entropy(double p) { return -p * std::log2(p) - (1 - p) * std::log2(1 - p); }

std::vector<bool> random_bits(double p, size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::bernoulli_distribution one(p);
  std::vector<bool> bits(count);
  for (size_t i = 0; i < count; ++i) bits[i] = one(random);
  return bits;
}

Bytes encode_fixed(const std::vector<bool>& bits, int probability) {
  RangeEncoder encoder;
  for (bool bit : bits) encoder.fixed(probability, bit);
  return encoder.finish();
}

// True if `bytes` with zeros behind them decode to `bits`.
bool decodes_fixed(ByteView bytes, const std::vector<bool>& bits, int probability) {
  RangeDecoder decoder(bytes);
  for (bool bit : bits) {
    if (decoder.fixed(probability) != bit) return false;
  }
  return true;
}

// Size in bits that the probabilities in force promised, for bits coded with one adaptive context.
double ideal_adaptive(const std::vector<bool>& bits) {
  AdaptiveBit context;
  double sum = 0;
  for (bool bit : bits) {
    const double p = context.probability() / 32768.0;
    sum -= std::log2(bit ? p : 1 - p);
    context.update(bit);
  }
  return sum;
}

class SkewedBits : public testing::TestWithParam<double> {};

TEST_P(SkewedBits, AMillionFixedDecisionsReachShannonsBound) {
  const int probability = static_cast<int>(std::lround(GetParam() * 32768));
  const std::vector<bool> bits = random_bits(probability / 32768.0, 1000000, 1);
  const Bytes bytes = encode_fixed(bits, probability);
  double bound = 0;
  for (bool bit : bits) bound -= std::log2((bit ? probability : 32768 - probability) / 32768.0);
  EXPECT_LE(static_cast<double>(bytes.size()) * 8, bound * 1.0005 + 16);
  EXPECT_NEAR(static_cast<double>(bytes.size()) * 8 / (1e6 * entropy(probability / 32768.0)), 1.0, 0.06);
  EXPECT_TRUE(decodes_fixed(bytes, bits, probability));
}

TEST_P(SkewedBits, AMillionAdaptiveDecisionsCostWhatTheirProbabilitiesSay) {
  const std::vector<bool> bits = random_bits(GetParam(), 1000000, 2);
  RangeEncoder encoder;
  AdaptiveBit writing;
  for (bool bit : bits) encoder.bit(writing, bit);
  const Bytes bytes = encoder.finish();
  EXPECT_LE(static_cast<double>(bytes.size()) * 8, ideal_adaptive(bits) * 1.0005 + 16);
  EXPECT_LE(static_cast<double>(bytes.size()) * 8, 1e6 * (entropy(GetParam()) + 0.0065));
  RangeDecoder decoder(bytes);
  AdaptiveBit reading;
  for (size_t i = 0; i < bits.size(); ++i) ASSERT_EQ(decoder.bit(reading), bits[i]) << i;
  EXPECT_FALSE(decoder.overrun());
  EXPECT_EQ(reading.probability(), writing.probability());
}

INSTANTIATE_TEST_SUITE_P(RangeCoder, SkewedBits, testing::Values(0.002, 0.02, 0.2, 0.5, 0.7, 0.95, 0.998));

TEST(RangeCoder, AdaptiveBitsAreWithinOnePercentOfShannonsBoundForEvenOdds) {
  for (double p : {0.3, 0.5, 0.65}) {
    const std::vector<bool> bits = random_bits(p, 1000000, 3);
    double ones = 0;
    for (bool bit : bits) ones += bit ? 1 : 0;
    RangeEncoder encoder;
    AdaptiveBit context;
    for (bool bit : bits) encoder.bit(context, bit);
    EXPECT_LE(static_cast<double>(encoder.finish().size()) * 8, 1e6 * entropy(ones / 1e6) * 1.01) << p;
  }
}

TEST(RangeCoder, AStillCellCostsLessThanATwoHundredthOfABit) {
  RangeEncoder encoder;
  AdaptiveBit context(3000);
  for (int i = 0; i < 100000; ++i) encoder.bit(context, false);
  encoder.bit(context, true);  // so that nothing can be dropped
  EXPECT_LT(static_cast<double>(encoder.finish().size()) * 8 / 100000, 0.005);
}

TEST(RangeCoder, ManyContextsAndDirectBitsComeBack) {
  std::mt19937 random(4);
  std::vector<AdaptiveBit> writing(50);
  std::vector<AdaptiveBit> reading(50);
  struct Step {
    size_t context;
    uint32_t value;
    int bits;  // 0: one adaptive bit
  };
  std::vector<Step> steps(1000000);
  RangeEncoder encoder;
  for (Step& step : steps) {
    step.context = random() % 50;
    step.bits = random() % 20 == 0 ? 1 + static_cast<int>(random() % 32) : 0;
    if (step.bits == 0) {
      step.value = random() % 50 < step.context ? 1 : 0;
      encoder.bit(writing[step.context], step.value != 0);
    } else {
      step.value = static_cast<uint32_t>(random()) >> (32 - step.bits);
      encoder.direct(step.value, step.bits);
    }
  }
  const Bytes bytes = encoder.finish();
  RangeDecoder decoder(bytes);
  for (const Step& step : steps) {
    const uint32_t value = step.bits == 0 ? decoder.bit(reading[step.context]) : decoder.direct(step.bits);
    ASSERT_EQ(value, step.value);
  }
  EXPECT_FALSE(decoder.overrun());
}

TEST(RangeCoder, GoldenFixed) {
  RangeEncoder encoder;
  for (int i = 0; i < 24; ++i) encoder.fixed(8192, i % 3 == 0);
  EXPECT_EQ(encoder.finish(), (Bytes{0xDF, 0x6B, 0x0C}));
}

TEST(RangeCoder, GoldenAdaptive) {
  RangeEncoder encoder;
  AdaptiveBit context(3277);
  for (int i = 0; i < 40; ++i) encoder.bit(context, i % 5 == 0);
  EXPECT_EQ(encoder.finish(), (Bytes{0xF3, 0x5A, 0x0B, 0x6C}));
}

TEST(RangeCoder, GoldenDirect) {
  RangeEncoder encoder;
  encoder.direct(0xCAFE, 16);
  encoder.direct(5, 3);
  EXPECT_EQ(encoder.finish(), (Bytes{0xCA, 0xFE, 0xA0}));
}

TEST(RangeCoder, DirectIgnoresTheBitsAbove) {
  RangeEncoder encoder;
  encoder.direct(0xFFFFFFF5, 4);
  encoder.direct(123, 0);
  const Bytes bytes = encoder.finish();
  RangeDecoder decoder(bytes);
  EXPECT_EQ(decoder.direct(4), 5U);
  EXPECT_EQ(decoder.direct(0), 0U);
}

TEST(RangeCoder, NothingTakesNoBytes) { EXPECT_TRUE(RangeEncoder().finish().empty()); }

TEST(RangeCoder, ZerosTakeNoBytesWithinThePadding) {
  RangeEncoder encoder;
  for (int i = 0; i < 60 * 8; ++i) encoder.fixed(16384, false);
  EXPECT_TRUE(encoder.finish().empty());
}

TEST(RangeCoder, OneSureDecisionTakesAtMostOneByte) {
  for (int probability : {24, 100, 16384, 32744}) {
    for (bool bit : {false, true}) {
      const Bytes bytes = encode_fixed({bit}, probability);
      EXPECT_LE(bytes.size(), bit && probability < 128 ? 2U : 1U) << probability;
      EXPECT_TRUE(decodes_fixed(bytes, {bit}, probability));
    }
  }
}

TEST(RangeCoder, FinishStartsAfresh) {
  RangeEncoder encoder;
  encoder.direct(0xABCDEF, 24);
  const Bytes first = encoder.finish();
  encoder.direct(0xABCDEF, 24);
  EXPECT_EQ(encoder.finish(), first);
}

TEST(RangeCoder, ACopyGoesItsOwnWay) {
  RangeEncoder encoder;
  encoder.direct(0x1234, 16);
  RangeEncoder trial = encoder;
  trial.direct(0xFFFF, 16);
  encoder.direct(0x0001, 16);
  const Bytes tried = trial.finish();
  const Bytes taken = encoder.finish();
  EXPECT_EQ(RangeDecoder(tried).direct(32), 0x1234FFFFU);
  EXPECT_EQ(RangeDecoder(taken).direct(32), 0x12340001U);
}

// Every byte string of a shorter length must decode to something else: the encoder's choice is the shortest.
TEST(RangeCoder, NoShorterBytesWouldDo) {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const int probability = 24 + static_cast<int>(random() % (32768 - 48));
    const std::vector<bool> bits = random_bits(probability / 32768.0, random() % 30, random());
    const Bytes bytes = encode_fixed(bits, probability);
    if (bytes.empty()) continue;
    EXPECT_NE(bytes.back(), 0);
    if (bytes.size() > 3) continue;
    Bytes shorter(bytes.size() - 1);
    for (uint32_t value = 0; value < 1U << (8 * shorter.size()); ++value) {
      for (size_t i = 0; i < shorter.size(); ++i) shorter[i] = static_cast<uint8_t>(value >> (8 * i));
      ASSERT_FALSE(decodes_fixed(shorter, bits, probability)) << round;
    }
  }
}

TEST(RangeCoder, ShortSequencesComeBackAtEveryLength) {
  std::mt19937 random(8);
  for (int round = 0; round < 20000; ++round) {
    const int probability = static_cast<int>(random() % 32769);
    const std::vector<bool> bits = random_bits(probability / 32768.0, random() % 64, random());
    ASSERT_TRUE(decodes_fixed(encode_fixed(bits, probability), bits, probability)) << round;
  }
}

// What 7F FF FF ... decodes to makes an encoder write just that while its interval reaches beyond 80 00 ...; the ones
// that follow move it there, through all bytes already written.
TEST(RangeCoder, CarriesRunThroughManyBytes) {
  Bytes ceiling(100, 0xFF);
  ceiling[0] = 0x7F;
  for (int probability : {24, 3000, 10000, 20000, 32000}) {
    for (int count = 1; count < 300; ++count) {
      RangeDecoder steering(ceiling);
      std::vector<bool> bits;
      for (int i = 0; i < count; ++i) bits.push_back(steering.fixed(probability));
      bits.insert(bits.end(), 20, true);
      const Bytes bytes = encode_fixed(bits, probability);
      ASSERT_TRUE(decodes_fixed(bytes, bits, probability)) << probability << " " << count;
      if (probability == 10000 && count > 100) {
        const Bytes start(bytes.begin(), bytes.begin() + 10);
        EXPECT_EQ(start, (Bytes{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0})) << count;
      }
    }
  }
}

TEST(RangeCoder, FinishingCarriesWhenThatIsShorter) {
  Bytes ceiling(100, 0xFF);
  ceiling[0] = 0x7F;
  for (int count = 30; count < 300; ++count) {
    RangeDecoder steering(ceiling);
    std::vector<bool> bits;
    for (int i = 0; i < count; ++i) bits.push_back(steering.fixed(10000));
    EXPECT_EQ(encode_fixed(bits, 10000), Bytes{0x80}) << count;
    EXPECT_TRUE(decodes_fixed(Bytes{0x80}, bits, 10000));
  }
}

TEST(RangeCoder, ExtremeSequencesComeBack) {
  for (int probability : {24, 32744}) {
    for (bool bit : {false, true}) {
      const std::vector<bool> bits(3000, bit);
      const Bytes bytes = encode_fixed(bits, probability);
      EXPECT_TRUE(decodes_fixed(bytes, bits, probability));
    }
  }
}

TEST(RangeCoder, ProbabilitiesAreClampedAlikeOnBothSides) {
  const std::vector<bool> bits = random_bits(0.5, 500, 9);
  for (int probability : {-1, 0, 32768, 1 << 20}) {
    EXPECT_TRUE(decodes_fixed(encode_fixed(bits, probability), bits, probability));
  }
  EXPECT_EQ(encode_fixed(bits, 0), encode_fixed(bits, kMinProbability));
}

TEST(RangeDecoder, NoEncoderOutputOverruns) {
  for (size_t zeros : {0, 1, 400, 479, 480, 481, 482, 488, 489, 600, 5000}) {
    RangeEncoder encoder;
    encoder.direct(1, 1);
    for (size_t i = 0; i < zeros; ++i) encoder.fixed(16384, false);
    const Bytes bytes = encoder.finish();
    EXPECT_LE(bytes.size(), 2 + (zeros > 480 ? (zeros - 480) / 8 + 1 : 0));
    RangeDecoder decoder(bytes);
    EXPECT_EQ(decoder.direct(1), 1U);
    for (size_t i = 0; i < zeros; ++i) ASSERT_FALSE(decoder.fixed(16384));
    EXPECT_FALSE(decoder.overrun()) << zeros;
  }
}

TEST(RangeDecoder, OverrunsWhenMoreIsReadThanThePadding) {
  RangeDecoder decoder(ByteView{});
  int bits = 0;
  while (!decoder.overrun() && bits < 10000) {
    decoder.direct(1);
    ++bits;
  }
  EXPECT_NEAR(bits, 8 * 61, 8);
}

TEST(RangeDecoder, ATruncatedStreamDecodesToSomethingElseAndOverruns) {
  const std::vector<bool> bits = random_bits(0.5, 8000, 10);
  const Bytes bytes = encode_fixed(bits, 16384);
  for (size_t size = 0; size < 900; size += 50) {
    RangeDecoder decoder(ByteView(bytes).sub(0, size));
    std::vector<bool> decoded;
    for (size_t i = 0; i < bits.size(); ++i) decoded.push_back(decoder.fixed(16384));
    EXPECT_NE(decoded, bits);
    EXPECT_TRUE(decoder.overrun());
  }
}

TEST(RangeDecoder, AllOnesAreReadAsTheHighestNumber) {
  for (size_t size : {4, 5, 100}) {
    const Bytes bytes(size, 0xFF);
    RangeDecoder decoder(bytes);
    for (int i = 0; i < 31; ++i) ASSERT_TRUE(decoder.fixed(16384));
    for (int i = 0; i < 5000; ++i) decoder.fixed(100 * (i % 300));
    EXPECT_TRUE(decoder.overrun());
  }
}

// Decoding any bytes and coding the decisions again gives the same bytes, but for trailing zeros.
TEST(RangeDecoder, GarbageIsAStreamLikeAnyOther) {
  const auto stripped = [](Bytes bytes) {
    while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
    return bytes;
  };
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    Bytes bytes(1 + random() % 100);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    bytes[0] &= 0x7F;
    const int probability = 4096 + static_cast<int>(random() % 24576);
    RangeDecoder decoder(bytes);
    RangeEncoder encoder;
    for (size_t i = 0; i < 64 * bytes.size() + 64; ++i) encoder.fixed(probability, decoder.fixed(probability));
    EXPECT_EQ(stripped(encoder.finish()), stripped(bytes)) << round;
  }
}

}  // namespace
}  // namespace crlsc
