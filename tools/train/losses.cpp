// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/losses.h"

#include <cmath>

#include "core/picture.h"
#include "core/token/gain.h"

namespace crlsc::tools {
namespace {

constexpr int kCellSamples = kCellSize * kCellSize;
constexpr double kStructureError = 200;  // squared error of a sample that the loss of all structure counts as
constexpr double kChroma = 1.2;          // what a sample of it counts beside one of luma
constexpr double kFloorBits = 5;         // a coded cell's least cost, so that easy samples do not rule

// Of whole pictures.
constexpr double kErrorWeight = 0.4;
constexpr double kChromaWeight = 0.4;
constexpr double kErrorFloor = 4;  // squared, of a sample
constexpr double kStructureWeight = 0.6;
constexpr int kScales = 3;

constexpr int kWindow = 11;
constexpr double kSigma = 1.5;
constexpr double kRange = 255.0 / 128;
constexpr double kC1 = 0.01 * 0.01 * kRange * kRange;
constexpr double kC2 = 0.03 * 0.03 * kRange * kRange;

torch::Tensor gaussian() {
  auto x = torch::arange(kWindow, torch::kFloat32) - kWindow / 2;
  auto g = torch::exp(-x.square() / (2 * kSigma * kSigma));
  return g / g.sum();
}

torch::Tensor blur(const torch::Tensor& x) {
  static const torch::Tensor g = gaussian();
  return torch::conv2d(torch::conv2d(x, g.view({1, 1, 1, kWindow})), g.view({1, 1, kWindow, 1}));
}

}  // namespace

torch::Tensor multi_scale_ssim(torch::Tensor a, torch::Tensor b, int scales) {
  torch::Tensor total;
  const int64_t batch = a.size(0);
  for (int s = 0; s < scales; ++s) {
    if (s > 0) {
      a = torch::avg_pool2d(a, 2);
      b = torch::avg_pool2d(b, 2);
    }
    // One pass over all five maps.
    const auto maps = blur(torch::cat({a, b, a * a, b * b, a * b}, 0)).split(batch);
    const auto ma = maps[0], mb = maps[1];
    const auto va = maps[2] - ma * ma, vb = maps[3] - mb * mb, cov = maps[4] - ma * mb;
    const auto ssim = (2 * ma * mb + kC1) * (2 * cov + kC2) / ((ma * ma + mb * mb + kC1) * (va + vb + kC2));
    const auto mean = ssim.mean({1, 2, 3});
    total = total.defined() ? total + mean : mean;
  }
  return total / scales;
}

torch::Tensor picture_loss(const neural::PictureTensor& decoded, const neural::PictureTensor& original) {
  const auto error = [](const torch::Tensor& a, const torch::Tensor& b) {
    return ((a - b).square().mean({1, 2, 3}) * (128 * 128) + kErrorFloor).log();
  };
  const torch::Tensor luma = error(decoded.luma, original.luma);
  const torch::Tensor chroma = error(decoded.chroma, original.chroma);
  const torch::Tensor dissimilar = 1 - multi_scale_ssim(decoded.luma, original.luma, kScales);
  return (kErrorWeight * (luma + kChromaWeight * chroma) / 2 + kStructureWeight * dissimilar).mean();
}

torch::Tensor rate_distortion_loss(const CodedCrops& crops) {
  const auto lambda = kLambdaOfStep * crops.steps.square();
  // Of whole cells.
  const auto error = torch::avg_pool2d(crops.luma_error, kCellSize) * kCellSamples +
                     torch::avg_pool2d(crops.chroma_error, kCellSize / 2).sum(1, true) * (kChroma * kCellSamples / 4);
  const auto structure = crops.dissimilar.view({-1, 1, 1, 1}) * kStructureError * kCellSamples * crops.coded;
  const auto cost = ((error + structure) / lambda + crops.bits).sum({1, 2, 3});
  return torch::log(cost / crops.coded.sum({1, 2, 3}).clamp_min(1) + kFloorBits);
}

}  // namespace crlsc::tools
