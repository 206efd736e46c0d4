// SPDX-License-Identifier: LGPL-2.1-or-later
// The JSON header of safetensors files, as text on one side and as plain numbers on the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/model/safetensors.h"

namespace crlsc {

// What the header says of a tensor; nothing of it is checked against the file yet.
struct HeaderEntry {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;  // at most kMaxTensorRank
  uint64_t begin = 0;           // bytes, from the end of the header
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;  // names differ
  Metadata metadata;
};

// Parses without building a tree, so that memory stays in proportion to `json` and nesting ends at the third level.
// Returns what is wrong, or an empty string.
std::string parse_safetensors_header(ByteView json, SafetensorsHeader& out);

// The header's text, padded with spaces to a multiple of eight bytes. Throws Error(kWrite) if a name or a text is not
// UTF-8.
std::string format_safetensors_header(const SafetensorsHeader& header);

}  // namespace crlsc
