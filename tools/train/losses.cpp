// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/losses.h"

#include <cmath>

namespace crlsc::tools {
namespace {

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

}  // namespace crlsc::tools
