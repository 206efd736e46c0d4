// SPDX-License-Identifier: LGPL-2.1-or-later
// What training minimises on pictures.
#pragma once

#include <torch/torch.h>

namespace crlsc::tools {

// Mean structural similarity of luma [B, 1, H, W] (values (sample - 128) / 128) over `scales` dyadic scales, one value
// a sample [B]. Wang et al. 2003 with an 11x11 Gaussian window, sigma 1.5; scales weigh alike so that small crops
// suffice.
torch::Tensor multi_scale_ssim(torch::Tensor a, torch::Tensor b, int scales);

}  // namespace crlsc::tools
