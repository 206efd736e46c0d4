// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/ber.h"

#include <algorithm>
#include <vector>

#include "statistics.h"

namespace crlsc::test {
namespace {

constexpr Modulation kAll[] = {Modulation::kBpsk, Modulation::kQpsk, Modulation::kQam16};
constexpr double kPi = 3.14159265358979323846;

double awgn(Modulation modulation, double decibels) {
  return bit_error_probability(modulation, Fading::kNone, from_decibels(decibels));
}
double rayleigh(Modulation modulation, double decibels) {
  return bit_error_probability(modulation, Fading::kRayleigh, from_decibels(decibels));
}

unsigned draw_bits(unsigned count, Random& random) {
  return static_cast<unsigned>(random.uniform() * static_cast<double>(1U << count));
}

// Two normal numbers (G. Box, M. Muller, 1958).
std::pair<double, double> draw_normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  const double angle = 2 * kPi * random.uniform();
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

unsigned ones(unsigned mask) { return mask == 0 ? 0 : (mask & 1) + ones(mask >> 1); }

TEST(Formulas, TailOfTheNormalDistribution) {
  EXPECT_DOUBLE_EQ(q_function(0), 0.5);
  EXPECT_NEAR(q_function(1), 0.158655253931457, 1e-15);
  EXPECT_NEAR(q_function(3), 1.349898031630095e-3, 1e-17);
  EXPECT_NEAR(q_function(-1), 1 - q_function(1), 1e-15);
}

TEST(Formulas, Decibels) {
  EXPECT_DOUBLE_EQ(from_decibels(0), 1);
  EXPECT_DOUBLE_EQ(from_decibels(20), 100);
  EXPECT_NEAR(from_decibels(3), 1.99526, 1e-5);
}

TEST(Formulas, BitsOfSymbols) {
  EXPECT_EQ(bits_per_symbol(Modulation::kBpsk), 1U);
  EXPECT_EQ(bits_per_symbol(Modulation::kQpsk), 2U);
  EXPECT_EQ(bits_per_symbol(Modulation::kQam16), 4U);
  EXPECT_EQ(bits_per_symbol(Modulation::kNone), 8U);
}

TEST(Formulas, BpskAndQpskAgreePerBit) {
  for (const double eb_n0 : {0.0, 3.0, 9.0}) {
    EXPECT_NEAR(awgn(Modulation::kBpsk, eb_n0), q_function(std::sqrt(2 * from_decibels(eb_n0))), 1e-15);
    const double two_bits = eb_n0 + 10 * std::log10(2);
    EXPECT_NEAR(awgn(Modulation::kQpsk, two_bits), awgn(Modulation::kBpsk, eb_n0), 1e-15);
    EXPECT_NEAR(rayleigh(Modulation::kQpsk, two_bits), rayleigh(Modulation::kBpsk, eb_n0), 1e-15);
  }
  // The textbook's point: an error in 10^5 bits at 9.6 dB.
  EXPECT_NEAR(awgn(Modulation::kBpsk, 9.588), 1e-5, 1e-7);
}

TEST(Formulas, RayleighAverages) {
  for (const double decibels : {-10.0, 0.0, 10.0, 30.0}) {
    const double g = from_decibels(decibels);
    EXPECT_NEAR(rayleigh(Modulation::kBpsk, decibels), 0.5 * (1 - std::sqrt(g / (1 + g))), 1e-14);
  }
  // At high g the error falls with 1 / (4 g), where subtracting nearly equal numbers would leave nothing.
  EXPECT_NEAR(rayleigh(Modulation::kBpsk, 100) * 4e10, 1, 1e-9);
  // Each formula is the mean of the one without fading over an exponential gain: midpoints of its quantiles.
  constexpr int kSteps = 20000;
  for (const Modulation modulation : kAll) {
    double sum = 0;
    for (int i = 0; i < kSteps; ++i) {
      const double gain = -std::log((i + 0.5) / kSteps);
      sum += bit_error_probability(modulation, Fading::kNone, gain * from_decibels(12));
    }
    EXPECT_NEAR(sum / kSteps, rayleigh(modulation, 12), 2e-5);
  }
}

TEST(Formulas, Extremes) {
  for (const Modulation modulation : kAll) {
    EXPECT_NEAR(awgn(modulation, -100), 0.5, 1e-5);
    EXPECT_NEAR(rayleigh(modulation, -100), 0.5, 1e-5);
    EXPECT_EQ(awgn(modulation, 100), 0);
    EXPECT_LT(rayleigh(modulation, 100), 1e-9);
  }
  EXPECT_EQ(bit_error_probability(Modulation::kNone, Fading::kNone, 1), 0);
  EXPECT_EQ(bit_error_probability(Modulation::kNone, Fading::kRayleigh, 1), 0);
}

// Adds noise to symbols, and decides for the nearest: an experiment that shares nothing with the formula.
TEST(Formulas, Qam16AgreesWithNoise) {
  constexpr uint64_t kSymbols = 200000;
  constexpr int kLevels[] = {-3, -1, 3, 1};  // of the bits 00, 01, 10, 11
  const double g = from_decibels(10);
  // Mean energy 10 of a symbol, and N0 / 2 of it on each axis.
  const double deviation = std::sqrt(10 / g / 2);
  Random random(5, RandomStream::kBits, 0);
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < kSymbols; ++i) {
    const auto [first, second] = draw_normal(random);
    for (const double noise : {first, second}) {
      const unsigned sent = draw_bits(2, random);
      const double received = kLevels[sent] + deviation * noise;
      const auto distance = [&](unsigned bits) { return std::abs(kLevels[bits] - received); };
      unsigned detected = 0;
      for (unsigned bits = 1; bits < 4; ++bits) detected = distance(bits) < distance(detected) ? bits : detected;
      wrong += ones(sent ^ detected);
    }
  }
  expect_binomial(wrong, 4 * kSymbols, awgn(Modulation::kQam16, 10), 2);
}

class DetectorAt : public ::testing::TestWithParam<double> {};

TEST_P(DetectorAt, MeetsTheFormula) {
  constexpr uint64_t kSymbols = 100000;
  for (const Modulation modulation : kAll) {
    const unsigned bits = bits_per_symbol(modulation);
    const Detector detector(modulation, from_decibels(GetParam()));
    Random noise(11, RandomStream::kBits, 0);
    Random data(12, RandomStream::kBits, 0);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < kSymbols; ++i) wrong += ones(detector.errors(draw_bits(bits, data), noise));
    // The bits of one axis err together at worst.
    expect_binomial(wrong, bits * kSymbols, awgn(modulation, GetParam()), modulation == Modulation::kQam16 ? 2 : 1);
  }
}

INSTANTIATE_TEST_SUITE_P(All, DetectorAt, ::testing::Values(-10.0, 0.0, 3.0, 6.0));

// 16-QAM is worth a look bit by bit: each class, each level, and both bits of an axis at once.
TEST(Detector, ClassesOfQam16) {
  constexpr uint64_t kSymbols = 200000;
  const double g = from_decibels(8);
  const double a = std::sqrt(g / 5);
  const auto tail = [a](int k) { return q_function(k * a); };
  const Detector detector(Modulation::kQam16, g);
  // Of both axes: by the bits sent, how often they came and what was wrong.
  uint64_t sent[4] = {};
  uint64_t wrong[4][4] = {};
  Random noise(21, RandomStream::kBits, 0);
  Random data(22, RandomStream::kBits, 0);
  for (uint64_t i = 0; i < kSymbols; ++i) {
    const unsigned bits = draw_bits(4, data);
    const unsigned mask = detector.errors(bits, noise);
    for (const unsigned shift : {0, 2}) {
      ++sent[bits >> shift & 3];
      ++wrong[bits >> shift & 3][mask >> shift & 3];
    }
  }
  constexpr unsigned kSign = 2;
  constexpr unsigned kAmplitude = 1;
  for (const unsigned outer : {0U, kSign}) {
    expect_binomial(wrong[outer][kAmplitude], sent[outer], tail(1) - tail(3));
    expect_binomial(wrong[outer][kSign | kAmplitude], sent[outer], tail(3) - tail(5));
    EXPECT_LE(wrong[outer][kSign], 10U) << "beyond five half distances";
  }
  for (const unsigned inner : {kAmplitude, kSign | kAmplitude}) {
    expect_binomial(wrong[inner][kAmplitude], sent[inner], tail(1));
    expect_binomial(wrong[inner][kSign], sent[inner], tail(1) - tail(3));
    expect_binomial(wrong[inner][kSign | kAmplitude], sent[inner], tail(3));
  }
  uint64_t sign = 0;
  uint64_t amplitude = 0;
  for (const auto& row : wrong) {
    sign += row[kSign] + row[kSign | kAmplitude];
    amplitude += row[kAmplitude] + row[kSign | kAmplitude];
  }
  expect_binomial(sign, 2 * kSymbols, (tail(1) + tail(3)) / 2);
  expect_binomial(amplitude, 2 * kSymbols, (2 * tail(1) + tail(3) - tail(5)) / 2);
}

TEST(Detector, Extremes) {
  constexpr uint64_t kSymbols = 10000;
  Random random(1, RandomStream::kBits, 0);
  Random data(2, RandomStream::kBits, 0);
  for (const Modulation modulation : kAll) {
    EXPECT_TRUE(Detector(modulation, from_decibels(100)).perfect());
    EXPECT_FALSE(Detector(modulation, from_decibels(-100)).perfect());
    const Detector silent(modulation, 0);
    const unsigned bits = bits_per_symbol(modulation);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < kSymbols; ++i) wrong += ones(silent.errors(draw_bits(bits, data), random));
    expect_binomial(wrong, bits * kSymbols, 0.5, 2);
  }
  EXPECT_TRUE(Detector(Modulation::kNone, 0).perfect());
  EXPECT_EQ(Detector(Modulation::kNone, 0).errors(255, random), 0U);
}

}  // namespace
}  // namespace crlsc::test
