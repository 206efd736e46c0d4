// SPDX-License-Identifier: LGPL-2.1-or-later
// What a picture shows, in a few bytes (docs/bitstream.md, section "Semantic unit").
#pragma once

#include <cstddef>
#include <optional>

#include "core/bytes.h"

namespace crlsc {

constexpr size_t kMaxSemanticCode = 32;  // bytes

struct SemanticUnit {
  bool scene_change = false;  // the first of a stream, or something else is shown than before
  ByteView code;              // of the product quantiser; what it means is up to the knowledge base
};

// Appends a whole unit. `key`: it is in the access unit of a key picture. Throws Error(kSettings) unless the code has 1
// to kMaxSemanticCode bytes.
void append_semantic_unit(Bytes& out, const SemanticUnit& unit, bool key);

// The payload of a semantic unit; the code is a view of it. Nothing if it is of a form that this version does not know:
// such units are skipped. Throws Error(kCorrupt) if it is empty, or its code is empty or too long.
std::optional<SemanticUnit> parse_semantic_unit(ByteView payload);

// The first semantic unit of an access unit that can be read; the code is a view of `access_unit`. Takes any bytes and
// throws nothing.
std::optional<SemanticUnit> find_semantic_unit(ByteView access_unit);

}  // namespace crlsc
