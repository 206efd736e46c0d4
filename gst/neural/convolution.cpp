// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/convolution.h"

#include <ATen/autocast_mode.h>

namespace crlsc::neural {
namespace {

bool plain_inference(const torch::Tensor& x) {
  return !at::GradMode::is_enabled() && !at::autocast::is_cpu_enabled() && x.scalar_type() == torch::kFloat32;
}

}  // namespace

ConvolutionImpl::ConvolutionImpl(int in, int out, int kernel, int stride, bool with_bias, int groups)
    : torch::nn::Conv2dImpl(
          torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).stride(stride).bias(with_bias).groups(groups)) {
}

torch::Tensor ConvolutionImpl::convolve(const torch::Tensor& x) {
  if (!plain_inference(x) || !at::hasMKLDNN()) return torch::nn::Conv2dImpl::forward(x);
  const int64_t margin = weight.size(2) / 2;
  return at::mkldnn_convolution(x, weight, bias, {margin, margin}, *options.stride(), {1, 1}, options.groups());
}

torch::Tensor ConvolutionImpl::forward_with(const torch::Tensor& x, double slope, const torch::Tensor& added) {
  if (filters_ != nullptr && plain_inference(x) && WinogradFilters::pay(x.size(2), x.size(3))) {
    return filters_->convolve(x, static_cast<float>(slope), added);
  }
  auto y = convolve(x);
  if (slope != 1) torch::leaky_relu_(y, slope);
  return added.defined() ? y.add_(added) : y;
}

void ConvolutionImpl::settle() {
  const bool suits = weight.size(2) == 3 && (*options.stride())[0] == 1 && options.groups() == 1 &&
                     WinogradFilters::suit(weight.size(1), weight.size(0));
  if (suits) filters_ = std::make_shared<WinogradFilters>(weight, bias);
}

void settle_convolutions(torch::nn::Module& net) {
  net.apply([](torch::nn::Module& module) {
    if (auto* convolution = module.as<ConvolutionImpl>()) convolution->settle();
  });
}

}  // namespace crlsc::neural
