// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/quantise.h"

namespace crlsc::neural {

torch::Tensor sum_details(SemanticNet& net, const TokenTensors& tokens, const torch::Tensor& stages) {
  torch::Tensor sum;
  for (size_t s = 0; s < tokens.detail.size(); ++s) {
    auto term = net->detail_quantisers[s]->lookup(tokens.detail[s]);
    if (stages.defined()) term = term * (stages > static_cast<int64_t>(s)).to(term.dtype()).unsqueeze(1);
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

std::vector<torch::Tensor> quantise_details(SemanticNet& net, const torch::Tensor& z, const CodePenalties& penalties,
                                            std::vector<torch::Tensor>& indices) {
  std::vector<torch::Tensor> residuals;
  auto residual = z;
  residuals.push_back(residual);
  for (size_t s = 0; s < net->detail_quantisers.size(); ++s) {
    const auto penalty = s < penalties.detail.size() ? penalties.detail[s] : torch::Tensor();
    indices.push_back(net->detail_quantisers[s]->nearest(residual, penalty));
    residual = residual - net->detail_quantisers[s]->lookup(indices.back());
    residuals.push_back(residual);
  }
  return residuals;
}

}  // namespace crlsc::neural
