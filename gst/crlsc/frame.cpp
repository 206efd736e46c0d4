// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/frame.h"

#include <cstring>
#include <string>

#include "core/error.h"

namespace crlsc {
namespace {

void require_420(const GstVideoFrame* frame) {
  switch (GST_VIDEO_FRAME_FORMAT(frame)) {
    case GST_VIDEO_FORMAT_I420:
    case GST_VIDEO_FORMAT_YV12:
    case GST_VIDEO_FORMAT_NV12:
    case GST_VIDEO_FORMAT_NV21:
      return;
    default:
      throw Error(ErrorKind::kWrongType, std::string("cannot use a video frame of format ") +
                                             gst_video_format_to_string(GST_VIDEO_FRAME_FORMAT(frame)));
  }
}

uint8_t* row_of(const GstVideoFrame* frame, int component, int y) {
  return static_cast<uint8_t*>(GST_VIDEO_FRAME_COMP_DATA(frame, component)) +
         static_cast<ptrdiff_t>(GST_VIDEO_FRAME_COMP_STRIDE(frame, component)) * y;
}

}  // namespace

bool is_planar(GstVideoFormat format) { return format == GST_VIDEO_FORMAT_I420 || format == GST_VIDEO_FORMAT_YV12; }

PictureView picture_view(const GstVideoFrame* frame) {
  if (!is_planar(GST_VIDEO_FRAME_FORMAT(frame))) {
    throw Error(ErrorKind::kWrongType, "only I420 and YV12 frames can be used without a copy");
  }
  PictureView view;
  for (int c = 0; c < 3; ++c) {
    view.planes[static_cast<size_t>(c)] = {row_of(frame, c, 0), GST_VIDEO_FRAME_COMP_STRIDE(frame, c),
                                           GST_VIDEO_FRAME_COMP_WIDTH(frame, c), GST_VIDEO_FRAME_COMP_HEIGHT(frame, c)};
  }
  return view;
}

void copy_to_picture(const GstVideoFrame* frame, Picture& picture) {
  require_420(frame);
  const int width = GST_VIDEO_FRAME_WIDTH(frame);
  const int height = GST_VIDEO_FRAME_HEIGHT(frame);
  if (picture.width() != width || picture.height() != height) picture = Picture(width, height);
  for (int c = 0; c < 3; ++c) {
    const int step = GST_VIDEO_FRAME_COMP_PSTRIDE(frame, c);
    const int count = picture.plane_width(c);
    for (int y = 0; y < picture.plane_height(c); ++y) {
      const uint8_t* src = row_of(frame, c, y);
      uint8_t* dst = picture.plane(c) + static_cast<ptrdiff_t>(count) * y;
      if (step == 1) {
        std::memcpy(dst, src, static_cast<size_t>(count));
      } else {
        for (int x = 0; x < count; ++x) dst[x] = src[static_cast<ptrdiff_t>(x) * step];
      }
    }
  }
}

void store_picture(const PictureView& picture, GstVideoFrame* frame) {
  require_420(frame);
  if (picture.width() != GST_VIDEO_FRAME_WIDTH(frame) || picture.height() != GST_VIDEO_FRAME_HEIGHT(frame)) {
    throw Error(ErrorKind::kWrongType, "the picture and the video frame differ in size");
  }
  for (int c = 0; c < 3; ++c) {
    const PlaneView& plane = picture.planes[static_cast<size_t>(c)];
    const int step = GST_VIDEO_FRAME_COMP_PSTRIDE(frame, c);
    for (int y = 0; y < plane.height; ++y) {
      const uint8_t* src = plane.data + plane.stride * y;
      uint8_t* dst = row_of(frame, c, y);
      if (step == 1) {
        std::memcpy(dst, src, static_cast<size_t>(plane.width));
      } else {
        for (int x = 0; x < plane.width; ++x) dst[static_cast<ptrdiff_t>(x) * step] = src[x];
      }
    }
  }
}

}  // namespace crlsc
