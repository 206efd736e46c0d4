// SPDX-License-Identifier: LGPL-2.1-or-later
// I420 pictures of whatever raw video an element is given.
#pragma once

#include <gst/video/video.h>

#include <memory>

#include "core/picture.h"
#include "crlsc/maps.h"

namespace crlsc {

class InputReader {
 public:
  // `coded` is I420 of the same size. Throws Error(kWrongType) if the format of `input` cannot be converted.
  InputReader(const GstVideoInfo& input, const GstVideoInfo& coded);
  ~InputReader();
  InputReader(const InputReader&) = delete;
  InputReader& operator=(const InputReader&) = delete;

  // The samples of `frame`: valid while it is mapped and until the next read(). I420 and YV12 are not copied.
  PictureView read(GstVideoFrame* frame);

  // Whether read() has to compute colours anew.
  bool converts() const { return converter_ != nullptr; }

 private:
  Picture copy_;
  GstVideoConverter* converter_ = nullptr;
  GstBuffer* buffer_ = nullptr;
  std::unique_ptr<VideoFrameMap> converted_;  // of buffer_
};

}  // namespace crlsc
