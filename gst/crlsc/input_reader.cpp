// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/input_reader.h"

#include <string>

#include "core/error.h"
#include "crlsc/frame.h"

namespace crlsc {
namespace {

bool is_420(GstVideoFormat format) {
  return is_planar(format) || format == GST_VIDEO_FORMAT_NV12 || format == GST_VIDEO_FORMAT_NV21;
}

}  // namespace

InputReader::InputReader(const GstVideoInfo& input, const GstVideoInfo& coded) {
  if (is_420(GST_VIDEO_INFO_FORMAT(&input))) return;
  GstVideoInfo from = input;
  GstVideoInfo to = coded;
  // The converter wants both rates to be the same.
  to.fps_n = from.fps_n;
  to.fps_d = from.fps_d;
  buffer_ = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&to), nullptr);
  try {
    converted_ = std::make_unique<VideoFrameMap>(to, buffer_, GST_MAP_READWRITE);
    converter_ = gst_video_converter_new(&from, &to, nullptr);
    if (converter_ == nullptr) {
      throw Error(ErrorKind::kWrongType, std::string("cannot convert ") +
                                             gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&from)) + " to I420");
    }
  } catch (...) {
    converted_.reset();
    gst_buffer_unref(buffer_);
    throw;
  }
}

InputReader::~InputReader() {
  if (converter_ != nullptr) gst_video_converter_free(converter_);
  converted_.reset();
  if (buffer_ != nullptr) gst_buffer_unref(buffer_);
}

PictureView InputReader::read(GstVideoFrame* frame) {
  if (converter_ != nullptr) {
    gst_video_converter_frame(converter_, frame, converted_->get());
    return picture_view(converted_->get());
  }
  if (is_planar(GST_VIDEO_FRAME_FORMAT(frame))) return picture_view(frame);
  copy_to_picture(frame, copy_);
  return copy_.view();
}

}  // namespace crlsc
