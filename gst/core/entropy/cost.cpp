// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/cost.h"

#include <array>

namespace crlsc {
namespace {

constexpr int kMantissaBits = 9;

// log2 of 1 + (i + 1/2) / 512 in 1/256, rounded: its binary digits fall out of squaring again and again.
constexpr int log2_of_mantissa(int i) {
  constexpr int kFraction = 31;
  uint64_t x = (uint64_t{1} << kFraction) + (static_cast<uint64_t>(2 * i + 1) << (kFraction - kMantissaBits - 1));
  int log = 0;
  for (int digit = 0; digit < 12; ++digit) {
    x = x * x >> kFraction;
    const int carry = static_cast<int>(x >> (kFraction + 1));
    x >>= carry;
    log = 2 * log + carry;
  }
  return (log + 8) >> 4;
}

constexpr std::array<uint16_t, 1 << kMantissaBits> make_table() {
  std::array<uint16_t, 1 << kMantissaBits> table{};
  for (int i = 0; i < 1 << kMantissaBits; ++i)
    table[static_cast<size_t>(i)] = static_cast<uint16_t>(log2_of_mantissa(i));
  return table;
}

constexpr auto kLog2 = make_table();

}  // namespace

int probability_cost(int probability) {
  int leading = 0;
  while (probability << leading < kProbabilityOne) ++leading;
  const int mantissa = (probability << leading) - kProbabilityOne;
  return leading * kCostPerBit -
         (mantissa == 0 ? 0 : kLog2[static_cast<size_t>(mantissa >> (kProbabilityBits - kMantissaBits))]);
}

}  // namespace crlsc
