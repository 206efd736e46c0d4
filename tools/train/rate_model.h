// SPDX-License-Identifier: LGPL-2.1-or-later
// What the levels of a scalar quantiser are likely to cost, differentiably: the trainer's stand-in for the contexts of
// core/token. Each coefficient is a Laplacian whose width follows from levels that are known before it.
#pragma once

#include <torch/torch.h>

#include "core/token/grid.h"

namespace crlsc::tools {

class RateModelImpl : public torch::nn::Module {
 public:
  explicit RateModelImpl(const TokenLayout& layout);

  struct Bits {
    torch::Tensor structure;  // by cell [B, 1, h, w]
    torch::Tensor detail;     // by cell and stage [B, stages, h, w]
  };
  // Of latents that stand for levels, structure [B, coefficients, h, w] and detail [B, all stages' coefficients, 2h,
  // 2w], after noise that is uniform within +-0.5 took the place of rounding (Balle et al. 2017); `levels` are the
  // rounded ones, zeros where nothing is coded. Places that are not coded cost what zeros cost.
  Bits forward(const torch::Tensor& structure, const torch::Tensor& detail, const torch::Tensor& structure_levels,
               const torch::Tensor& detail_levels);

 private:
  TokenLayout layout_;
  torch::Tensor structure_weights_;  // [features, coefficients, 1, 1]
  torch::Tensor detail_weights_;
};
TORCH_MODULE(RateModel);

// Levels of latents: rounded to the nearest, but towards zero what is not clearly further from it.
torch::Tensor to_levels(const torch::Tensor& latent);

}  // namespace crlsc::tools
