// SPDX-License-Identifier: LGPL-2.1-or-later
// The pictures that are sent, and their way to and from GStreamer's buffers.
#pragma once

#include <gst/video/video.h>

#include <memory>
#include <string>
#include <vector>

#include "chain.h"
#include "core/picture.h"

namespace crlsc::bench {

class Clip {
 public:
  // The first `seconds` of a YUV4MPEG2 file. Throws Error(kRead).
  Clip(const std::string& path, double seconds);

  int count() const { return static_cast<int>(pictures_.size()); }
  double pictures_per_second() const { return rate_; }
  const Picture& operator[](int index) const { return pictures_[static_cast<size_t>(index)]; }
  GstClockTime time(int index) const;
  // The picture that is shown at this time; may be outside 0..count() - 1.
  int index(GstClockTime time) const;
  GstVideoInfo info() const;
  Buffer buffer(int index) const;

 private:
  std::vector<Picture> pictures_;
  double rate_ = 0;
};

struct CapsDeleter {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};
using Caps = std::unique_ptr<GstCaps, CapsDeleter>;

// Of decoded buffers. Empty if the buffer is no I420 picture of `width` x `height`.
Picture to_picture(const Buffer& buffer, GstCaps* caps, int width, int height);

}  // namespace crlsc::bench
