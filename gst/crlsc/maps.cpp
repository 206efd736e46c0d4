// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/maps.h"

#include "core/error.h"

namespace crlsc {
namespace {

[[noreturn]] void fail(GstMapFlags flags, const char* what) {
  throw Error((flags & GST_MAP_WRITE) != 0 ? ErrorKind::kWrite : ErrorKind::kRead, what);
}

}  // namespace

BufferMap::BufferMap(GstBuffer* buffer, GstMapFlags flags) : buffer_(buffer) {
  if (!gst_buffer_map(buffer, &info_, flags)) fail(flags, "cannot map the buffer");
}

VideoFrameMap::VideoFrameMap(const GstVideoInfo& info, GstBuffer* buffer, GstMapFlags flags) {
  if (!gst_video_frame_map(&frame_, &info, buffer, flags)) fail(flags, "cannot map the video frame");
}

}  // namespace crlsc
