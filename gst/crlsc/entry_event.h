// SPDX-License-Identifier: LGPL-2.1-or-later
// The upstream event GstCrlscEntry, with which a decoder tells an encoder what it has of an entry that the stream
// carries. Its fields: entry, a string of 16 hexadecimal digits, the beginning of the entry's content hash; missing, an
// array of guint, offset and size of each run of bytes that is not here, empty if the entry is stored; and on its way
// through an RTP session ssrc, a guint.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "core/kb/entry_report.h"

namespace crlsc {

bool is_entry_event(GstEvent* event);

// Transfers the event to the caller. `ssrc` is written if it is given.
GstEvent* make_entry_event(const EntryReport& report, std::optional<guint32> ssrc = std::nullopt);

// Nothing if a field is missing or out of range.
std::optional<EntryReport> parse_entry_event(GstEvent* event);

}  // namespace crlsc
