// SPDX-License-Identifier: LGPL-2.1-or-later
// What a knowledge base knows of one thing, and the bounds of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/model/sha256.h"

namespace crlsc {

// Given in the order of insertion, from 1, and never to another entry of the same file again: streams name pictures by
// it.
using EntryId = uint64_t;

constexpr EntryId kMaxEntryId = (uint64_t{1} << 48) - 1;
constexpr size_t kMaxLabelSize = 255;  // bytes of UTF-8
constexpr size_t kMaxSourceSize = 1023;
constexpr size_t kMaxPictureSize = size_t{4} << 20;
constexpr size_t kMaxEntries = size_t{1} << 24;

inline ByteView as_bytes(const Sha256::Digest& digest) { return {digest.data(), digest.size()}; }
inline ByteView as_bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// An entry to be added. Either `vector` or `code` is needed.
struct NewEntry {
  std::vector<float> vector;  // D numbers; only the direction counts
  Bytes code;                 // as ProductQuantiser::encode() makes them; empty: made from `vector`
  Bytes sq8;                  // as sq8_encode() makes them: the vector for re-ranking, where only that is left
  std::string label;          // may be empty
  std::string source;         // where it comes from: a file's name, say; may be empty
  int64_t first_seen = 0;     // milliseconds since 1970-01-01 UTC; 0: unknown
  int64_t last_seen = 0;
  Bytes picture;  // a reference picture, a whole WebP file; empty: none
};

// An entry as it is kept.
struct StoredEntry {
  EntryId id = 0;
  Bytes code;
  std::string label;
  std::string source;
  int64_t first_seen = 0;
  int64_t last_seen = 0;
  Sha256::Digest content_hash{};
  Bytes sq8;      // empty: none, or not asked for
  Bytes picture;  // empty: none, or not asked for
};

// SHA-256 of the code and, behind it, the picture: what both ends must have alike to predict from an entry.
Sha256::Digest content_hash(ByteView code, ByteView picture);

// Each returns what is wrong, or nothing.
// UTF-8 of at most `max_size` bytes, without control characters, which would reach terminals and pipelines.
std::optional<std::string> text_fault(ByteView text, size_t max_size);
inline std::optional<std::string> text_fault(const std::string& text, size_t max_size) {
  return text_fault(as_bytes(text), max_size);
}
// A RIFF file of type WebP, as large as it says, and not above kMaxPictureSize. Only decoding shows whether it is
// whole.
std::optional<std::string> picture_fault(ByteView picture);
// An 8-bit vector of `dimension` numbers.
std::optional<std::string> sq8_fault(ByteView bytes, int dimension);

}  // namespace crlsc
