// SPDX-License-Identifier: LGPL-2.1-or-later
// Buffers and video frames that unmap themselves.
#pragma once

#include <gst/video/video.h>

#include "core/bytes.h"

namespace crlsc {

// All memory of a buffer in one piece. The buffer must outlive the map.
class BufferMap {
 public:
  // Throws Error(kRead), or Error(kWrite) if `flags` ask for writing, when the buffer cannot be mapped.
  BufferMap(GstBuffer* buffer, GstMapFlags flags);
  ~BufferMap() { gst_buffer_unmap(buffer_, &info_); }
  BufferMap(const BufferMap&) = delete;
  BufferMap& operator=(const BufferMap&) = delete;

  ByteView bytes() const { return {info_.data, info_.size}; }
  uint8_t* data() { return info_.data; }
  size_t size() const { return info_.size; }

 private:
  GstBuffer* buffer_;
  GstMapInfo info_;
};

// The planes of a raw video buffer, with the strides and offsets of its GstVideoMeta.
class VideoFrameMap {
 public:
  // Throws as BufferMap does, also when the buffer is too small for `info`.
  VideoFrameMap(const GstVideoInfo& info, GstBuffer* buffer, GstMapFlags flags);
  ~VideoFrameMap() { gst_video_frame_unmap(&frame_); }
  VideoFrameMap(const VideoFrameMap&) = delete;
  VideoFrameMap& operator=(const VideoFrameMap&) = delete;

  GstVideoFrame* get() { return &frame_; }

 private:
  GstVideoFrame frame_;
};

}  // namespace crlsc
