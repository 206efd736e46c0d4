// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/reassembler.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc {
namespace {

constexpr int64_t kPictureIds = kPictureIdMask + 1;
// Without sequence numbers, an id this far behind means a new start, not a late packet.
constexpr int64_t kRestartDistance = 1024;

bool is_base(const UnitView& unit) { return unit.header.type == UnitType::kToken && unit.header.layer == 0; }

}  // namespace

// Puts the pieces of one picture together, in order of their sequence numbers.
struct Reassembler::Assembly {
  Bytes units;
  bool base = false;
  bool intact = true;   // no piece that came was unusable
  bool counted = true;  // the pieces' places in the access unit follow one another from 0
  size_t next_unit = 0;

  void add(uint64_t sequence, const Piece& piece) {
    intact &= !piece.damaged;
    if (piece.header.fragment) {
      add_fragment(sequence, piece);
    } else {
      close_fragments();
      count(piece.header, piece.header.unit_count);
      append(piece.bytes, piece.base);
    }
  }

  void close_fragments() {
    intact &= last == nullptr;
    last = nullptr;
    joined.clear();
  }

 private:
  void append(ByteView bytes, bool has_base) {
    units.insert(units.end(), bytes.begin(), bytes.end());
    base |= has_base;
  }

  // Places stop at 255, from where on they say nothing.
  void count(const RtpPayloadHeader& header, size_t number) {
    counted &= header.extension && header.first_unit == next_unit && header.first_unit + number < 255;
    next_unit += number;
  }

  bool continues(uint64_t sequence, const Piece& piece) const {
    if (last == nullptr || piece.header.fragment_index != last->header.fragment_index + 1) return false;
    const bool same_place = piece.header.extension && last->header.extension && piece.header.first_unit < 255 &&
                            piece.header.first_unit == last->header.first_unit;
    return same_place || sequence == last_sequence + 1;
  }

  void add_fragment(uint64_t sequence, const Piece& piece) {
    if (piece.header.fragment_index == 0) {
      close_fragments();
    } else if (!continues(sequence, piece)) {
      close_fragments();
      intact = false;
      return;
    }
    joined.insert(joined.end(), piece.bytes.begin(), piece.bytes.end());
    last = &piece;
    last_sequence = sequence;
    if (!piece.header.last_fragment) return;
    const AccessUnitView view = parse_access_unit(joined);
    intact &= !view.damaged && view.units.size() <= 1;
    for (const UnitView& unit : view.units) append(unit.bytes, is_base(unit));
    count(piece.header, 1);
    last = nullptr;
    joined.clear();
  }

  const Piece* last = nullptr;  // fragment that waits for the next one
  uint64_t last_sequence = 0;
  Bytes joined;
};

Reassembler::Piece Reassembler::read_units(const RtpPayloadHeader& header, ByteView bytes) {
  const AccessUnitView view = parse_access_unit(bytes);
  if (view.damaged && view.units.empty()) throw Error(ErrorKind::kCorrupt, "RTP payload has no intact unit");
  Piece piece;
  piece.header = header;
  piece.key = header.key;
  piece.damaged = view.damaged;
  piece.units = view.units.size();
  for (const UnitView& unit : view.units) {
    piece.bytes.insert(piece.bytes.end(), unit.bytes.begin(), unit.bytes.end());
    piece.base |= is_base(unit);
  }
  return piece;
}

// An aggregate of n access units reads like n packets with the same sequence number.
std::vector<Reassembler::Arrival> Reassembler::split(const ReceivedPacket& packet) {
  const RtpPayloadHeader header = parse_payload_header(packet.payload);
  ByteView body = packet.payload.sub(header.size());
  if (body.empty()) throw Error(ErrorKind::kCorrupt, "RTP payload has no units");
  if (header.fragment) {
    Piece piece;
    piece.header = header;
    piece.key = header.key;
    piece.bytes.assign(body.begin(), body.end());
    piece.units = header.fragment_index == 0 ? 1 : 0;
    return {{std::move(piece), 0, header.picture_id}};
  }
  if (!header.aggregate) return {{read_units(header, body), 0, header.picture_id}};

  std::vector<Arrival> out;
  while (!body.empty()) {
    if (out.size() == static_cast<size_t>(kMaxAggregated)) {
      throw Error(ErrorKind::kCorrupt, "RTP payload aggregates more than 4 access units");
    }
    const AggregateEntry entry = parse_aggregate_entry(body);
    RtpPayloadHeader own = header;
    own.first = own.last = true;
    const ByteView units = body.sub(kAggregateHeaderSize, entry.size);
    Piece piece = read_units(own, units);
    // K speaks of the packet; each access unit's own units tell which one is meant.
    piece.key = parse_access_unit(piece.bytes).key().value_or(false);
    out.push_back({std::move(piece), entry.timestamp_offset,
                   static_cast<int64_t>((header.picture_id + out.size()) & kPictureIdMask)});
    body = body.sub(kAggregateHeaderSize + entry.size);
  }
  return out;
}

uint64_t Reassembler::number(const ReceivedPacket& packet) const {
  if (packet.sequence) return *packet.sequence;
  if (!highest_) return 1;
  return *highest_ + (packet.discontinuity ? 2 : 1);
}

// The id nearest to the newest one that has the same 15 low bits.
int64_t Reassembler::extend(uint16_t picture_id) const {
  if (!newest_) return picture_id + kPictureIds;
  int64_t difference = (picture_id - *newest_) & kPictureIdMask;
  if (difference >= kPictureIds / 2) difference -= kPictureIds;
  return *newest_ + difference;
}

bool Reassembler::restarted(int64_t id, const ReceivedPacket& packet, uint64_t sequence) const {
  if (!newest_ || !highest_) return false;
  if (!packet.sequence) return id < *newest_ - kRestartDistance;
  return sequence > *highest_ && id < *newest_;
}

bool Reassembler::has_all_packets(const OpenPicture& picture) {
  return picture.first_sequence && picture.last_sequence && *picture.first_sequence <= *picture.last_sequence &&
         picture.pieces.begin()->first == *picture.first_sequence &&
         picture.pieces.rbegin()->first == *picture.last_sequence &&
         picture.pieces.size() == *picture.last_sequence - *picture.first_sequence + 1;
}

size_t Reassembler::cost(const OpenPicture& picture) { return picture.bytes + picture.pieces.size() * kPacketOverhead; }

void Reassembler::check_fits(const Arrival& arrival, const ReceivedPacket& packet) const {
  const auto found = open_.find(arrival.id);
  if (found == open_.end()) return;
  const OpenPicture& picture = found->second;
  if (picture.timestamp != packet.timestamp + arrival.timestamp_offset) {
    throw Error(ErrorKind::kCorrupt, "RTP packets of one picture have different timestamps");
  }
  if (picture.bytes + arrival.piece.bytes.size() > kMaxAccessUnitSize ||
      picture.units + arrival.piece.units > kMaxUnits || picture.pieces.size() >= kMaxPackets) {
    throw Error(ErrorKind::kCorrupt, "picture " + std::to_string(arrival.id & kPictureIdMask) +
                                         " exceeds 1 MiB, 512 units or 32768 packets");
  }
}

void Reassembler::make_room(size_t bytes, bool for_new_picture, Pictures& out) {
  const size_t most = kMaxOpenPictures - (for_new_picture ? 1 : 0);
  while (!open_.empty() && (buffered_ + bytes > kMaxBuffered || open_.size() > most)) finish_oldest(out);
}

void Reassembler::insert(Arrival&& arrival, const ReceivedPacket& packet, uint64_t sequence) {
  if (done_ && arrival.id <= *done_) {
    ++stats_.late;
    return;
  }
  const auto [place, is_new] = open_.try_emplace(arrival.id);
  OpenPicture& picture = place->second;
  if (is_new) {
    picture.timestamp = packet.timestamp + arrival.timestamp_offset;
    picture.tag = packet.tag;
    picture.tag_offset = arrival.timestamp_offset;
  }
  if (picture.pieces.count(sequence) != 0) {
    ++stats_.duplicates;
    return;
  }
  Piece& piece = arrival.piece;
  picture.key |= piece.key;
  picture.units += piece.units;
  picture.bytes += piece.bytes.size();
  buffered_ += piece.bytes.size() + kPacketOverhead;
  if (piece.header.first) picture.first_sequence = sequence;
  if (piece.header.last) picture.last_sequence = sequence;
  picture.pieces.emplace(sequence, std::move(piece));
  newest_ = std::max(newest_.value_or(arrival.id), arrival.id);
}

void Reassembler::settle(uint64_t sequence) {
  const auto window = static_cast<uint64_t>(std::max(settings_.max_reorder, 0));
  if (!highest_) settled_ = sequence > window ? sequence - window - 1 : 0;
  highest_ = std::max(highest_.value_or(sequence), sequence);
  if (sequence > settled_) ahead_.insert(sequence);
  if (*highest_ > window) settled_ = std::max(settled_, *highest_ - window);
  ahead_.erase(ahead_.begin(), ahead_.upper_bound(settled_));
  while (!ahead_.empty() && *ahead_.begin() == settled_ + 1) {
    ++settled_;
    ahead_.erase(ahead_.begin());
  }
}

bool Reassembler::is_finished(Open::const_iterator place) const {
  const OpenPicture& picture = place->second;
  if (picture.last_sequence && settled_ >= *picture.last_sequence) return true;
  const bool is_next = done_ && place->first == *done_ + 1;
  if (is_next && has_all_packets(picture)) return true;
  const auto successor = std::next(place);
  return successor != open_.end() && settled_ + 1 >= successor->second.pieces.begin()->first;
}

void Reassembler::finish_oldest(Pictures& out) {
  const auto place = open_.begin();
  const int64_t id = place->first;
  const OpenPicture& picture = place->second;
  Assembly assembly;
  for (const auto& [sequence, piece] : picture.pieces) assembly.add(sequence, piece);
  assembly.close_fragments();

  const bool has_ends = picture.pieces.begin()->second.header.first && picture.pieces.rbegin()->second.header.last;
  const bool complete = assembly.intact && (has_all_packets(picture) || (has_ends && assembly.counted));
  const bool wanted = !assembly.units.empty() && (complete || settings_.delivery == Delivery::kAll ||
                                                  (settings_.delivery == Delivery::kDecodable && assembly.base));
  if (wanted) {
    ReceivedPicture result;
    result.picture_id = static_cast<uint16_t>(id & kPictureIdMask);
    result.timestamp = picture.timestamp;
    result.tag = picture.tag;
    result.tag_offset = picture.tag_offset;
    result.units = std::move(assembly.units);
    result.key = picture.key;
    result.complete = complete;
    result.missing_before = delivered_ ? static_cast<uint32_t>(id - *delivered_ - 1) : 0;
    delivered_ = id;
    ++stats_.pictures;
    stats_.partial += complete ? 0 : 1;
    out.push_back(std::move(result));
  } else {
    ++stats_.withheld;
  }
  done_ = id;
  buffered_ -= cost(picture);
  open_.erase(place);
}

std::vector<ReceivedPicture> Reassembler::push(const ReceivedPacket& packet) {
  ++stats_.packets;
  Pictures out;
  try {
    std::vector<Arrival> arrivals = split(packet);
    const uint64_t sequence = number(packet);
    const int64_t first_id = extend(static_cast<uint16_t>(arrivals.front().id));
    for (size_t i = 0; i < arrivals.size(); ++i) arrivals[i].id = first_id + static_cast<int64_t>(i);
    if (restarted(first_id, packet, sequence)) {
      out = drain();
      newest_ = done_ = delivered_ = std::nullopt;
    } else {
      for (const Arrival& arrival : arrivals) check_fits(arrival, packet);
    }
    for (Arrival& arrival : arrivals) {
      make_room(arrival.piece.bytes.size() + kPacketOverhead, open_.count(arrival.id) == 0, out);
      insert(std::move(arrival), packet, sequence);
    }
    settle(sequence);
  } catch (const Error&) {
    ++stats_.corrupt;
    throw;
  }
  while (!open_.empty() && is_finished(open_.begin())) finish_oldest(out);
  return out;
}

std::vector<ReceivedPicture> Reassembler::drain() {
  Pictures out;
  while (!open_.empty()) finish_oldest(out);
  return out;
}

void Reassembler::flush() {
  open_.clear();
  buffered_ = 0;
  newest_ = done_ = delivered_ = std::nullopt;
  highest_ = std::nullopt;
  settled_ = 0;
  ahead_.clear();
}

}  // namespace crlsc
