// SPDX-License-Identifier: LGPL-2.1-or-later
// The raw video formats that the decoder puts out.
#pragma once

#include <gst/video/video.h>

// For pad templates, the best first.
#define CRLSC_OUTPUT_FORMATS "{ I420, NV12, YV12, NV21 }"

namespace crlsc {

// `coded`, which is I420, in the best format that the peer of `source_pad` takes; I420 if it takes none.
GstVideoInfo choose_output(GstPad* source_pad, const GstVideoInfo& coded);

}  // namespace crlsc
