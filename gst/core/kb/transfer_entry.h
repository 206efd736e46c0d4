// SPDX-License-Identifier: LGPL-2.1-or-later
// An entry of a knowledge base as streams carry it (docs/bitstream.md, section "Knowledge-base update").
#pragma once

#include <optional>
#include <string>

#include "core/bitstream/knowledge_unit.h"
#include "core/kb/entry.h"

namespace crlsc {

struct TransferEntry {
  std::string label;  // may be empty
  Bytes code;         // 1..kMaxSemanticCode bytes, of the product quantiser that the stream names
  Bytes picture;      // a WebP file
};

// What scenes call the entry: the beginning of its content hash.
PictureName name_of(const Sha256::Digest& content_hash);
PictureName name_of(const TransferEntry& entry);

// What is wrong with an entry, so that it cannot be transferred, or nothing. Only decoding shows whether a picture is
// whole.
std::optional<std::string> transfer_fault(const TransferEntry& entry);

// Throws Error(kSettings) if transfer_fault() names a fault.
Bytes write_transfer(const TransferEntry& entry);
// Nothing for what write_transfer() never gives. Whether it is the entry that it is said to be, name_of() tells.
std::optional<TransferEntry> parse_transfer(ByteView bytes);

}  // namespace crlsc
