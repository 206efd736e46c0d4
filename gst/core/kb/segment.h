// SPDX-License-Identifier: LGPL-2.1-or-later
// Segments: what a search needs of up to 256 entries, as bytes that follow from the entries alone. Their hashes are the
// leaves of a knowledge base's id, so that an id costs only what has changed, and reading checks what it reads
// (docs/knowledge-base.md, sections "Segments" and "The id of a knowledge base").
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "core/kb/entry.h"

namespace crlsc {

// Segment s holds the entries 256 s to 256 s + 255, those that there are.
constexpr EntryId kSegmentEntries = 256;
constexpr uint64_t segment_of(EntryId id) { return id / kSegmentEntries; }

struct SegmentRecord {
  EntryId id = 0;
  std::string label;
  Bytes code;
  Sha256::Digest content_hash{};
};

// The same inside of somebody else's bytes.
struct SegmentRecordView {
  EntryId id;
  ByteView label;
  ByteView code;
  ByteView content_hash;
};

// The bytes of a segment of at least one entry, in order of their ids.
Bytes write_segment(const std::vector<SegmentRecord>& records);
// The reverse. Throws Error(kCorrupt) unless `bytes` are exactly what write_segment() makes of sound entries of segment
// `number` with codes of `code_size` bytes.
std::vector<SegmentRecord> read_segment(ByteView bytes, uint64_t number, size_t code_size);
// The same one by one, without copies. What `visit` is shown before an error is sound.
void visit_segment(ByteView bytes, uint64_t number, size_t code_size,
                   const std::function<void(const SegmentRecordView&)>& visit);
// At most this many bytes.
constexpr size_t max_segment_size(size_t code_size) { return kSegmentEntries * (2 + kMaxLabelSize + code_size + 32); }

// SHA-256 of each segment's bytes, by its number.
using SegmentHashes = std::map<uint64_t, Sha256::Digest>;
// The id of a knowledge base of these segments and these codebooks.
Sha256::Digest knowledge_base_id(const Sha256::Digest& quantiser_hash, const SegmentHashes& segments);

}  // namespace crlsc
