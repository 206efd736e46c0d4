// SPDX-License-Identifier: LGPL-2.1-or-later
// From network outputs to tokens and back: the part that training and inference share.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "neural/semantic_net.h"

namespace crlsc::neural {

// Which codebooks the places of a batch use, by the classes of their cells' gains.
struct GainClasses {
  torch::Tensor cells;   // [B * h/16 * w/16], rows as to_rows() gives them
  torch::Tensor blocks;  // likewise at 1/8
};
// Of gain levels [B, 1, h/16, w/16].
GainClasses gain_classes(const torch::Tensor& levels, const TokenLayout& layout);

// Price of each code in squared latent distance, for each row [N, codes]; undefined tensors cost nothing.
struct CodePenalties {
  torch::Tensor structure;
  std::vector<torch::Tensor> detail;  // by stage
};

// Tokens of a batch: structure [B, h/16 * w/16] flattened to rows, detail[stage] likewise at 1/8.
struct TokenTensors {
  torch::Tensor structure;
  std::vector<torch::Tensor> detail;
};

// Sum of the first code vectors of each position: stages[n] (rows at 1/8) says how many stages count; undefined = all.
torch::Tensor sum_details(SemanticNet& net, const TokenTensors& tokens, const GainClasses& classes,
                          const torch::Tensor& stages);

// Greedy residual quantisation of `z` [N, dim]; appends one index tensor a stage and returns the residual before each,
// and after the last.
std::vector<torch::Tensor> quantise_details(SemanticNet& net, const torch::Tensor& z, const GainClasses& classes,
                                            const CodePenalties& penalties, std::vector<torch::Tensor>& indices);

}  // namespace crlsc::neural
