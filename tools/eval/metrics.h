// SPDX-License-Identifier: LGPL-2.1-or-later
// Quality of a picture against its original, on luma.
#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

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

// Of what moves in front of a fixed camera alone.
struct MovingQuality {
  double psnr = 0;  // dB
  double ssim = 0;
};

class MovingPart {
 public:
  // Pictures of the scene, at least one, all of one size: their median at each sample is the background.
  explicit MovingPart(const std::vector<Picture>& scene);
  // Of samples that differ by more than 25 from the background, and those within 4 samples of them. Nothing if they are
  // less than 0.5 % of the picture.
  std::optional<MovingQuality> compare(const PictureView& original, const PictureView& decoded) const;

 private:
  cv::Mat background_;
};

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
