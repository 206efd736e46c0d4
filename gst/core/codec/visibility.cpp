// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/visibility.h"

#include <algorithm>
#include <cmath>

#include "core/codec/square_error.h"

namespace crlsc {
namespace {

constexpr int kBlock = 8;
constexpr int kBlockStep = 4;
constexpr double kBlockSamples = kBlock * kBlock;
// The constants of SSIM for 8-bit samples: (0.01 x 255)^2 and (0.03 x 255)^2.
constexpr double kC1 = 6.5025;
constexpr double kC2 = 58.5225;
// An error's share in 1 - SSIM is in inverse proportion to twice the variance of what it lies on, plus C2 (Wang et al.
// 2004, equation 13). Of that, by far not all: squared error counts, too.
constexpr double kTextureStrength = 0.35;
// What the loss of a cell's whole structure counts as: an error of 20 a sample, root mean square.
constexpr double kStructure = 400.0 * kCellSize * kCellSize;
// What a sample of chroma counts beyond the half that cell_error() gives it: patches of a wrong colour are seen at
// once.
constexpr double kMoreChroma = 0.7;
// A cell at rest for this many pictures weighs 1 + kRestGain times as much as one that moves.
constexpr int kLongRest = 10;
constexpr float kRestGain = 2;
// A source that changes by more than noise, 7 a sample, root mean square, moves.
constexpr uint32_t kMoves = 50 * kCellSize * kCellSize;

const uint8_t* luma_at(const Picture& picture, int x, int y) {
  return picture.plane(0) + static_cast<ptrdiff_t>(picture.width()) * y + x;
}

double variance(const Picture& picture, int x, int y) {
  int sum = 0;
  int squares = 0;
  for (int r = 0; r < kBlock; ++r) {
    const uint8_t* p = luma_at(picture, x, y + r);
    for (int c = 0; c < kBlock; ++c) {
      sum += p[c];
      squares += p[c] * p[c];
    }
  }
  return (squares - sum * (sum / kBlockSamples)) / kBlockSamples;
}

double block_ssim(const Picture& a, const Picture& b, int x, int y) {
  int sum_a = 0, sum_b = 0, squares_a = 0, squares_b = 0, products = 0;
  for (int r = 0; r < kBlock; ++r) {
    const uint8_t* pa = luma_at(a, x, y + r);
    const uint8_t* pb = luma_at(b, x, y + r);
    for (int c = 0; c < kBlock; ++c) {
      const int16_t u = pa[c];
      const int16_t v = pb[c];
      sum_a += u;
      sum_b += v;
      squares_a += u * u;
      squares_b += v * v;
      products += u * v;
    }
  }
  const double mean_a = sum_a / kBlockSamples;
  const double mean_b = sum_b / kBlockSamples;
  const double variances = (squares_a + squares_b) / kBlockSamples - mean_a * mean_a - mean_b * mean_b;
  const double covariance = products / kBlockSamples - mean_a * mean_b;
  return (2 * mean_a * mean_b + kC1) * (2 * covariance + kC2) /
         ((mean_a * mean_a + mean_b * mean_b + kC1) * (variances + kC2));
}

std::vector<float> texture_weights(const Picture& picture) {
  std::vector<float> weights;
  double logs = 0;
  for (int y = 0; y < picture.height(); y += kCellSize) {
    for (int x = 0; x < picture.width(); x += kCellSize) {
      double sum = 0;
      for (int b = 0; b < 4; ++b) {
        sum += 1 / (2 * variance(picture, x + b % 2 * kBlock, y + b / 2 * kBlock) + kC2);
      }
      weights.push_back(static_cast<float>(std::pow(sum, kTextureStrength)));
      logs += std::log(weights.back());
    }
  }
  const auto scale = static_cast<float>(std::exp(-logs / static_cast<double>(weights.size())));
  for (float& w : weights) w *= scale;
  return weights;
}

}  // namespace

double cell_ssim(const Picture& a, const Picture& b, int column, int row) {
  double sum = 0;
  int blocks = 0;
  for (int y = 0; y <= kCellSize - kBlock; y += kBlockStep) {
    for (int x = 0; x <= kCellSize - kBlock; x += kBlockStep, ++blocks) {
      sum += block_ssim(a, b, column * kCellSize + x, row * kCellSize + y);
    }
  }
  return sum / blocks;
}

void Visibility::next(const Picture& source) {
  age_cells(source);
  source_ = source;
  texture_ = weights_ = texture_weights(source);
  for (size_t i = 0; i < weights_.size(); ++i) {
    weights_[i] *= 1 + kRestGain * static_cast<float>(rest_[i]) / kLongRest;
  }
}

void Visibility::age_cells(const Picture& source) {
  const int cols = source.width() / kCellSize;
  const auto cells = static_cast<size_t>(cols) * (source.height() / kCellSize);
  if (source.width() != source_.width() || source.height() != source_.height()) {
    rest_.assign(cells, 0);
    return;
  }
  for (size_t i = 0; i < cells; ++i) {
    const auto cell = static_cast<int>(i);
    const bool moves = cell_error(source, source_, cell % cols, cell / cols) > kMoves;
    rest_[i] = moves ? 0 : std::min(rest_[i] + 1, kLongRest);
  }
}

double Visibility::distortion(const Picture& shown, int column, int row) const {
  const auto i = static_cast<size_t>(row) * (source_.width() / kCellSize) + column;
  // Structure knows of texture by itself.
  const double structure = kStructure * (1 - cell_ssim(source_, shown, column, row)) / texture_[i];
  const double colour = kMoreChroma * chroma_error(source_, shown, column * kCellSize, row * kCellSize, kCellSize);
  return weights_[i] * (cell_error(source_, shown, column, row) + colour + structure);
}

}  // namespace crlsc
