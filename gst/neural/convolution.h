// SPDX-License-Identifier: LGPL-2.1-or-later
// The convolution that all networks of this module are made of.
#pragma once

#include <torch/torch.h>

#include <memory>

#include "neural/winograd.h"

namespace crlsc::neural {

// A convolution of a kernel of odd size that keeps the size of maps, but for its stride. At inference in fp32 never by
// BLAS, to which torch leaves small maps, and 1x1 in one thread: it is slower, and several times so where it does not
// know the CPU.
class ConvolutionImpl : public torch::nn::Conv2dImpl {
 public:
  ConvolutionImpl(int in, int out, int kernel, int stride = 1, bool with_bias = true, int groups = 1);
  torch::Tensor forward(const torch::Tensor& x) { return forward_with(x, 1.0); }
  // leaky_relu(forward(x), slope) + added. `added`, of the result's shape, may be undefined.
  torch::Tensor forward_with(const torch::Tensor& x, double slope, const torch::Tensor& added = {});

  // To be told when weights will not change any more: makes inference faster.
  void settle();

 private:
  torch::Tensor convolve(const torch::Tensor& x);

  std::shared_ptr<const WinogradFilters> filters_;
};
TORCH_MODULE(Convolution);

// Settles all convolutions in `net`.
void settle_convolutions(torch::nn::Module& net);

}  // namespace crlsc::neural
