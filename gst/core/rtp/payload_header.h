// SPDX-License-Identifier: LGPL-2.1-or-later
// The header that opens each RTP payload (docs/payload-format.md, section "Payload header").
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace crlsc {

constexpr int kRtpVersion = 0;
constexpr uint16_t kPictureIdMask = 0x7fff;
constexpr int kFragmentIndexMax = 0x7fff;
constexpr int kMaxAggregated = 4;                   // access units in one packet
constexpr uint32_t kMaxTimestampOffset = 0xffffff;  // 90 kHz ticks that an aggregate entry can say

constexpr size_t kFixedHeaderSize = 4;
constexpr size_t kFragmentHeaderSize = 2;
constexpr size_t kExtensionHeaderSize = 4;
constexpr size_t kAggregateHeaderSize = 5;

// A larger access unit is neither sent nor put together; nor is one of more than kMaxUnits units.
constexpr size_t kMaxAccessUnitSize = 1 << 20;

// The fields of a payload header. Byte order on the wire is big-endian.
struct RtpPayloadHeader {
  bool key = false;         // K: the packet belongs to a key picture
  bool first = false;       // B: first packet of the picture
  bool layer_end = false;   // E: no later packet of the picture has units of this packet's highest layer
  bool fragment = false;    // F: the payload is a piece of one unit
  bool aggregate = false;   // A: the payload is a list of whole access units
  bool extension = false;   // X: the last four fields below are present
  bool last = false;        // M: last packet of the picture
  uint16_t picture_id = 0;  // 15 bits, wraps
  uint8_t temporal_id = 0;  // 3 bits
  uint8_t layer_id = 0;     // 3 bits: lowest layer in the packet
  bool switching_point = false;
  bool discardable = false;  // D: nothing of layer 0, no header, semantic or knowledge-base unit within

  bool last_fragment = false;   // only with F
  uint16_t fragment_index = 0;  // 15 bits, only with F

  uint8_t kb_epoch = 0;   // only with X, as all below
  uint8_t model_tag = 0;  // first byte of the model id
  // Place of the packet's units in the access unit as sent; both stop at 255.
  uint8_t first_unit = 0;
  uint8_t unit_count = 0;

  // Bytes on the wire.
  size_t size() const {
    return kFixedHeaderSize + (fragment ? kFragmentHeaderSize : 0) + (extension ? kExtensionHeaderSize : 0);
  }
};

// Appends `header` to `out`. Throws Error(kSettings) when a field does not fit its bits or F and A are both set.
void append_payload_header(Bytes& out, const RtpPayloadHeader& header);

// Reads the header at the start of `payload`; what follows starts at the result's size().
// Throws Error(kCorrupt) when it is cut short, has another version, or sets both F and A.
RtpPayloadHeader parse_payload_header(ByteView payload);

// Opens each access unit of an aggregate.
struct AggregateEntry {
  uint16_t size = 0;              // bytes of units that follow
  uint32_t timestamp_offset = 0;  // 24 bits, 90 kHz ticks after the packet's RTP timestamp
};

// Appends the entry's header to `out`. Throws Error(kSettings) when the offset does not fit its bits.
void append_aggregate_entry(Bytes& out, const AggregateEntry& entry);

// Reads the entry header at the start of `bytes`.
// Throws Error(kCorrupt) when it is cut short, empty, or promises more bytes than follow.
AggregateEntry parse_aggregate_entry(ByteView bytes);

}  // namespace crlsc
