// SPDX-License-Identifier: LGPL-2.1-or-later
#include "raw_input.h"

#include "core/error.h"
#include "crlsc/maps.h"

namespace crlsc {

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

const std::vector<float>& RawInput::embed(GstBuffer* buffer) {
  last_ = GST_BUFFER_PTS(buffer);
  VideoFrameMap map(info_, buffer, GST_MAP_READ);
  embedder_->embed(reader_->read(map.get()), vector_.data());
  return vector_;
}

}  // namespace crlsc
