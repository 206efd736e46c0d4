// SPDX-License-Identifier: LGPL-2.1-or-later
// Videos and pictures for evaluation, as I420 pictures of one size.
#pragma once

#include <memory>
#include <string>

#include "core/picture.h"

namespace crlsc::tools {

// Reads YUV4MPEG2 files (8-bit 4:2:0) as they are, "-" from standard input, and whatever else OpenCV opens (by way of
// BGR). Throws Error(kNotFound), Error(kRead).
class VideoReader {
 public:
  virtual ~VideoReader() = default;
  static std::unique_ptr<VideoReader> open(const std::string& path);
  // False at the end.
  virtual bool read(Picture& picture) = 0;
  virtual double frames_per_second() const = 0;
};

// Writes YUV4MPEG2. Throws Error(kWrite).
class Y4mWriter {
 public:
  Y4mWriter(const std::string& path, int width, int height, double frames_per_second);
  ~Y4mWriter();
  void write(const PictureView& picture);

 private:
  std::string path_;
  void* file_;
};

}  // namespace crlsc::tools
