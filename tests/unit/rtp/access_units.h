// SPDX-License-Identifier: LGPL-2.1-or-later
// Access units made up of pseudo-random payloads, and the way of their packets to the other end.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "core/bitstream/unit.h"
#include "core/rtp/packetizer.h"
#include "core/rtp/reassembler.h"

namespace crlsc::test {

struct UnitSpec {
  UnitType type = UnitType::kToken;
  int layer = 0;
  size_t size = 10;  // of the payload
};

// The same arguments give the same bytes; `seed` tells pictures apart.
inline Bytes access_unit(const std::vector<UnitSpec>& specs, bool key = false, uint32_t seed = 1) {
  Bytes out;
  std::minstd_rand random(seed);
  for (const UnitSpec& spec : specs) {
    Bytes payload(spec.size);
    for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random() >> 8);
    append_unit(out, {spec.type, spec.layer, key, false}, payload);
  }
  return out;
}

inline UnitSpec token(int layer, size_t size = 10) { return {UnitType::kToken, layer, size}; }

// A sequence header unit; nothing in the packetiser looks into it.
inline Bytes header_unit(size_t size = 20) { return access_unit({{UnitType::kSequenceHeader, 0, size}}, true, 99); }

inline std::vector<Bytes> payloads(ByteView unit_bytes, const PacketizerSettings& settings) {
  std::vector<Bytes> out;
  for (const RtpPacket& packet : packetize(unit_bytes, settings)) out.push_back(packet.join());
  return out;
}

// A run of packets of pictures first_id, first_id + 1, ... numbered through, as a sender would put it on the wire.
class Sender {
 public:
  explicit Sender(uint16_t picture_id = 100, uint64_t sequence = 1000, size_t max_payload = 64)
      : picture_id_(picture_id), sequence_(sequence), max_payload_(max_payload) {}

  void send(ByteView unit_bytes) {
    PacketizerSettings settings;
    settings.max_payload = max_payload_;
    settings.picture_id = picture_id_;
    for (Bytes& bytes : payloads(unit_bytes, settings)) add(std::move(bytes));
    skip();
  }

  // Puts one packet with ready-made bytes on the wire.
  void add(Bytes bytes) {
    storage_.push_back(std::move(bytes));
    sequences_.push_back(sequence_++);
    timestamps_.push_back(timestamp_);
  }

  // The next picture id, without a picture.
  void skip() {
    picture_id_ = (picture_id_ + 1) & kPictureIdMask;
    timestamp_ += 9000;
  }

  size_t size() const { return storage_.size(); }
  Bytes& bytes(size_t i) { return storage_[i]; }
  uint16_t picture_id() const { return picture_id_; }

  ReceivedPacket packet(size_t i) const {
    ReceivedPacket out;
    out.payload = storage_[i];
    out.sequence = sequences_[i];
    out.timestamp = timestamps_[i];
    out.tag = i;
    return out;
  }

 private:
  uint16_t picture_id_;
  uint64_t sequence_;
  uint32_t timestamp_ = 0;
  size_t max_payload_;
  std::vector<Bytes> storage_;
  std::vector<uint64_t> sequences_;
  std::vector<uint32_t> timestamps_;
};

inline void append(std::vector<ReceivedPicture>& to, std::vector<ReceivedPicture> from) {
  for (ReceivedPicture& picture : from) to.push_back(std::move(picture));
}

// Hands the packets of `order` to `reassembler` and returns all that comes out, without draining.
inline std::vector<ReceivedPicture> receive(Reassembler& reassembler, const Sender& sender,
                                            const std::vector<size_t>& order) {
  std::vector<ReceivedPicture> out;
  for (const size_t i : order) append(out, reassembler.push(sender.packet(i)));
  return out;
}

inline std::vector<ReceivedPicture> receive_all(Reassembler& reassembler, const Sender& sender) {
  std::vector<ReceivedPicture> out;
  for (size_t i = 0; i < sender.size(); ++i) append(out, reassembler.push(sender.packet(i)));
  return out;
}

}  // namespace crlsc::test
