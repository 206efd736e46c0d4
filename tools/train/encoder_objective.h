// SPDX-License-Identifier: LGPL-2.1-or-later
// What a semantic head is trained for: the vectors of a knowledge base, or, to compare with, views of pictures or
// labels alone.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "train/encoder_material.h"

namespace crlsc::tools {

class EncoderObjective {
 public:
  // `bank`: vectors of the knowledge base that each step of EncoderMode::kGuided compares with, at most.
  static std::unique_ptr<EncoderObjective> make(const EncoderMaterial& material, int bank);
  virtual ~EncoderObjective() = default;

  // Samples of one picture that a step needs, side by side in its batch.
  virtual int views() const { return 1; }
  // Names of what the loss is made of, at most three.
  virtual std::vector<std::string> terms() const = 0;
  // The loss, and in `parts` its terms, of the head's vectors [B, D], not of unit length, for `samples`.
  virtual torch::Tensor loss(const torch::Tensor& vectors, const std::vector<EncoderSample>& samples,
                             std::mt19937_64& random, std::vector<torch::Tensor>& parts) = 0;
  // How well the head does on plain samples that it never learns from, 1 at best.
  virtual double score(const torch::Tensor& vectors, const std::vector<EncoderSample>& samples) = 0;
  // Layers on top of the head that are trained with it and then thrown away; may be empty.
  torch::nn::Sequential beside;
};

}  // namespace crlsc::tools
