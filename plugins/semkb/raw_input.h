// SPDX-License-Identifier: LGPL-2.1-or-later
// Raw pictures as vectors.
#pragma once

#include <gst/video/video.h>

#include <functional>
#include <memory>
#include <vector>

#include "core/model/registry.h"
#include "crlsc/input_reader.h"

namespace crlsc {

// Whether what is linked to this sink pad can only give raw video.
bool expects_raw(GstPad* sink);

class RawInput {
 public:
  // Throws Error(kWrongType) if the caps are no raw video that can be read. The model must have a semantic head.
  RawInput(const GstCaps* caps, const LoadedModel& model);

  // Whether a picture at `pts` is at least `interval` behind the one that was looked at last.
  bool is_due(GstClockTime pts, GstClockTime interval) const;
  // Seconds from the picture that was looked at last to one at `pts`; `usual` if the times do not tell.
  double seconds_to(GstClockTime pts, GstClockTime usual) const;
  // Calls `use` with the samples of a picture, which are valid until it returns.
  void look_at(GstBuffer* buffer, const std::function<void(const PictureView&)>& use);
  // The vector of a picture: valid until the next call.
  const std::vector<float>& embed(const PictureView& picture);
  // The next picture is due.
  void reset() { last_ = GST_CLOCK_TIME_NONE; }

  int width() const { return info_.width; }
  int height() const { return info_.height; }
  bool converts() const { return reader_->converts(); }

 private:
  GstVideoInfo info_;
  std::unique_ptr<InputReader> reader_;
  std::unique_ptr<Embedder> embedder_;
  std::vector<float> vector_;
  GstClockTime last_ = GST_CLOCK_TIME_NONE;
};

}  // namespace crlsc
