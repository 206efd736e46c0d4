// SPDX-License-Identifier: LGPL-2.1-or-later
// Moving samples between channels and places. Torch's own kernels take longer for it than the networks' convolutions
// need for small pictures; these stand in for them where no gradient is wanted.
#pragma once

#include <torch/torch.h>

namespace crlsc::neural {

// [B, 4 C, H, W] -> [B, C, 2 H, 2 W], as torch::pixel_shuffle(x, 2).
torch::Tensor depth_to_space(const torch::Tensor& x);

// [B, C, 2 H, 2 W] -> [B, 4 C, H, W], as torch::pixel_unshuffle(x, 2).
torch::Tensor space_to_depth(const torch::Tensor& x);

// PictureTensor::packed(8) as packed(4): [B, 96, H, W] -> [B, 24, 2 H, 2 W].
torch::Tensor halved(const torch::Tensor& packed8);

}  // namespace crlsc::neural
