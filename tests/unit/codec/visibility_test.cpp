// SPDX-License-Identifier: LGPL-2.1-or-later
// Smooth cells weigh more than textured ones, cells at rest more than moving ones, and structure counts.
#include "core/codec/visibility.h"

#include <gtest/gtest.h>

#include <algorithm>
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

std::vector<float> weights_of(const Picture& picture) {
  Visibility visibility;
  visibility.next(picture);
  return visibility.weights();
}

TEST(Visibility, WeightsFallWithTexture) {
  const std::vector<float> weights = weights_of(rising_texture(8));
  ASSERT_EQ(weights.size(), 8U);
  for (size_t i = 1; i < weights.size(); ++i) EXPECT_LT(weights[i], weights[i - 1]) << i;
}

TEST(Visibility, GeometricMeanIsOne) {
  double logs = 0;
  for (const float w : weights_of(rising_texture(8))) logs += std::log(w);
  EXPECT_NEAR(logs, 0, 1e-4);
}

TEST(Visibility, WeightsAreAlikeWhereThePictureIs) {
  for (const float w : weights_of(Picture(64, 48))) EXPECT_FLOAT_EQ(w, 1);
}

// The left half rests, the right half flickers.
TEST(Visibility, WhatRestsComesToWeighMore) {
  Visibility visibility;
  float before = 0;
  for (int n = 0; n < 30; ++n) {
    Picture picture(32, 16);
    for (int y = 0; y < 16; ++y) std::fill_n(picture.plane(0) + y * 32 + 16, 16, uint8_t(n % 2 == 0 ? 100 : 140));
    visibility.next(picture);
    EXPECT_FLOAT_EQ(visibility.weights()[1], 1) << n;
    EXPECT_GE(visibility.weights()[0], before) << n;
    before = visibility.weights()[0];
  }
  EXPECT_FLOAT_EQ(before, 3);
}

TEST(Visibility, AnotherSizeStartsAnew) {
  Visibility visibility;
  for (int n = 0; n < 5; ++n) visibility.next(Picture(32, 32));
  visibility.next(Picture(48, 16));
  ASSERT_EQ(visibility.weights().size(), 3U);
  for (const float w : visibility.weights()) EXPECT_FLOAT_EQ(w, 1);
}

TEST(Visibility, SimilarityIsOneForTheSameAndLessForAnother) {
  const Picture texture = rising_texture(8);
  const Picture flat(texture.width(), texture.height());
  EXPECT_DOUBLE_EQ(cell_ssim(texture, texture, 5, 0), 1);
  EXPECT_LT(cell_ssim(texture, flat, 5, 0), 0.3);
  EXPECT_GT(cell_ssim(texture, flat, 1, 0), cell_ssim(texture, flat, 7, 0));
}

TEST(Visibility, DistortionIsNothingOnlyForTheSame) {
  Visibility visibility;
  const Picture texture = rising_texture(8);
  visibility.next(texture);
  EXPECT_DOUBLE_EQ(visibility.distortion(texture, 3, 0), 0);
  EXPECT_GT(visibility.distortion(Picture(texture.width(), texture.height()), 3, 0), 0);
}

// Of two changes with the same squared error the one that takes the structure away is worse.
TEST(Visibility, LostStructureCountsBesideSquaredError) {
  Visibility visibility;
  Picture source(16, 16);
  Picture brighter(16, 16);
  Picture flat(16, 16);
  for (int i = 0; i < 256; ++i) {
    const int wave = i % 2 == 0 ? 12 : -12;
    source.plane(0)[i] = static_cast<uint8_t>(128 + wave);
    brighter.plane(0)[i] = static_cast<uint8_t>(140 + wave);
    flat.plane(0)[i] = 128;
  }
  visibility.next(source);
  EXPECT_GT(visibility.distortion(flat, 0, 0), 2 * visibility.distortion(brighter, 0, 0));
}

}  // namespace
}  // namespace crlsc
