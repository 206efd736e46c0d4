// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clip.h"

#include <cmath>

#include "core/error.h"
#include "crlsc/frame.h"
#include "eval/y4m.h"

namespace crlsc::bench {

Clip::Clip(const std::string& path, double seconds) {
  const auto reader = tools::open_y4m(path);
  rate_ = reader->frames_per_second();
  const auto limit = static_cast<size_t>(std::lround(seconds * rate_));
  Picture picture;
  while (pictures_.size() < limit && reader->read(picture)) pictures_.push_back(picture);
  if (pictures_.empty()) throw Error(ErrorKind::kRead, "\"" + path + "\" holds no picture");
}

GstClockTime Clip::time(int index) const { return static_cast<GstClockTime>(std::llround(index * GST_SECOND / rate_)); }

int Clip::index(GstClockTime time) const {
  return static_cast<int>(std::lround(static_cast<double>(time) * rate_ / GST_SECOND));
}

GstVideoInfo Clip::info() const {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, static_cast<guint>(pictures_[0].width()),
                            static_cast<guint>(pictures_[0].height()));
  gst_util_double_to_fraction(rate_, &info.fps_n, &info.fps_d);
  return info;
}

Buffer Clip::buffer(int index) const {
  const GstVideoInfo info = this->info();
  Buffer buffer(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
  GstVideoFrame frame;
  if (!gst_video_frame_map(&frame, &info, buffer.get(), GST_MAP_WRITE)) {
    throw Error(ErrorKind::kRead, "a buffer of memory cannot be mapped");
  }
  store_picture((*this)[index].view(), &frame);
  gst_video_frame_unmap(&frame);
  GST_BUFFER_PTS(buffer.get()) = time(index);
  GST_BUFFER_DURATION(buffer.get()) = time(index + 1) - time(index);
  return buffer;
}

Picture to_picture(const Buffer& buffer, GstCaps* caps, int width, int height) {
  GstVideoInfo info;
  if (!gst_video_info_from_caps(&info, caps) || GST_VIDEO_INFO_FORMAT(&info) != GST_VIDEO_FORMAT_I420 ||
      info.width != width || info.height != height) {
    return {};
  }
  GstVideoFrame frame;
  if (!gst_video_frame_map(&frame, &info, buffer.get(), GST_MAP_READ)) return {};
  Picture out;
  copy_to_picture(&frame, out);
  gst_video_frame_unmap(&frame);
  return out;
}

}  // namespace crlsc::bench
