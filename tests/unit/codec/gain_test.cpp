// SPDX-License-Identifier: LGPL-2.1-or-later
// Gains fit what they are to scale.
#include "core/token/gain.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/codec/square_error.h"
#include "core/token/grid.h"

namespace crlsc {
namespace {

// Root mean square of a change by `luma` in every luma sample and `chroma` in every chroma sample, as an error.
uint32_t error_of_change(int luma, int chroma) {
  const Picture grey(kCellSize, kCellSize);
  Picture changed(kCellSize, kCellSize);
  for (int p = 0; p < 3; ++p) {
    for (int i = 0; i < changed.plane_width(p) * changed.plane_height(p); ++i) {
      changed.plane(p)[i] = static_cast<uint8_t>(128 + (p == 0 ? luma : chroma));
    }
  }
  return cell_error(grey, changed, 0, 0);
}

TEST(Gain, AChangeOfALevelsValueHasThatLevel) {
  for (int level = 0; level < 6; ++level) {
    EXPECT_EQ(gain_level(error_of_change(gain_value(level), gain_value(level)), kMaxGainLevels), level);
  }
}

TEST(Gain, ValuesDouble) {
  EXPECT_EQ(gain_value(0), 2);
  for (int level = 1; level < kMaxGainLevels; ++level) EXPECT_EQ(gain_value(level), 2 * gain_value(level - 1));
}

TEST(Gain, NeverFurtherThanHalfALevel) {
  for (int change = 2; change < 128; ++change) {
    const int level = gain_level(error_of_change(change, change), kMaxGainLevels);
    const double off = std::log2(static_cast<double>(change) / gain_value(level));
    EXPECT_LE(std::abs(off), 0.5) << change;
  }
}

TEST(Gain, StaysBelowTheNumberOfLevels) {
  EXPECT_EQ(gain_level(0, 6), 0);
  EXPECT_EQ(gain_level(UINT32_MAX, 6), 5);
  EXPECT_EQ(gain_level(UINT32_MAX, 1), 0);
}

TEST(Step, ValuesAreEightTimesPowersOfOneAndAHalf) {
  for (int level = 0; level < kMaxGainLevels; ++level) {
    EXPECT_EQ(step_value(level), std::lround(8 * std::pow(1.5, level))) << level;
  }
}

// The level is the one nearest to the step that suits lambda.
TEST(Step, NeverFurtherThanHalfALevel) {
  for (double lambda = kLambdaOfStep * 64; lambda < kLambdaOfStep * 137 * 137; lambda *= 1.01) {
    const double step = std::sqrt(lambda / kLambdaOfStep);
    const int level = step_level(lambda, kMaxGainLevels);
    EXPECT_LE(std::abs(std::log2(step / step_value(level))), 0.31) << lambda;  // steps are rounded
  }
}

TEST(Step, RisesWithLambdaAndStaysBelowTheNumberOfLevels) {
  EXPECT_EQ(step_level(0, kMaxGainLevels), 0);
  EXPECT_EQ(step_level(1e9, kMaxGainLevels), kMaxGainLevels - 1);
  EXPECT_EQ(step_level(1e9, 5), 4);
  EXPECT_EQ(step_level(1e9, 1), 0);
  for (int level = 0; level < kMaxGainLevels; ++level) {
    EXPECT_EQ(step_level(kLambdaOfStep * step_value(level) * step_value(level), kMaxGainLevels), level);
  }
}

}  // namespace
}  // namespace crlsc
