// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/video/gstvideodecoder.h>

#include <utility>

namespace crlsc {

// A frame on its way through handle_frame(): it is released unless somebody takes it.
class OwnedFrame {
 public:
  OwnedFrame(GstVideoDecoder* decoder, GstVideoCodecFrame* frame) : decoder_(decoder), frame_(frame) {}
  ~OwnedFrame() {
    if (frame_ != nullptr) gst_video_decoder_release_frame(decoder_, frame_);
  }
  OwnedFrame(const OwnedFrame&) = delete;
  OwnedFrame& operator=(const OwnedFrame&) = delete;

  GstVideoCodecFrame* get() const { return frame_; }
  GstVideoCodecFrame* take() { return std::exchange(frame_, nullptr); }

 private:
  GstVideoDecoder* decoder_;
  GstVideoCodecFrame* frame_;
};

}  // namespace crlsc
