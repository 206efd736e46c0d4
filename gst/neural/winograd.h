// SPDX-License-Identifier: LGPL-2.1-or-later
// Winograd's minimal filtering F(4x4, 3x3): convolutions with a quarter of the multiplications (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", 2016, section 4.3). Rounding differs from that of direct convolutions.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace crlsc::neural {

// 3x3 filters and what they need to be used again and again. Immutable.
class WinogradFilters {
 public:
  // Whether filters of these numbers of channels can be used.
  static bool suit(int64_t in, int64_t out);

  // `weight` [out, in, 3, 3], `bias` [out] or undefined.
  WinogradFilters(const torch::Tensor& weight, const torch::Tensor& bias);

  // Whether a map of this size is large enough: tiles of 4x4 places that reach beyond its edges are work for nothing.
  static bool pay(int64_t height, int64_t width);

  // leaky_relu(convolution of `x`, `slope`) + `added`. `x` [B, in, H, W] and `added` [B, out, H, W], which may be
  // undefined, are fp32; beyond the map's edges lie zeros. Returns [B, out, H, W], channels last.
  torch::Tensor convolve(const torch::Tensor& x, float slope, const torch::Tensor& added) const;

 private:
  int64_t in_;
  int64_t out_;
  std::vector<float> filters_;  // [36 points, blocks of kWinogradLanes of out, in, kWinogradLanes]
  std::vector<float> bias_;
};

}  // namespace crlsc::neural
