// SPDX-License-Identifier: LGPL-2.1-or-later
// Payload headers and the reassembler: any packets in any order give pictures of whole units, within the limits.
#include "core/rtp/reassembler.h"

#include "core/bitstream/unit.h"
#include "core/error.h"
#include "core/rtp/packetizer.h"
#include "fuzz.h"
#include "payload_checksums.h"
#include "unit/rtp/access_units.h"

using namespace crlsc;

namespace {

// Of the byte that begins each packet.
constexpr unsigned kRepair = 1;      // checksums are put right
constexpr unsigned kNoSequence = 2;  // the transport knows no sequence number
constexpr unsigned kBreak = 4;       // something was lost before it
constexpr unsigned kDrain = 8;
constexpr unsigned kFlush = 16;

void check_header(ByteView payload) {
  try {
    const RtpPayloadHeader header = parse_payload_header(payload);
    require(header.size() <= payload.size(), "a header longer than the payload");
    Bytes again;
    append_payload_header(again, header);
    require(again == Bytes(payload.begin(), payload.begin() + static_cast<ptrdiff_t>(again.size())),
            "a header changes when written again");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::kCorrupt, "the kind of error");
  }
}

void check(const std::vector<ReceivedPicture>& pictures) {
  for (const ReceivedPicture& picture : pictures) {
    require(!picture.units.empty() && picture.units.size() <= kMaxAccessUnitSize, "the size of a picture");
    const AccessUnitView view = parse_access_unit(picture.units);
    require(!view.damaged && !view.units.empty(), "a picture with broken units");
    require(picture.picture_id <= kPictureIdMask && picture.tag_offset <= kMaxTimestampOffset, "ranges");
  }
}

void add_packet(Bytes& seed, const ReceivedPacket& packet, uint8_t flags) {
  ByteWriter writer(seed);
  writer.u8(flags);
  writer.u8(1);
  writer.u16(static_cast<uint16_t>(packet.timestamp / 9000));
  append_run(seed, packet.payload);
}

Bytes seed_of(test::Sender& sender, uint8_t flags) {
  Bytes seed{1};
  for (size_t i = 0; i < sender.size(); ++i) add_packet(seed, sender.packet(i), flags);
  return seed;
}

}  // namespace

// An input is the delivery and the window of reordering (1 byte), then packets: flags, step of the sequence number,
// timestamp in pictures, payload.
std::vector<Bytes> crlsc::fuzz_seeds() {
  std::vector<Bytes> seeds;
  for (const size_t room : {40U, 64U, 300U}) {
    test::Sender sender(0x7FFE, 1000, room);
    Bytes key = test::header_unit();
    const Bytes rest = test::access_unit({test::token(0, 90), test::token(1, 20), test::token(2, 20)}, true);
    key.insert(key.end(), rest.begin(), rest.end());
    sender.send(key);
    sender.send(test::access_unit({{UnitType::kSemantic, 0, 12}, test::token(0, 30), test::token(1, 30)}));
    sender.send(test::access_unit({test::token(0, 10), {UnitType::kKnowledgeUpdate, 0, 100}}, false, 3));
    seeds.push_back(seed_of(sender, kRepair));
    seeds.push_back(seed_of(sender, kRepair | kNoSequence));
  }
  test::Sender aggregates;
  const Bytes small = test::access_unit({test::token(0, 5)});
  if (auto packet = aggregate({{small, 0}, {small, 9000}, {small, 18000}}, {})) aggregates.add(packet->join());
  seeds.push_back(seed_of(aggregates, kRepair));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Script script(data, size);
  const uint8_t mode = script.u8();
  Reassembler reassembler({static_cast<Delivery>(mode % 3), mode / 3 % 8});
  uint64_t sequence = uint64_t{1} << 32;
  while (!script.ended()) {
    const uint8_t flags = script.u8();
    // Mostly forwards, sometimes far.
    const auto step = static_cast<int8_t>(script.u8());
    sequence += static_cast<uint64_t>(static_cast<int64_t>(step == INT8_MIN ? 40000 : step));
    ReceivedPacket packet;
    packet.timestamp = script.u16() * 9000U;
    const ByteView run = script.run();
    const Bytes payload = (flags & kRepair) != 0 ? with_payload_checksums(run) : Bytes(run.begin(), run.end());
    check_header(payload);
    packet.payload = payload;
    if ((flags & kNoSequence) == 0) packet.sequence = sequence;
    packet.discontinuity = (flags & kBreak) != 0;
    try {
      check(reassembler.push(packet));
    } catch (const Error& error) {
      require(error.kind() == ErrorKind::kCorrupt, "the kind of error");
    }
    require(reassembler.buffered() <= Reassembler::kMaxBuffered + kMaxAccessUnitSize, "too much is held");
    if ((flags & kDrain) != 0) check(reassembler.drain());
    if ((flags & kFlush) != 0) reassembler.flush();
  }
  check(reassembler.drain());
  require(reassembler.buffered() == 0, "something is held behind the end");
  return 0;
}
