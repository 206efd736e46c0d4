// SPDX-License-Identifier: LGPL-2.1-or-later
// What the units of an access unit say of it, and how its buffer says so.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "core/bitstream/sequence_header.h"
#include "core/bytes.h"

namespace crlsc {

struct Contents {
  bool key = false;
  bool damaged = false;                  // something cannot be read
  std::optional<SequenceHeader> header;  // that it holds
};

// `key` is what is known of an access unit without tokens. Throws Error(kWrongType) if it is of another version.
Contents look_through(ByteView access_unit, bool key);

// Sets or clears DELTA_UNIT, HEADER and DISCONT; CORRUPTED is only ever set.
void set_flags(GstBuffer* buffer, const Contents& contents, bool header, bool discontinuity);

}  // namespace crlsc
