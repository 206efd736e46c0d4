// SPDX-License-Identifier: LGPL-2.1-or-later
// A VQ-VAE on the features of a semantic head: what the CRLSC paper reconstructs pictures with. An experiment beside
// the product's codec, which has an encoder of its own.
#pragma once

#include <torch/torch.h>

#include "neural/semantic_head.h"
#include "neural/semantic_net.h"

namespace crlsc::tools {

// Pictures of neural::kHeadSize. One token of kCodes for each place of SemanticHead::features().
class FeatureCodecImpl : public torch::nn::Module {
 public:
  static constexpr int kCodes = 512;
  static constexpr int kCodeBits = 9;
  static constexpr int kTokens = neural::SemanticHeadImpl::kFeatureSide * neural::SemanticHeadImpl::kFeatureSide;

  explicit FeatureCodecImpl(neural::SemanticHead head);

  // Rows [B * kTokens, D] before quantisation. With `frozen`, no gradient reaches the head.
  torch::Tensor analyse(const neural::PictureTensor& pictures, bool frozen);
  // Pictures of rows, quantised or not.
  neural::PictureTensor synthesise(const torch::Tensor& rows, int64_t batch);

  neural::SemanticHead head{nullptr};
  neural::VectorQuantiser quantiser{nullptr};

 private:
  torch::nn::Conv2d squeeze_{nullptr};
  torch::nn::Sequential decoder_{nullptr};
};
TORCH_MODULE(FeatureCodec);

}  // namespace crlsc::tools
