// SPDX-License-Identifier: LGPL-2.1-or-later
// What a decoder must know before the first picture (docs/bitstream.md, section "Sequence header").
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/bytes.h"

namespace crlsc {

constexpr int kBitstreamVersion = 1;
constexpr int kMinWidth = 16;  // luma samples
constexpr int kMaxWidth = 1920;
constexpr int kMinHeight = 16;
constexpr int kMaxHeight = 1088;

// The first 8 bytes of the SHA-256 that names a model or a knowledge base.
using ContentId = std::array<uint8_t, 8>;

// 16 lower-case hexadecimal digits.
std::string to_hex(const ContentId& id);
// The reverse; capital letters are read, too. Nothing unless `text` is exactly 16 hexadecimal digits.
std::optional<ContentId> content_id_from_hex(const std::string& text);

// Code points of ISO/IEC 23091-2 (Rec. ITU-T H.273). Any byte is carried; the codec itself does not look at them.
struct Colorimetry {
  uint8_t range = 0;        // 0 limited, 1 full
  uint8_t matrix = 2;       // 2 unspecified
  uint8_t transfer = 2;     // 2 unspecified
  uint8_t primaries = 2;    // 2 unspecified
  uint8_t chroma_site = 0;  // Chroma420SampleLocType: 0 left, 1 centre, 2 top left, ...; 255 unspecified
};
bool operator==(const Colorimetry& a, const Colorimetry& b);
inline bool operator!=(const Colorimetry& a, const Colorimetry& b) { return !(a == b); }

// A knowledge base and the state of it that the stream refers to.
struct KnowledgeRef {
  ContentId id{};
  uint8_t epoch = 0;
};
bool operator==(const KnowledgeRef& a, const KnowledgeRef& b);
inline bool operator!=(const KnowledgeRef& a, const KnowledgeRef& b) { return !(a == b); }

// The shape of a sample, width to height; 0/1 is unknown. Sequence headers do not hold it: what carries the access
// units says it beside them.
struct PixelAspectRatio {
  int num = 0;
  int den = 1;
};

struct SequenceHeader {
  int version = kBitstreamVersion;
  int width = 0;  // luma samples as shown, before padding to cells
  int height = 0;
  uint32_t framerate_num = 0;  // 0/1: variable or unknown; both are at most 2^31 - 1
  uint32_t framerate_den = 1;
  int layers = 1;  // 1..4
  ContentId model_id{};
  Colorimetry colorimetry;
  std::optional<KnowledgeRef> knowledge;
};
bool operator==(const SequenceHeader& a, const SequenceHeader& b);
inline bool operator!=(const SequenceHeader& a, const SequenceHeader& b) { return !(a == b); }

// The payload of a sequence header unit. Throws Error(kSettings) when a field is out of range.
Bytes write_sequence_header(const SequenceHeader& header);

// Throws Error(kWrongType) when the version is another one, Error(kCorrupt) when the payload is too short or a field is
// out of range. Bytes behind the known fields are ignored. A framerate 0/n is returned as 0/1.
SequenceHeader parse_sequence_header(ByteView payload);

}  // namespace crlsc
