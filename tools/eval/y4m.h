// SPDX-License-Identifier: LGPL-2.1-or-later
// YUV4MPEG2 files, which need no library.
#pragma once

#include <memory>
#include <string>

#include "core/picture.h"

namespace crlsc::tools {

// The pictures of a video one after the other, all of one size.
class VideoReader {
 public:
  virtual ~VideoReader() = default;
  // False at the end.
  virtual bool read(Picture& picture) = 0;
  virtual double frames_per_second() const = 0;
  // About how many pictures there are in all; 0: unknown.
  virtual size_t frames() const = 0;
};

// Reads 8-bit 4:2:0 as it is; "-" is standard input. Throws Error(kRead).
std::unique_ptr<VideoReader> open_y4m(const std::string& path);

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
