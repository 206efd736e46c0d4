// SPDX-License-Identifier: LGPL-2.1-or-later
// What a search has found, as meta, message and text.
#pragma once

#include <gst/gst.h>

#include <string>
#include <vector>

#include "core/kb/knowledge_base.h"

namespace crlsc {

// Adds a GstCrlscKbMeta; the buffer must be writable.
void attach_matches(GstBuffer* buffer, const std::vector<Match>& matches);

// The labels that are not empty, one in each line.
std::string labels_text(const std::vector<Match>& matches);

// The element message `crlsckb`.
GstMessage* make_matches_message(GstObject* source, const GstSegment& segment, GstBuffer* buffer,
                                 const std::vector<Match>& matches);

}  // namespace crlsc
