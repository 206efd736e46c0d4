// SPDX-License-Identifier: LGPL-2.1-or-later
// What streams brought, in the private knowledge base of a receiver (docs/architecture.md, section "Sharing entries").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/bitstream/sequence_header.h"
#include "core/kb/knowledge_base_file.h"
#include "core/kb/transfer_entry.h"

namespace crlsc {

// The source that such entries have in the file. Only these are ever removed to make room.
constexpr char kReceivedSource[] = "stream";

// Times are in milliseconds since 1970-01-01 UTC.

// Opens a file for entries whose codes are of the shared knowledge base `knowledge`. Makes a private knowledge base if
// there is none, with the codebooks of the shared one, which has to be on the model path. Throws Error(kNotFound) if it
// is not there, Error(kWrongType) if the file uses other codebooks, Error(kSettings) if it is a shared knowledge base,
// and what KnowledgeBaseFile throws. `time` is now.
KnowledgeBaseFile open_for_received(const std::string& path, const ContentId& knowledge, int64_t time);

// A stream refers to these entries: of those that streams brought, they are the ones that were used last. `time` is
// now. What is not there is passed over. Throws what KnowledgeBaseFile throws.
void note_used(KnowledgeBaseFile& file, const std::vector<PictureName>& names, int64_t time);

struct KeptEntry {
  bool added = false;  // false: an entry with this code and picture was there already
  std::vector<PictureName>
      removed;  // those that had to go, as they were neither received nor used for the longest time
};

// Adds an entry; it is durable when this returns. Then the file has at most `max_entries` (1 or more) received ones.
// `time` is now. Throws Error(kCorrupt) if the code has another size than those of the file, and what
// KnowledgeBaseFile throws.
KeptEntry keep_received(KnowledgeBaseFile& file, const TransferEntry& entry, size_t max_entries, int64_t time);

}  // namespace crlsc
