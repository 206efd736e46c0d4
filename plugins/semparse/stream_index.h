// SPDX-License-Identifier: LGPL-2.1-or-later
// Where one can begin in a .crlsc file, and how long it is.
#pragma once

#include <gst/gst.h>

#include <optional>
#include <vector>

#include "core/bitstream/byte_stream.h"

namespace crlsc {

// Time in a byte stream; `ticks` are those of its latest head.
GstClockTime to_clock_time(uint64_t ticks, const std::optional<ByteStreamHead>& head);

// A head with a key picture behind it.
struct StreamEntry {
  guint64 offset = 0;
  GstClockTime time = 0;  // as the file says it
};

struct StreamIndex {
  GstClockTime first = 0;  // of the first record that can be of use
  GstClockTime end = 0;    // of the last picture
  std::vector<StreamEntry> entries;
};

// Pulls the whole file through `sinkpad`, which is in pull mode; at most 4096 entries are kept, evenly. Nothing if the
// file is larger than 64 MiB (seven hours at 20 kbit/s), cannot be read, or holds no record. Throws
// Error(kWrongType) if a head is of another version.
std::optional<StreamIndex> read_stream_index(GstPad* sinkpad);

}  // namespace crlsc
