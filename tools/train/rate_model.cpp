// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/rate_model.h"

#include <cmath>
#include <vector>

namespace crlsc::tools {
namespace {

using torch::Tensor;

constexpr double kDeadZone = 0.75;     // what an encoder finds too dear to say lies below, in steps
constexpr double kRounding = 0.4;      // and rounds the rest down where it is less than this below
constexpr double kLeastWidth = 0.04;   // of a Laplacian, in steps
constexpr double kLeastChance = 1e-6;  // of a level
constexpr int kFeatures = 6;

// `map` one place to the right or down: what stands to the left or above.
Tensor shifted(const Tensor& map, int dx, int dy) {
  return torch::constant_pad_nd(map, {dx, 0, dy, 0}).slice(2, 0, map.size(2)).slice(3, 0, map.size(3));
}

Tensor start_weights(int64_t coefficients) {
  auto w = torch::zeros({kFeatures, coefficients, 1, 1});
  w[0].fill_(-1.5);
  for (int i = 1; i < kFeatures; ++i) w[i].fill_(0.3);
  return w;
}

// Width of each coefficient's Laplacian: positive, from a weighed sum of features.
Tensor widths(const std::vector<Tensor>& features, const Tensor& weights) {
  Tensor sum = weights[0].unsqueeze(0);
  for (size_t i = 0; i < features.size(); ++i) sum = sum + features[i] * weights[static_cast<int64_t>(i) + 1];
  return torch::softplus(sum) + kLeastWidth;
}

// -log2 of the chance that a Laplacian variable lies within half a step of `value`.
Tensor laplace_bits(const Tensor& value, const Tensor& width) {
  const auto far = value.abs() + 0.5;
  const auto near = (value.abs() - 0.5).abs();
  const auto at_far = torch::exp(-far / width);
  const auto at_near = torch::exp(-near / width);
  const auto chance = torch::where(value.abs() < 0.5, 1 - 0.5 * (at_near + at_far), 0.5 * (at_near - at_far));
  return -torch::log2(chance.clamp_min(kLeastChance));
}

// How large the levels at a place are, all coefficients together: [B, 1, h, w].
Tensor energy(const Tensor& levels) { return torch::log1p(levels.abs().sum(1, true)); }

}  // namespace

Tensor to_levels(const Tensor& latent) {
  const auto magnitude = latent.abs();
  return latent.sign() * (magnitude + kRounding).floor() * (magnitude > kDeadZone).to(latent.dtype());
}

RateModelImpl::RateModelImpl(const TokenLayout& layout) : layout_(layout) {
  int64_t details = 0;
  for (int n : layout.detail_coefficients) details += n;
  structure_weights_ = register_parameter("structure", start_weights(layout.structure_coefficients));
  detail_weights_ = register_parameter("detail", start_weights(details));
}

RateModelImpl::Bits RateModelImpl::forward(const Tensor& structure, const Tensor& detail,
                                           const Tensor& structure_levels, const Tensor& detail_levels) {
  auto around = [](const Tensor& levels) {
    const auto magnitude = torch::log1p(levels.abs());
    const auto all = energy(levels);
    return std::vector<Tensor>{shifted(magnitude, 1, 0), shifted(magnitude, 0, 1), shifted(all, 1, 0),
                               shifted(all, 0, 1)};
  };
  Bits bits;
  auto features = around(structure_levels);
  bits.structure = laplace_bits(structure, widths(features, structure_weights_)).sum(1, true);

  features = around(detail_levels);
  const auto below = energy(structure_levels);
  // Of each stage, what the one before says of the same block; of the first, what the structure says.
  std::vector<Tensor> before;
  std::vector<Tensor> of_stage;
  int64_t first = 0;
  auto last = torch::upsample_nearest2d(below, {detail.size(2), detail.size(3)});
  for (int n : layout_.detail_coefficients) {
    before.push_back(last.expand({-1, n, -1, -1}));
    last = energy(detail_levels.slice(1, first, first + n));
    first += n;
  }
  features.push_back(torch::cat(before, 1));
  const auto each = laplace_bits(detail, widths(features, detail_weights_));
  first = 0;
  for (int n : layout_.detail_coefficients) {
    of_stage.push_back(4 * torch::avg_pool2d(each.slice(1, first, first + n).sum(1, true), 2));
    first += n;
  }
  bits.detail = torch::cat(of_stage, 1);
  return bits;
}

}  // namespace crlsc::tools
