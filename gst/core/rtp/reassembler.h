// SPDX-License-Identifier: LGPL-2.1-or-later
// RTP payloads back into access units, with whatever was lost left out (docs/payload-format.md, section "Receiving").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/bytes.h"
#include "core/rtp/payload_header.h"

namespace crlsc {

// Which pictures are handed on.
enum class Delivery {
  kComplete,   // only those that lack nothing
  kDecodable,  // also those with at least one token unit of layer 0
  kAll,        // also those with any whole unit
};

struct ReassemblerSettings {
  Delivery delivery = Delivery::kDecodable;
  // A missing packet is waited for until this many later ones have come; 0 behind a jitter buffer.
  int max_reorder = 0;
};

// What the transport knows of one RTP packet.
struct ReceivedPacket {
  ByteView payload;
  std::optional<uint64_t> sequence;  // extended to 64 bits; without it packets count as arriving in order
  bool discontinuity = false;        // something was lost before this packet; only needed without `sequence`
  uint32_t timestamp = 0;            // RTP timestamp
  uint64_t tag = 0;                  // given back with the picture: the caller's own time, say
};

struct ReceivedPicture {
  uint16_t picture_id = 0;
  uint32_t timestamp = 0;   // RTP timestamp of the picture
  uint64_t tag = 0;         // of the first packet that arrived for it
  uint32_t tag_offset = 0;  // 90 kHz ticks from the time of that packet to that of the picture (aggregates)
  Bytes units;              // whole units in wire order
  bool key = false;
  bool complete = false;        // every unit that was sent is there
  uint32_t missing_before = 0;  // pictures between the one handed on last and this one
};

struct ReassemblerStats {
  uint64_t packets = 0;
  uint64_t corrupt = 0;  // refused: broken, or beyond a limit
  uint64_t duplicates = 0;
  uint64_t late = 0;      // of pictures already handed on or given up
  uint64_t pictures = 0;  // handed on
  uint64_t partial = 0;   // of these: not complete
  uint64_t withheld = 0;  // given up because `delivery` does not want them
};

// Memory is bounded: 1 MiB, 512 units and 2^15 packets a picture, and kMaxOpenPictures and kMaxBuffered at a time; when
// those are reached, the oldest picture is finished as it is.
class Reassembler {
 public:
  static constexpr size_t kMaxOpenPictures = 8;
  static constexpr size_t kMaxBuffered = 8 * kMaxAccessUnitSize;
  static constexpr size_t kMaxPackets = 1 << 15;
  static constexpr size_t kPacketOverhead = 256;  // counted for each packet beside its bytes

  explicit Reassembler(const ReassemblerSettings& settings = {}) : settings_(settings) {}

  // Takes what follows into account from the next packet on.
  void set_delivery(Delivery delivery) { settings_.delivery = delivery; }

  // Takes one packet in and returns the pictures that are finished by it, oldest first.
  // Throws Error(kCorrupt) when the packet breaks the format or a limit; then nothing but stats() has changed.
  std::vector<ReceivedPicture> push(const ReceivedPacket& packet);

  // Hands on what is there of all open pictures; counting goes on.
  std::vector<ReceivedPicture> drain();

  // Throws away all open pictures and forgets all counters but stats(): the next picture has nothing missing before it.
  void flush();

  const ReassemblerStats& stats() const { return stats_; }
  // Bytes held at the moment, kPacketOverhead for each packet included.
  size_t buffered() const { return buffered_; }

 private:
  // The units, or the piece of one, that a packet brought for one picture.
  struct Piece {
    RtpPayloadHeader header;
    Bytes bytes;
    size_t units = 0;   // whole ones; a unit's first fragment counts as one
    bool base = false;  // has a whole token unit of layer 0
    bool key = false;
    bool damaged = false;  // some of the packet was unreadable
  };
  // A piece, and the picture that it is for.
  struct Arrival {
    Piece piece;
    uint32_t timestamp_offset = 0;
    int64_t id = 0;
  };
  struct OpenPicture {
    uint32_t timestamp = 0;
    uint64_t tag = 0;
    uint32_t tag_offset = 0;
    bool key = false;
    size_t bytes = 0;
    size_t units = 0;
    std::optional<uint64_t> first_sequence;  // of the packet with B
    std::optional<uint64_t> last_sequence;   // of the packet with M
    std::map<uint64_t, Piece> pieces;        // by sequence number
  };
  struct Assembly;
  using Pictures = std::vector<ReceivedPicture>;
  using Open = std::map<int64_t, OpenPicture>;

  static std::vector<Arrival> split(const ReceivedPacket& packet);
  static Piece read_units(const RtpPayloadHeader& header, ByteView bytes);
  static bool has_all_packets(const OpenPicture& picture);
  static size_t cost(const OpenPicture& picture);
  uint64_t number(const ReceivedPacket& packet) const;
  int64_t extend(uint16_t picture_id) const;
  bool restarted(int64_t id, const ReceivedPacket& packet, uint64_t sequence) const;
  void check_fits(const Arrival& arrival, const ReceivedPacket& packet) const;
  void make_room(size_t bytes, bool for_new_picture, Pictures& out);
  void insert(Arrival&& arrival, const ReceivedPacket& packet, uint64_t sequence);
  void settle(uint64_t sequence);
  bool is_finished(Open::const_iterator picture) const;
  void finish_oldest(Pictures& out);

  ReassemblerSettings settings_;
  ReassemblerStats stats_;
  Open open_;                         // by picture id, counted without wrapping
  std::optional<int64_t> newest_;     // highest id seen
  std::optional<int64_t> done_;       // highest id handed on or given up
  std::optional<int64_t> delivered_;  // highest id handed on
  std::optional<uint64_t> highest_;   // sequence number
  uint64_t settled_ = 0;              // all sequence numbers up to here have come or are given up
  std::set<uint64_t> ahead_;          // those that have come beyond settled_
  size_t buffered_ = 0;
};

}  // namespace crlsc
