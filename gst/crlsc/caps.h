// SPDX-License-Identifier: LGPL-2.1-or-later
// video/x-crlsc caps and raw video formats as sequence headers, and back.
#pragma once

#include <gst/video/video.h>

#include <optional>

#include "core/bitstream/sequence_header.h"

namespace crlsc {

// What pad templates say of the stream, unless they are the parser's.
#define GST_CRLSC_CAPS "video/x-crlsc, stream-format=(string)packetized, alignment=(string)au, parsed=(boolean)true"

enum class StreamFormat {
  kPacketized,  // one access unit a buffer
  kByteStream,  // as in files (docs/bitstream.md, section "Byte stream")
};

// What video/x-crlsc caps say. Fields that they lack are empty.
struct StreamCaps {
  std::optional<StreamFormat> format;
  std::optional<SequenceHeader> header;  // from codec_data
  std::optional<ContentId> model;        // from codec_data, else from the field `model`
  PixelAspectRatio pixel_aspect_ratio;
};

// A header for pictures of `info`. RGB pictures are described as the I420 that GStreamer converts them to.
SequenceHeader make_sequence_header(const GstVideoInfo& info, const ContentId& model, int layers);

// The I420 pictures that a decoder makes of the stream.
GstVideoInfo make_video_info(const SequenceHeader& header, const PixelAspectRatio& pixel_aspect_ratio = {});

// Caps with one access unit a buffer; codec_data is the header as a whole unit, which byte streams hold themselves.
// Colorimetry and chroma-site are there if known. Transfers the caps to the caller. Throws what write_sequence_header()
// throws.
GstCaps* make_caps(const SequenceHeader& header, const PixelAspectRatio& pixel_aspect_ratio = {},
                   StreamFormat format = StreamFormat::kPacketized);

// Throws Error(kWrongType) if the caps are not video/x-crlsc, of another stream format or bitstream version,
// Error(kCorrupt) if codec_data holds no intact sequence header or contradicts the fields beside it.
StreamCaps parse_caps(const GstCaps* caps);

}  // namespace crlsc
