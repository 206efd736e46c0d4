// SPDX-License-Identifier: LGPL-2.1-or-later
// What training minimises on pictures.
#pragma once

#include <torch/torch.h>

#include "neural/semantic_net.h"

namespace crlsc::tools {

// Mean structural similarity of luma [B, 1, H, W] (values (sample - 128) / 128) over `scales` dyadic scales, one value
// a sample [B]. Wang et al. 2003 with an 11x11 Gaussian window, sigma 1.5; scales weigh alike so that small crops
// suffice.
torch::Tensor multi_scale_ssim(torch::Tensor a, torch::Tensor b, int scales);

// What tells decoded pictures from their originals, one value for all: the logarithms of the squared errors of luma and
// chroma, and 1 - multi_scale_ssim() of three scales.
torch::Tensor picture_loss(const neural::PictureTensor& decoded, const neural::PictureTensor& original);

// What a scalar quantiser's pictures have cost and left as error, for crops of h x w cells.
struct CodedCrops {
  torch::Tensor luma_error;    // squared, of 8-bit samples [B, 1, 16 h, 16 w], 0 in cells that are not coded
  torch::Tensor chroma_error;  // [B, 2, 8 h, 8 w]
  torch::Tensor dissimilar;    // 1 - SSIM as if it came from coded cells alone [B]
  torch::Tensor coded;         // 1 or 0 [B, 1, h, w]
  torch::Tensor bits;          // [B, 1, h, w]
  torch::Tensor steps;         // between levels, in units of a sample [B, 1, h, w]
};
// The logarithm of bits + distortion / lambda of a coded cell, one value a sample [B]. Lambda is what an encoder that
// chose the step thinks of a bit (core/token/gain.h), distortion what it sees (core/codec/visibility.h).
torch::Tensor rate_distortion_loss(const CodedCrops& crops);

}  // namespace crlsc::tools
