// SPDX-License-Identifier: LGPL-2.1-or-later
// Access units into RTP payloads (docs/payload-format.md, section "Packetisation rules").
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/bytes.h"
#include "core/rtp/payload_header.h"
#include "core/token/grid.h"

namespace crlsc {

// The least room a packet needs: a fragment's headers and some of the unit.
constexpr size_t kMinPayloadSize = 32;

// One RTP payload: `header` followed by `parts`, which point into what was given to the packetiser.
struct RtpPacket {
  RtpPayloadHeader fields;
  Bytes header;
  std::vector<ByteView> parts;

  size_t size() const;
  // The payload in one piece.
  Bytes join() const;
};

struct PacketizerSettings {
  size_t max_payload = 1188;  // bytes of one RTP payload, header included; at least kMinPayloadSize
  uint16_t picture_id = 0;    // of the access unit, or of the first one of an aggregate
  uint8_t kb_epoch = 0;
  uint8_t model_tag = 0;
  // Token units of layers from here on are left out, 1..4. Of an access unit that has nothing else, the lowest layer
  // stays: a picture is never left out as a whole.
  int max_layers = kMaxLayers;
  // Units that can be discarded never share a packet with others.
  bool separate_base = false;
};

// The packets of one access unit in wire order: sequence header, semantic units, layer 0, knowledge-base updates, then
// layer 1 and so on; a cut at any place leaves the more useful part. `sequence_header`, a whole unit, is sent in front
// when `access_unit` has none; leave it empty to send nothing extra.
// Units are not copied and reserved types are left out. What settings.max_layers leaves out counts as if it had never
// been there.
// Throws Error(kCorrupt) when the access unit is damaged, empty or exceeds kMaxAccessUnitSize or kMaxUnits;
// Error(kSettings) when max_payload is too small.
std::vector<RtpPacket> packetize(ByteView access_unit, const PacketizerSettings& settings,
                                 ByteView sequence_header = {});

// One of several access units that share a packet.
struct AggregateItem {
  ByteView access_unit;
  uint32_t timestamp_offset = 0;  // 90 kHz ticks after the first one
  ByteView sequence_header = {};  // as packetize() takes it
};

// One packet with 1 to kMaxAggregated access units, or nothing when they do not fit into settings.max_payload. The
// units are copied into the packet's header, because entry headers stand between them. Their picture ids count up from
// settings.picture_id. Throws as packetize() does, and Error(kSettings) for more items or for offsets that fall or
// exceed kMaxTimestampOffset.
std::optional<RtpPacket> aggregate(const std::vector<AggregateItem>& items, const PacketizerSettings& settings);

}  // namespace crlsc
