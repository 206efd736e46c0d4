// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/quantise.h"

namespace crlsc::neural {

GainClasses gain_classes(const torch::Tensor& levels, const TokenLayout& layout) {
  const auto classes = (levels * layout.gain_classes).div(layout.gain_levels, "floor").to(torch::kFloat32);
  const auto blocks = torch::upsample_nearest2d(classes, {2 * levels.size(2), 2 * levels.size(3)});
  return {classes.flatten().to(torch::kLong), blocks.flatten().to(torch::kLong)};
}

torch::Tensor sum_details(SemanticNet& net, const TokenTensors& tokens, const GainClasses& classes,
                          const torch::Tensor& stages) {
  torch::Tensor sum;
  for (size_t s = 0; s < tokens.detail.size(); ++s) {
    auto term = net->detail_quantisers[s]->lookup(tokens.detail[s], classes.blocks);
    if (stages.defined()) term = term * (stages > static_cast<int64_t>(s)).to(term.dtype()).unsqueeze(1);
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

std::vector<torch::Tensor> quantise_details(SemanticNet& net, const torch::Tensor& z, const GainClasses& classes,
                                            const CodePenalties& penalties, std::vector<torch::Tensor>& indices) {
  std::vector<torch::Tensor> residuals;
  auto residual = z;
  residuals.push_back(residual);
  for (size_t s = 0; s < net->detail_quantisers.size(); ++s) {
    const auto penalty = s < penalties.detail.size() ? penalties.detail[s] : torch::Tensor();
    indices.push_back(net->detail_quantisers[s]->nearest(residual, penalty, classes.blocks));
    residual = residual - net->detail_quantisers[s]->lookup(indices.back(), classes.blocks);
    residuals.push_back(residual);
  }
  return residuals;
}

}  // namespace crlsc::neural
