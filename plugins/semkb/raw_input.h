// SPDX-License-Identifier: LGPL-2.1-or-later
// Raw pictures as vectors.
#pragma once

#include <gst/video/video.h>

#include <memory>
#include <vector>

#include "core/model/registry.h"
#include "crlsc/input_reader.h"

namespace crlsc {

class RawInput {
 public:
  // Throws Error(kWrongType) if the caps are no raw video that can be read. The model must have a semantic head.
  RawInput(const GstCaps* caps, const LoadedModel& model);

  // Whether a picture at `pts` is at least `interval` behind the one that was embedded last.
  bool is_due(GstClockTime pts, GstClockTime interval) const;
  // The vector of the picture: valid until the next call.
  const std::vector<float>& embed(GstBuffer* buffer);
  // The next picture is due.
  void reset() { last_ = GST_CLOCK_TIME_NONE; }

  bool converts() const { return reader_->converts(); }

 private:
  GstVideoInfo info_;
  std::unique_ptr<InputReader> reader_;
  std::unique_ptr<Embedder> embedder_;
  std::vector<float> vector_;
  GstClockTime last_ = GST_CLOCK_TIME_NONE;
};

}  // namespace crlsc
