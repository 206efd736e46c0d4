// SPDX-License-Identifier: LGPL-2.1-or-later
// Quality of a picture against its original, on luma.
#pragma once

#include "core/picture.h"

namespace crlsc::tools {

struct Quality {
  double psnr = 0;     // dB, 100 for identical pictures
  double ssim = 0;     // Wang et al. 2004: 11x11 Gaussian, sigma 1.5
  double ms_ssim = 0;  // Wang et al. 2003: five scales, fewer where a side falls below 11 samples
  double gmsd = 0;     // Xue et al. 2014; lower is better
};

// Pictures of the same size.
Quality compare(const PictureView& original, const PictureView& decoded);

// Sums up pictures; PSNR is averaged as such, over pictures.
class QualityMean {
 public:
  void add(const Quality& q);
  Quality mean() const;
  int count() const { return count_; }

 private:
  Quality sum_;
  int count_ = 0;
};

}  // namespace crlsc::tools
