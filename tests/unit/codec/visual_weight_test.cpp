// SPDX-License-Identifier: LGPL-2.1-or-later
// Smooth cells weigh more than textured ones.
#include "core/codec/visual_weight.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace crlsc {
namespace {

// Cells from left to right with noise of 0, 8, 16, … grey levels.
Picture rising_texture(int cells) {
  Picture picture(cells * kCellSize, kCellSize);
  std::mt19937 random(1);
  for (int y = 0; y < kCellSize; ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      const unsigned range = static_cast<unsigned>(x / kCellSize) * 8 + 1;
      picture.plane(0)[y * picture.width() + x] = static_cast<uint8_t>(100 + random() % range);
    }
  }
  return picture;
}

TEST(VisualWeight, FallsWithTexture) {
  const std::vector<float> weights = visual_weights(rising_texture(8));
  ASSERT_EQ(weights.size(), 8U);
  for (size_t i = 1; i < weights.size(); ++i) EXPECT_LT(weights[i], weights[i - 1]) << i;
}

TEST(VisualWeight, GeometricMeanIsOne) {
  double logs = 0;
  for (const float w : visual_weights(rising_texture(8))) logs += std::log(w);
  EXPECT_NEAR(logs, 0, 1e-4);
}

TEST(VisualWeight, AlikeWhereThePictureIs) {
  for (const float w : visual_weights(Picture(64, 48))) EXPECT_FLOAT_EQ(w, 1);
}

}  // namespace
}  // namespace crlsc
