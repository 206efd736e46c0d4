// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/entry.h"

#include <cstring>

#include "core/error.h"
#include "core/kb/sq8.h"

namespace crlsc {
namespace {

// Bytes of the UTF-8 sequence at the start of `text`, 0 if it is none (RFC 3629: shortest form, no surrogates, at most
// U+10FFFF) or a control character (C0, DEL, C1).
size_t printable_sequence(ByteView text) {
  const uint8_t first = text[0];
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const size_t size = first >= 0xC2 && first <= 0xDF ? 2 : first >= 0xE0 && first <= 0xEF ? 3 : first <= 0xF4 ? 4 : 0;
  if (first < 0xC2 || size == 0 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((text[i] & 0xC0) != 0x80) return 0;
  }
  const uint8_t second = text[1];
  const bool control = first == 0xC2 && second < 0xA0;
  const bool too_long = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool no_character = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return control || too_long || no_character ? 0 : size;
}

}  // namespace

Sha256::Digest content_hash(ByteView code, ByteView picture) {
  Sha256 hash;
  hash.update(code);
  hash.update(picture);
  return hash.finish();
}

std::optional<std::string> text_fault(ByteView text, size_t max_size) {
  if (text.size() > max_size) {
    return "has " + std::to_string(text.size()) + " bytes, at most " + std::to_string(max_size) + " are allowed";
  }
  ByteView rest = text;
  while (!rest.empty()) {
    const size_t size = printable_sequence(rest);
    if (size == 0)
      return "is not UTF-8 or holds a control character at byte " + std::to_string(text.size() - rest.size());
    rest = rest.sub(size);
  }
  return std::nullopt;
}

std::optional<std::string> picture_fault(ByteView picture) {
  if (picture.size() > kMaxPictureSize) {
    return "has " + std::to_string(picture.size()) + " bytes, at most " + std::to_string(kMaxPictureSize) +
           " are allowed";
  }
  if (picture.size() < 20 || std::memcmp(picture.data(), "RIFF", 4) != 0 ||
      std::memcmp(picture.data() + 8, "WEBP", 4) != 0) {
    return "is no WebP file";
  }
  uint32_t size = 0;
  for (size_t i = 0; i < 4; ++i) size |= static_cast<uint32_t>(picture[4 + i]) << (8 * i);
  if (size != picture.size() - 8) return "is a WebP file cut short, or followed by something else";
  return std::nullopt;
}

std::optional<std::string> sq8_fault(ByteView bytes, int dimension) {
  if (bytes.size() != sq8_size(dimension)) {
    return "has " + std::to_string(bytes.size()) + " bytes where " + std::to_string(sq8_size(dimension)) + " belong";
  }
  try {
    sq8_decode(bytes);
  } catch (const Error& error) {
    return std::string("is ") + error.what();
  }
  return std::nullopt;
}

}  // namespace crlsc
