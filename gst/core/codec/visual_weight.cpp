// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/visual_weight.h"

#include <cmath>

namespace crlsc {
namespace {

constexpr int kBlock = 8;
// An error's share in 1 - SSIM is in inverse proportion to the variance of what it lies on, plus a constant (Wang et
// al. 2004, equation 13, with C2 of 8-bit samples).
constexpr double kConstant = 58.5;
// Of that, by far not all: squared error counts, too.
constexpr double kStrength = 0.5;

double variance(const Picture& picture, int x, int y) {
  int sum = 0;
  int squares = 0;
  for (int r = 0; r < kBlock; ++r) {
    const uint8_t* p = picture.plane(0) + static_cast<ptrdiff_t>(picture.width()) * (y + r) + x;
    for (int c = 0; c < kBlock; ++c) {
      sum += p[c];
      squares += p[c] * p[c];
    }
  }
  constexpr double kSamples = kBlock * kBlock;
  return (squares - sum * (sum / kSamples)) / kSamples;
}

}  // namespace

std::vector<float> visual_weights(const Picture& picture) {
  std::vector<float> weights;
  double logs = 0;
  for (int y = 0; y < picture.height(); y += kCellSize) {
    for (int x = 0; x < picture.width(); x += kCellSize) {
      double sum = 0;
      for (int b = 0; b < 4; ++b) {
        sum += 1 / (2 * variance(picture, x + b % 2 * kBlock, y + b / 2 * kBlock) + kConstant);
      }
      weights.push_back(static_cast<float>(std::pow(sum, kStrength)));
      logs += std::log(weights.back());
    }
  }
  const auto scale = static_cast<float>(std::exp(-logs / static_cast<double>(weights.size())));
  for (float& w : weights) w *= scale;
  return weights;
}

}  // namespace crlsc
