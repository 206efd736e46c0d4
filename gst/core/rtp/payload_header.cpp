// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/payload_header.h"

#include <string>

#include "core/error.h"

namespace crlsc {
namespace {

uint8_t bit(bool value, int position) { return static_cast<uint8_t>((value ? 1U : 0U) << position); }

void append16(Bytes& out, uint32_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

uint16_t read16(ByteView bytes, size_t at) { return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

void check_fits(const RtpPayloadHeader& header) {
  if (header.fragment && header.aggregate) {
    throw Error(ErrorKind::kSettings, "an RTP payload cannot be a fragment and an aggregate at once");
  }
  if (header.picture_id > kPictureIdMask || header.fragment_index > kFragmentIndexMax || header.temporal_id > 7 ||
      header.layer_id > 7) {
    throw Error(ErrorKind::kSettings, "a field of the RTP payload header does not fit its bits");
  }
}

}  // namespace

void append_payload_header(Bytes& out, const RtpPayloadHeader& header) {
  check_fits(header);
  out.push_back(static_cast<uint8_t>(kRtpVersion << 6 | bit(header.key, 5) | bit(header.first, 4) |
                                     bit(header.layer_end, 3) | bit(header.fragment, 2) | bit(header.aggregate, 1) |
                                     bit(header.extension, 0)));
  append16(out, (header.last ? 0x8000U : 0U) | header.picture_id);
  out.push_back(static_cast<uint8_t>(header.temporal_id << 5 | header.layer_id << 2 | bit(header.switching_point, 1) |
                                     bit(header.discardable, 0)));
  if (header.fragment) append16(out, (header.last_fragment ? 0x8000U : 0U) | header.fragment_index);
  if (header.extension) {
    out.insert(out.end(), {header.kb_epoch, header.model_tag, header.first_unit, header.unit_count});
  }
}

RtpPayloadHeader parse_payload_header(ByteView payload) {
  if (payload.size() < kFixedHeaderSize) {
    throw Error(ErrorKind::kCorrupt, "RTP payload of " + std::to_string(payload.size()) + " bytes has no whole header");
  }
  const int version = payload[0] >> 6;
  if (version != kRtpVersion) {
    throw Error(ErrorKind::kCorrupt, "RTP payload header has unknown version " + std::to_string(version));
  }
  RtpPayloadHeader header;
  header.key = payload[0] >> 5 & 1;
  header.first = payload[0] >> 4 & 1;
  header.layer_end = payload[0] >> 3 & 1;
  header.fragment = payload[0] >> 2 & 1;
  header.aggregate = payload[0] >> 1 & 1;
  header.extension = payload[0] & 1;
  const uint16_t id = read16(payload, 1);
  header.last = id >> 15;
  header.picture_id = id & kPictureIdMask;
  header.temporal_id = payload[3] >> 5;
  header.layer_id = payload[3] >> 2 & 7;
  header.switching_point = payload[3] >> 1 & 1;
  header.discardable = payload[3] & 1;
  if (header.fragment && header.aggregate) {
    throw Error(ErrorKind::kCorrupt, "RTP payload header says fragment and aggregate at once");
  }
  if (payload.size() < header.size()) {
    throw Error(ErrorKind::kCorrupt, "RTP payload ends within its header of " + std::to_string(header.size()) +
                                         " bytes at " + std::to_string(payload.size()));
  }
  size_t at = kFixedHeaderSize;
  if (header.fragment) {
    const uint16_t index = read16(payload, at);
    header.last_fragment = index >> 15;
    header.fragment_index = index & kFragmentIndexMax;
    at += kFragmentHeaderSize;
  }
  if (header.extension) {
    header.kb_epoch = payload[at];
    header.model_tag = payload[at + 1];
    header.first_unit = payload[at + 2];
    header.unit_count = payload[at + 3];
  }
  return header;
}

void append_aggregate_entry(Bytes& out, const AggregateEntry& entry) {
  if (entry.timestamp_offset > kMaxTimestampOffset) {
    throw Error(ErrorKind::kSettings, "an aggregated access unit is more than 2^24 ticks after its packet");
  }
  append16(out, entry.size);
  out.push_back(static_cast<uint8_t>(entry.timestamp_offset >> 16));
  append16(out, entry.timestamp_offset & 0xffffU);
}

AggregateEntry parse_aggregate_entry(ByteView bytes) {
  if (bytes.size() < kAggregateHeaderSize) throw Error(ErrorKind::kCorrupt, "an aggregate ends within an entry header");
  AggregateEntry entry;
  entry.size = read16(bytes, 0);
  entry.timestamp_offset = static_cast<uint32_t>(bytes[2]) << 16 | read16(bytes, 3);
  if (entry.size == 0) throw Error(ErrorKind::kCorrupt, "an aggregate holds an empty access unit");
  if (entry.size > bytes.size() - kAggregateHeaderSize) {
    throw Error(ErrorKind::kCorrupt, "an aggregate entry of " + std::to_string(entry.size) + " bytes is cut short");
  }
  return entry;
}

}  // namespace crlsc
