// SPDX-License-Identifier: LGPL-2.1-or-later
// A camera's videos, parted by time into what is learnt from and what is only measured with.
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "core/picture.h"

namespace crlsc::tools {

using Clip = std::vector<Picture>;

struct CameraOptions {
  std::vector<std::string> videos;
  int width = 0;  // that pictures are scaled to; 0: as the first video has it
  int height = 0;
  double rate = 10;  // pictures a second at most
  double held_out = 0.2;
};

struct CameraVideo {
  // 8-bit BGR, as Material has them. What is too long for memory is kept in runs from all over.
  std::vector<std::vector<cv::Mat>> training;
  // The same time once more, of videos with more pictures a second: those in between, in clips of the same rate.
  std::vector<std::vector<cv::Mat>> between;
  // Of each video the last share of its time; of a long one, its beginning.
  std::vector<Clip> held_out;
  double rate = 0;  // pictures a second

  // Throws what open_video() throws, Error(kSettings) for a size that no stream can have, and Error(kRead) if a video
  // is too short to be parted.
  static CameraVideo load(const CameraOptions& options);
};

struct NamedClip {
  std::string name;
  Clip pictures;
  double rate = 0;  // pictures a second
};

// The first `most` pictures of a video, at most `rate` a second, under its path. Scaled down until the short side has
// no more than `short_side` samples. Throws what open_video() throws, and Error(kRead) if there is no picture.
NamedClip read_clip(const std::string& path, double rate, size_t most, int short_side);

size_t pictures_of(const std::vector<Clip>& clips);

}  // namespace crlsc::tools
