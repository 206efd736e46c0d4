// SPDX-License-Identifier: LGPL-2.1-or-later
// The convolution that all networks of this module are made of.
#pragma once

#include <torch/torch.h>

namespace crlsc::neural {

// A convolution of a kernel of odd size that keeps the size of maps, but for its stride. At inference in fp32 always by
// oneDNN: torch leaves small maps, and 1x1 in one thread, to BLAS, which is slower, and several times so where BLAS
// does not know the CPU.
class ConvolutionImpl : public torch::nn::Conv2dImpl {
 public:
  ConvolutionImpl(int in, int out, int kernel, int stride = 1, bool with_bias = true, int groups = 1);
  torch::Tensor forward(const torch::Tensor& x);
};
TORCH_MODULE(Convolution);

}  // namespace crlsc::neural
