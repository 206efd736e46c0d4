// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/convolution.h"

#include <ATen/autocast_mode.h>

namespace crlsc::neural {

ConvolutionImpl::ConvolutionImpl(int in, int out, int kernel, int stride, bool with_bias, int groups)
    : torch::nn::Conv2dImpl(
          torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).stride(stride).bias(with_bias).groups(groups)) {
}

torch::Tensor ConvolutionImpl::forward(const torch::Tensor& x) {
  const bool plain = !at::GradMode::is_enabled() && !at::autocast::is_cpu_enabled() && at::hasMKLDNN();
  if (!plain || x.scalar_type() != weight.scalar_type()) return torch::nn::Conv2dImpl::forward(x);
  const int64_t margin = weight.size(2) / 2;
  return at::mkldnn_convolution(x, weight, bias, {margin, margin}, *options.stride(), {1, 1}, options.groups());
}

}  // namespace crlsc::neural
