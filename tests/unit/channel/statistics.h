// SPDX-License-Identifier: LGPL-2.1-or-later
// How far a count of random events may be from its expectation. Seeds are fixed, so that a test passes always or never;
// the bound says that it passes for no special reason.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace crlsc::test {

// A binomial count leaves these many standard deviations in 7 of 10^6 experiments.
constexpr double kDeviations = 4.5;

// Expects `count` events in `trials`, each of probability `p`. `inflation` is the ratio of the count's variance to that
// of independent trials; events that come in groups of k equal ones have k.
inline void expect_binomial(uint64_t count, uint64_t trials, double p, double inflation = 1) {
  const double expected = static_cast<double>(trials) * p;
  const double bound = kDeviations * std::sqrt(expected * (1 - p) * inflation);
  EXPECT_GE(expected, 20) << "too few events to be told from none";
  EXPECT_NEAR(static_cast<double>(count), expected, bound) << "of " << trials << " at " << p;
}

}  // namespace crlsc::test
