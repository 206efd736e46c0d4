// SPDX-License-Identifier: LGPL-2.1-or-later
// Where one can begin in a .crlsc file, and how long it is.
#pragma once

#include <gst/base/gstbaseparse.h>

#include <optional>
#include <vector>

#include "core/bitstream/byte_stream.h"

namespace crlsc {

// Time in a byte stream; `ticks` are those of its latest head.
GstClockTime to_clock_time(uint64_t ticks, const std::optional<ByteStreamHead>& head);

// Tells the base class where key pictures are. It collects them itself, but not the first one of a small file, and
// without any it takes other pictures for key.
class KeyIndex {
 public:
  // At the first record. In pull mode, reads all of the file, if it is no larger than 64 MiB (seven hours at 20
  // kbit/s): then the duration is known as well. Returns the time in it that counts as 0, or nothing if it was not
  // read. Throws Error(kWrongType) if the first head is of another version.
  std::optional<GstClockTime> begin(GstBaseParse* parse);
  // A key picture at this place and time. About 4096 are kept, evenly.
  void note(GstBaseParse* parse, guint64 offset, GstClockTime time);

 private:
  std::optional<guint64> step_;  // between entries, in bytes; nothing: no entries
  guint64 next_ = 0;
};

}  // namespace crlsc
