// SPDX-License-Identifier: LGPL-2.1-or-later
// Which stream format the parser puts out, and what it takes in.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "crlsc/caps.h"

namespace crlsc {

struct ChosenOutput {
  StreamFormat format = StreamFormat::kPacketized;
  GstCaps* caps = nullptr;  // the caller's
};

// What downstream of `srcpad` takes of the stream. If it takes both formats, the one that it names alone in some of its
// caps, else the one that is not the input's. Nothing if it takes neither.
std::optional<ChosenOutput> choose_output(GstPad* srcpad, const SequenceHeader& header, const PixelAspectRatio& shape,
                                          StreamFormat input);

// The sink caps: what downstream restricts of the pictures, in any stream format. `filter` may be null.
GstCaps* propagate_restrictions(GstPad* sinkpad, GstPad* srcpad, GstCaps* filter);

// The same seek, but accurate; takes `event`. Estimated positions may lie behind the key picture that a decoder needs.
GstEvent* make_accurate(GstEvent* event);

}  // namespace crlsc
