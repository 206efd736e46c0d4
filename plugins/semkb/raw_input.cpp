// SPDX-License-Identifier: LGPL-2.1-or-later
#include "raw_input.h"

#include "core/error.h"
#include "crlsc/maps.h"

namespace crlsc {

bool expects_raw(GstPad* sink) {
  GstCaps* caps = gst_pad_peer_query_caps(sink, nullptr);
  bool raw = caps != nullptr && !gst_caps_is_any(caps) && !gst_caps_is_empty(caps);
  for (guint i = 0; raw && i < gst_caps_get_size(caps); ++i) {
    raw = gst_structure_has_name(gst_caps_get_structure(caps, i), "video/x-raw");
  }
  if (caps != nullptr) gst_caps_unref(caps);
  return raw;
}

RawInput::RawInput(const GstCaps* caps, const LoadedModel& model) : embedder_(model.network->open_embedder()) {
  if (!gst_video_info_from_caps(&info_, caps)) throw Error(ErrorKind::kWrongType, "the caps are no raw video");
  GstVideoInfo coded;
  gst_video_info_set_format(&coded, GST_VIDEO_FORMAT_I420, static_cast<guint>(info_.width),
                            static_cast<guint>(info_.height));
  reader_ = std::make_unique<InputReader>(info_, coded);
  vector_.resize(static_cast<size_t>(embedder_->dimension()));
}

bool RawInput::is_due(GstClockTime pts, GstClockTime interval) const {
  if (!GST_CLOCK_TIME_IS_VALID(pts) || !GST_CLOCK_TIME_IS_VALID(last_)) return true;
  return pts < last_ || pts >= last_ + interval;
}

double RawInput::seconds_to(GstClockTime pts, GstClockTime usual) const {
  const bool known = GST_CLOCK_TIME_IS_VALID(pts) && GST_CLOCK_TIME_IS_VALID(last_) && pts >= last_;
  return static_cast<double>(known ? pts - last_ : usual) / GST_SECOND;
}

void RawInput::look_at(GstBuffer* buffer, const std::function<void(const PictureView&)>& use) {
  last_ = GST_BUFFER_PTS(buffer);
  VideoFrameMap map(info_, buffer, GST_MAP_READ);
  use(reader_->read(map.get()));
}

const std::vector<float>& RawInput::embed(const PictureView& picture) {
  embedder_->embed(picture, vector_.data());
  return vector_;
}

}  // namespace crlsc
