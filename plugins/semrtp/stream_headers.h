// SPDX-License-Identifier: LGPL-2.1-or-later
// Sequence headers that reach a receiver, and which of them it may believe: anybody can send one.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "core/bitstream/sequence_header.h"
#include "core/bytes.h"

namespace crlsc {

struct KnownStream {
  std::optional<SequenceHeader> header;  // the latest
  std::optional<ContentId> model;        // as the caps say, else as the first header does
};

// The last sequence header among `units`, if there is one. A stream keeps its model as long as its caps, and changes
// its size with a key picture only. Throws Error(kWrongType) if one of them is of another model or version,
// Error(kCorrupt) if it cannot be read or the size changes otherwise.
std::optional<SequenceHeader> find_header(const KnownStream& stream, ByteView units);

// Of application/x-rtp caps: the field `model`, and the sequence header in the field `config`, which anybody may have
// written into an SDP. The latter throws Error if it cannot be read or contradicts the former.
std::optional<ContentId> model_of_caps(const GstStructure* fields);
std::optional<SequenceHeader> header_of_caps(const GstStructure* fields);

}  // namespace crlsc
