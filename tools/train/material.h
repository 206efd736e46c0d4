// SPDX-License-Identifier: LGPL-2.1-or-later
// Training material: stills and clips in memory, and endless sequences of crops cut from them.
#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <random>
#include <string>
#include <vector>

#include "core/picture.h"

namespace crlsc::tools {

// Pictures are 8-bit BGR.
struct Material {
  std::vector<cv::Mat> stills;
  std::vector<std::vector<cv::Mat>> clips;

  // Reads every picture and video file below `folders`, except paths that contain one of `exclude`. Larger pictures are
  // scaled down to `max_side` on the short side; of each clip at most `max_frames` are kept, spread evenly in runs.
  // Throws Error(kNotFound) when a folder is absent, Error(kRead) when nothing usable was found.
  static Material load(const std::vector<std::string>& folders, const std::vector<std::string>& exclude, int max_side,
                       int max_frames);
};

// Size x size crops of one scene after the other: real clips, or stills moved by a synthetic camera with patches of
// other stills moving over them, flicker and noise.
class SequenceGenerator {
 public:
  struct Frame {
    Picture picture;
    bool first = false;  // a new scene starts here
  };

  // `repeat` plays the first scene again and again.
  SequenceGenerator(const Material& material, int size, uint64_t seed, bool repeat = false);
  ~SequenceGenerator();
  Frame next();

 private:
  struct Scene;
  struct SyntheticScene;
  struct ClipScene;
  std::unique_ptr<Scene> new_scene();

  const Material& material_;
  int size_;
  uint64_t seed_;
  bool repeat_;
  std::mt19937_64 random_;
  std::unique_ptr<Scene> scene_;
  int frames_left_ = 0;
};

// BGR to I420 with BT.601 limited range, as OpenCV converts. Sides must be even.
Picture to_picture(const cv::Mat& bgr);
// Back, for looking at.
cv::Mat to_bgr(const Picture& picture);

}  // namespace crlsc::tools
