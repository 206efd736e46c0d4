// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/packetizer.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc {
namespace {

// A unit together with where it belongs on the wire.
struct Placed {
  ByteView bytes;
  int layer = 0;  // what is not a token unit counts as layer 0
  int rank = 0;   // order within a layer
  bool discardable = false;
  bool own = true;  // lies in the access unit
};

struct PlacedUnits {
  std::vector<Placed> units;  // in wire order
  bool key = false;
};

Placed place(const UnitView& unit) {
  switch (unit.header.type) {
    case UnitType::kSequenceHeader:
    case UnitType::kScene:
      return {unit.bytes, 0, 0, false};
    case UnitType::kSemantic:
      return {unit.bytes, 0, 1, false};
    case UnitType::kKnowledgeUpdate:
      return {unit.bytes, 0, 3, false};
    default:
      return {unit.bytes, unit.header.layer, 2, unit.header.layer > 0};
  }
}

AccessUnitView parse_checked(ByteView access_unit) {
  if (access_unit.size() > kMaxAccessUnitSize) {
    throw Error(ErrorKind::kCorrupt, "access unit of " + std::to_string(access_unit.size()) + " bytes exceeds 1 MiB");
  }
  AccessUnitView view = parse_access_unit(access_unit);
  if (view.damaged || view.units.empty()) {
    throw Error(ErrorKind::kCorrupt, "access unit of " + std::to_string(access_unit.size()) +
                                         " bytes is not a list of " + "at most " + std::to_string(kMaxUnits) +
                                         " intact units");
  }
  return view;
}

// How many layers may be sent of these units, such that something is sent.
int layers_to_send(const std::vector<UnitView>& units, int max_layers) {
  const auto lowest = std::min_element(
      units.begin(), units.end(), [](const UnitView& a, const UnitView& b) { return a.header.layer < b.header.layer; });
  return std::max(max_layers, lowest->header.layer + 1);
}

PlacedUnits place_units(ByteView access_unit, ByteView sequence_header, int max_layers) {
  const AccessUnitView view = parse_checked(access_unit);
  const int layers = layers_to_send(view.units, max_layers);
  PlacedUnits out;
  out.key = view.key().value_or(false);
  for (const UnitView& unit : view.units) {
    if (unit.header.layer >= layers) continue;
    out.units.push_back(place(unit));
  }
  if (view.sequence_header() == nullptr && !sequence_header.empty())
    out.units.push_back({sequence_header, 0, 0, false, false});
  std::stable_sort(out.units.begin(), out.units.end(), [](const Placed& a, const Placed& b) {
    return a.layer != b.layer ? a.layer < b.layer : a.rank < b.rank;
  });
  return out;
}

class Builder {
 public:
  Builder(const PlacedUnits& placed, const PacketizerSettings& settings) : placed_(placed), settings_(settings) {}

  std::vector<RtpPacket> build() {
    const size_t total = std::accumulate(placed_.units.begin(), placed_.units.end(), size_t{0},
                                         [](size_t sum, const Placed& unit) { return sum + unit.bytes.size(); });
    extension_ = total > settings_.max_payload - kFixedHeaderSize || !may_share(0, placed_.units.size() - 1);
    const size_t room = settings_.max_payload - kFixedHeaderSize - (extension_ ? kExtensionHeaderSize : 0);
    for (size_t begin = 0; begin < placed_.units.size();) {
      if (placed_.units[begin].bytes.size() > room) {
        add_fragments(begin++, room - kFragmentHeaderSize);
        continue;
      }
      size_t end = begin;
      for (size_t used = 0;
           end < placed_.units.size() && placed_.units[end].bytes.size() <= room - used && may_share(begin, end);
           ++end) {
        used += placed_.units[end].bytes.size();
      }
      add_whole(begin, end);
      begin = end;
    }
    packets_.front().fields.first = true;
    packets_.back().fields.last = true;
    for (RtpPacket& packet : packets_) append_payload_header(packet.header, packet.fields);
    return std::move(packets_);
  }

 private:
  // Whether two units may be in one packet. Those that can be discarded come last.
  bool may_share(size_t first, size_t last) const {
    return !settings_.separate_base || placed_.units[first].discardable == placed_.units[last].discardable;
  }

  // A packet that carries units [begin, end), or a piece of one.
  RtpPacket start(size_t begin, size_t end) const {
    RtpPacket packet;
    RtpPayloadHeader& fields = packet.fields;
    fields.key = fields.switching_point = placed_.key;
    fields.picture_id = settings_.picture_id & kPictureIdMask;
    fields.layer_id = static_cast<uint8_t>(placed_.units[begin].layer);
    fields.discardable = std::all_of(placed_.units.begin() + static_cast<ptrdiff_t>(begin),
                                     placed_.units.begin() + static_cast<ptrdiff_t>(end),
                                     [](const Placed& unit) { return unit.discardable; });
    fields.layer_end = end == placed_.units.size() || placed_.units[end].layer > placed_.units[end - 1].layer;
    fields.extension = extension_;
    if (extension_) {
      fields.kb_epoch = settings_.kb_epoch;
      fields.model_tag = settings_.model_tag;
      fields.first_unit = static_cast<uint8_t>(std::min<size_t>(begin, 255));
      fields.unit_count = static_cast<uint8_t>(std::min<size_t>(end - begin, 255));
    }
    return packet;
  }

  void add_whole(size_t begin, size_t end) {
    RtpPacket packet = start(begin, end);
    for (size_t i = begin; i < end; ++i) {
      const Placed& unit = placed_.units[i];
      // Neighbours within the access unit become one part, so that a packet has few of them.
      if (i > begin && unit.own && placed_.units[i - 1].own && packet.parts.back().end() == unit.bytes.data()) {
        packet.parts.back() = {packet.parts.back().data(), packet.parts.back().size() + unit.bytes.size()};
      } else {
        packet.parts.push_back(unit.bytes);
      }
    }
    packets_.push_back(std::move(packet));
  }

  // A unit has at most 65541 bytes and a piece at least 22, so that 15 bits always count the pieces.
  void add_fragments(size_t unit, size_t room) {
    const ByteView bytes = placed_.units[unit].bytes;
    const bool layer_end = start(unit, unit + 1).fields.layer_end;
    for (size_t at = 0, index = 0; at < bytes.size(); at += room, ++index) {
      RtpPacket packet = start(unit, unit + 1);
      packet.fields.fragment = true;
      packet.fields.fragment_index = static_cast<uint16_t>(index);
      packet.fields.last_fragment = bytes.size() - at <= room;
      packet.fields.layer_end = layer_end && packet.fields.last_fragment;
      packet.parts.push_back(bytes.sub(at, room));
      packets_.push_back(std::move(packet));
    }
  }

  const PlacedUnits& placed_;
  const PacketizerSettings& settings_;
  bool extension_ = false;
  std::vector<RtpPacket> packets_;
};

void check_room(const PacketizerSettings& settings) {
  if (settings.max_payload < kMinPayloadSize) {
    throw Error(ErrorKind::kSettings, "an RTP payload needs at least " + std::to_string(kMinPayloadSize) +
                                          " bytes, but only " + std::to_string(settings.max_payload) + " are allowed");
  }
}

// Returns the bytes used, 0 when there is not room enough.
size_t append_entry(Bytes& body, const AggregateItem& item, size_t room, const PlacedUnits& placed) {
  Bytes units;
  for (const Placed& unit : placed.units) units.insert(units.end(), unit.bytes.begin(), unit.bytes.end());
  if (units.size() > UINT16_MAX || units.size() + kAggregateHeaderSize > room) return 0;
  append_aggregate_entry(body, {static_cast<uint16_t>(units.size()), item.timestamp_offset});
  body.insert(body.end(), units.begin(), units.end());
  return units.size() + kAggregateHeaderSize;
}

}  // namespace

size_t RtpPacket::size() const {
  return std::accumulate(parts.begin(), parts.end(), header.size(),
                         [](size_t sum, ByteView part) { return sum + part.size(); });
}

Bytes RtpPacket::join() const {
  Bytes out = header;
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

std::vector<RtpPacket> packetize(ByteView access_unit, const PacketizerSettings& settings, ByteView sequence_header) {
  check_room(settings);
  return Builder(place_units(access_unit, sequence_header, settings.max_layers), settings).build();
}

std::optional<RtpPacket> aggregate(const std::vector<AggregateItem>& items, const PacketizerSettings& settings) {
  check_room(settings);
  if (items.empty() || items.size() > static_cast<size_t>(kMaxAggregated)) {
    throw Error(ErrorKind::kSettings,
                "an RTP packet aggregates 1 to 4 access units, not " + std::to_string(items.size()));
  }
  RtpPacket packet;
  packet.fields.first = packet.fields.last = packet.fields.layer_end = packet.fields.aggregate = true;
  packet.fields.picture_id = settings.picture_id & kPictureIdMask;
  packet.fields.discardable = true;
  packet.fields.layer_id = 7;
  size_t room = settings.max_payload - kFixedHeaderSize;
  Bytes body;
  uint32_t previous = 0;
  for (const AggregateItem& item : items) {
    if (item.timestamp_offset < previous) {
      throw Error(ErrorKind::kSettings, "access units of an aggregate must come in the order of their times");
    }
    previous = item.timestamp_offset;
    const PlacedUnits placed = place_units(item.access_unit, item.sequence_header, settings.max_layers);
    const size_t used = append_entry(body, item, room, placed);
    if (used == 0) return std::nullopt;
    room -= used;
    packet.fields.key |= placed.key;
    for (const Placed& unit : placed.units) {
      packet.fields.discardable &= unit.discardable;
      packet.fields.layer_id = std::min(packet.fields.layer_id, static_cast<uint8_t>(unit.layer));
    }
  }
  packet.fields.switching_point = packet.fields.key;
  append_payload_header(packet.header, packet.fields);
  packet.header.insert(packet.header.end(), body.begin(), body.end());
  return packet;
}

}  // namespace crlsc
