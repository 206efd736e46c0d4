// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/visibility.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/codec/square_error.h"

namespace crlsc {
namespace {

constexpr int kBlock = 8;
constexpr int kBlockStep = 4;
constexpr int kSteps = kCellSize / kBlockStep;
static_assert(kBlock == 2 * kBlockStep, "a block is made of four steps");
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

// Of two pictures' samples at the same places.
struct Sums {
  int a = 0;
  int b = 0;
  int squares = 0;  // of both
  int products = 0;

  Sums& operator+=(const Sums& more) {
    a += more.a;
    b += more.b;
    squares += more.squares;
    products += more.products;
    return *this;
  }
};

// Of kBlockStep x kBlockStep samples each, side by side across a cell.
std::array<Sums, kSteps> step_sums(const uint8_t* a, const uint8_t* b, ptrdiff_t stride) {
  std::array<std::array<int, kCellSize>, 4> columns{};
  for (int r = 0; r < kBlockStep; ++r, a += stride, b += stride) {
    for (size_t c = 0; c < kCellSize; ++c) {
      const int16_t u = a[c];
      const int16_t v = b[c];
      columns[0][c] += u;
      columns[1][c] += v;
      columns[2][c] += u * u + v * v;
      columns[3][c] += u * v;
    }
  }
  std::array<Sums, kSteps> sums;
  for (size_t c = 0; c < kCellSize; ++c)
    sums[c / kBlockStep] += {columns[0][c], columns[1][c], columns[2][c], columns[3][c]};
  return sums;
}

double block_ssim(const Sums& sums) {
  const double mean_a = sums.a / kBlockSamples;
  const double mean_b = sums.b / kBlockSamples;
  const double variances = sums.squares / kBlockSamples - mean_a * mean_a - mean_b * mean_b;
  const double covariance = sums.products / kBlockSamples - mean_a * mean_b;
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
  std::array<Sums, kSteps> above{};
  for (int y = 0; y < kSteps; ++y) {
    const int line = row * kCellSize + y * kBlockStep;
    const auto here = step_sums(luma_at(a, column * kCellSize, line), luma_at(b, column * kCellSize, line), a.width());
    for (size_t x = 0; y > 0 && x + 1 < kSteps; ++x) {
      Sums block = above[x];
      sum += block_ssim(((block += above[x + 1]) += here[x]) += here[x + 1]);
    }
    above = here;
  }
  return sum / ((kSteps - 1) * (kSteps - 1));
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
