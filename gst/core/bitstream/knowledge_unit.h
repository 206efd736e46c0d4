// SPDX-License-Identifier: LGPL-2.1-or-later
// A piece of a knowledge-base entry on its way to receivers (docs/bitstream.md, section "Knowledge-base update").
#pragma once

#include <cstddef>
#include <optional>

#include "core/bitstream/scene_unit.h"
#include "core/bytes.h"

namespace crlsc {

// Of an entry as it is transferred, in bytes. Files may hold pictures of 4 MiB, but a trickle of 1 kbit/s takes half an
// hour for this much, and receivers keep what is not complete in memory.
constexpr size_t kMaxTransferSize = size_t{256} << 10;

struct KnowledgeUnit {
  PictureName name{};  // of the entry
  size_t size = 0;     // of the whole entry as write_transfer() gives it: 1..kMaxTransferSize
  size_t offset = 0;   // of the piece within it
  ByteView piece;      // one byte at least, and none behind the end of the entry
  bool asks = false;   // receivers should say what they have of the entry
};

// Bytes that a unit takes beside its piece, at most.
constexpr size_t kKnowledgeUnitOverhead = 21;

// Appends a whole unit. `key`: it is in the access unit of a key picture. Throws Error(kSettings) if size, offset and
// piece do not fit each other, or the piece does not fit a unit.
void append_knowledge_unit(Bytes& out, const KnowledgeUnit& unit, bool key);

// The payload of a knowledge-base update; the piece is a view of it. Nothing if it is of a form that this version does
// not know, or damaged.
std::optional<KnowledgeUnit> parse_knowledge_unit(ByteView payload);

}  // namespace crlsc
