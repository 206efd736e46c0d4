// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/sequence_header.h"

#include <algorithm>
#include <tuple>

#include "core/bitstream/byte_io.h"
#include "core/error.h"

namespace crlsc {
namespace {

constexpr int kLayersShift = 6;
constexpr unsigned kKnowledgeBit = 1U << 5;
constexpr int kMaxLayerCount = 4;
constexpr uint32_t kMaxFraction = INT32_MAX;  // GstFraction and most containers are signed

// `kind` says whose fault it is: the application's (kSettings) or the stream's (kCorrupt).
void check_ranges(const SequenceHeader& h, ErrorKind kind) {
  if (h.width < kMinWidth || h.width > kMaxWidth || h.height < kMinHeight || h.height > kMaxHeight) {
    throw Error(kind, "the sequence header's size " + std::to_string(h.width) + "x" + std::to_string(h.height) +
                          " is not within 16x16 and 1920x1088");
  }
  if (h.framerate_den == 0 || h.framerate_num > kMaxFraction || h.framerate_den > kMaxFraction) {
    throw Error(kind, "the sequence header's frame rate " + std::to_string(h.framerate_num) + "/" +
                          std::to_string(h.framerate_den) + " is not a fraction of 31-bit numbers");
  }
  if (h.layers < 1 || h.layers > kMaxLayerCount) {
    throw Error(kind, "the sequence header names " + std::to_string(h.layers) + " layers, which is not 1..4");
  }
}

void check_version(int version) {
  if (version == kBitstreamVersion) return;
  throw Error(ErrorKind::kWrongType, "the stream has bitstream version " + std::to_string(version) +
                                         ", this decoder reads version " + std::to_string(kBitstreamVersion));
}

ContentId read_id(ByteReader& reader) {
  ContentId id{};
  const ByteView bytes = reader.bytes(id.size());
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

auto fields(const Colorimetry& c) { return std::tie(c.range, c.matrix, c.transfer, c.primaries, c.chroma_site); }
auto fields(const KnowledgeRef& k) { return std::tie(k.id, k.epoch); }
auto fields(const SequenceHeader& h) {
  return std::tie(h.version, h.width, h.height, h.framerate_num, h.framerate_den, h.layers, h.model_id, h.colorimetry,
                  h.knowledge);
}

}  // namespace

bool operator==(const Colorimetry& a, const Colorimetry& b) { return fields(a) == fields(b); }
bool operator==(const KnowledgeRef& a, const KnowledgeRef& b) { return fields(a) == fields(b); }
bool operator==(const SequenceHeader& a, const SequenceHeader& b) { return fields(a) == fields(b); }

std::string to_hex(const ContentId& id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * id.size());
  for (uint8_t byte : id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<ContentId> content_id_from_hex(const std::string& text) {
  ContentId id{};
  if (text.size() != 2 * id.size()) return std::nullopt;
  for (size_t i = 0; i < id.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return id;
}

Bytes write_sequence_header(const SequenceHeader& header) {
  if (header.version != kBitstreamVersion) {
    throw Error(ErrorKind::kSettings, "only bitstream version " + std::to_string(kBitstreamVersion) +
                                          " can be written, not " + std::to_string(header.version));
  }
  check_ranges(header, ErrorKind::kSettings);
  Bytes payload;
  ByteWriter writer(payload);
  writer.u8(static_cast<uint8_t>(header.version));
  writer.u16(static_cast<uint16_t>(header.width));
  writer.u16(static_cast<uint16_t>(header.height));
  writer.u32(header.framerate_num);
  writer.u32(header.framerate_num == 0 ? 1 : header.framerate_den);
  const unsigned flags = header.knowledge ? kKnowledgeBit : 0;
  writer.u8(static_cast<uint8_t>(static_cast<unsigned>(header.layers - 1) << kLayersShift | flags));
  writer.bytes({header.model_id.data(), header.model_id.size()});
  const Colorimetry& c = header.colorimetry;
  for (uint8_t code : {c.range, c.matrix, c.transfer, c.primaries, c.chroma_site}) writer.u8(code);
  if (header.knowledge) {
    writer.bytes({header.knowledge->id.data(), header.knowledge->id.size()});
    writer.u8(header.knowledge->epoch);
  }
  return payload;
}

SequenceHeader parse_sequence_header(ByteView payload) {
  ByteReader reader(payload);
  SequenceHeader header;
  header.version = reader.u8();
  check_version(header.version);
  header.width = reader.u16();
  header.height = reader.u16();
  header.framerate_num = reader.u32();
  header.framerate_den = reader.u32();
  const unsigned flags = reader.u8();
  header.layers = static_cast<int>(flags >> kLayersShift) + 1;
  header.model_id = read_id(reader);
  Colorimetry& c = header.colorimetry;
  for (uint8_t* code : {&c.range, &c.matrix, &c.transfer, &c.primaries, &c.chroma_site}) *code = reader.u8();
  if ((flags & kKnowledgeBit) != 0) {
    KnowledgeRef knowledge;
    knowledge.id = read_id(reader);
    knowledge.epoch = reader.u8();
    header.knowledge = knowledge;
  }
  check_ranges(header, ErrorKind::kCorrupt);
  if (header.framerate_num == 0) header.framerate_den = 1;
  return header;
}

}  // namespace crlsc
