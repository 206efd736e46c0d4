// SPDX-License-Identifier: LGPL-2.1-or-later
// From the packetiser to the reassembler over a link that loses, repeats, swaps and changes packets: what arrives whole
// is what was sent, and without damage all of it arrives.
#include "core/rtp/packetizer.h"

#include <algorithm>
#include <set>

#include "core/bitstream/unit.h"
#include "core/error.h"
#include "core/rtp/reassembler.h"
#include "fuzz.h"
#include "script.h"
#include "unit/rtp/access_units.h"

using namespace crlsc;

namespace {

constexpr size_t kMostPictures = 8;
enum Action : uint8_t { kKeep = 0, kDrop, kRepeat, kSwap, kChange };  // others keep

struct Link {
  std::vector<ReceivedPacket> packets;
  std::vector<Bytes> payloads;
  std::set<Bytes> sent;              // units
  std::vector<size_t> sent_in_each;  // their number in each picture
};

// Only what the packetiser takes goes on.
void send(Link& link, const Bytes& access_unit, size_t room, size_t number) {
  PacketizerSettings settings;
  settings.max_payload = room;
  settings.picture_id = static_cast<uint16_t>((0x7FFC + number) & kPictureIdMask);
  std::vector<RtpPacket> packets;
  try {
    packets = packetize(access_unit, settings);
  } catch (const Error& error) {
    require(error.kind() == (room < kMinPayloadSize ? ErrorKind::kSettings : ErrorKind::kCorrupt), error.what());
    return;
  }
  size_t units = 0;
  for (const UnitView& unit : parse_access_unit(access_unit).units) {
    link.sent.insert(Bytes(unit.bytes.begin(), unit.bytes.end()));
    ++units;
  }
  link.sent_in_each.push_back(units);
  for (const RtpPacket& packet : packets) {
    link.payloads.push_back(packet.join());
    require(link.payloads.back().size() <= room, "a packet that is too large");
    ReceivedPacket received;
    received.sequence = 1000 + link.payloads.size();
    received.timestamp = static_cast<uint32_t>(number * 9000);
    link.packets.push_back(received);
  }
}

// Returns whether nothing was done to the packets.
bool damage(Link& link, Script& script, std::vector<size_t>& order, bool& changed) {
  bool untouched = true;
  for (size_t i = 0; i < link.packets.size(); ++i) {
    const uint8_t action = script.ended() ? uint8_t{kKeep} : script.u8();
    untouched &= action == kKeep || action > kChange;
    if (action != kDrop) order.push_back(i);
    if (action == kRepeat) order.push_back(i);
    if (action == kSwap && order.size() > 1) std::swap(order[order.size() - 1], order[order.size() - 2]);
    if (action == kChange) {
      Bytes& payload = link.payloads[i];
      const uint8_t mask = script.u8();
      payload[script.u16() % payload.size()] ^= mask;
      changed |= mask != 0;
    }
  }
  return untouched;
}

}  // namespace

// An input is the room in a packet (1 byte), then for each of its access units a byte and a run; a byte of 0 ends them,
// one without bit 0 has the checksums put right. Behind them, one action for each packet.
std::vector<Bytes> crlsc::fuzz_seeds() {
  std::vector<Bytes> seeds;
  const Bytes key = test::access_unit({test::token(0, 120), test::token(1, 30), test::token(2, 30)}, true);
  const Bytes delta =
      test::access_unit({{UnitType::kSemantic, 0, 8}, test::token(0, 20), test::token(1, 20)}, false, 2);
  for (const uint8_t room : {32, 64, 255}) {
    Bytes seed{room};
    for (const Bytes& unit : {key, delta, delta}) {
      seed.push_back(2);
      append_run(seed, unit);
    }
    seed.push_back(0);
    seeds.push_back(seed);
    for (const uint8_t action : {kKeep, kDrop, kRepeat, kSwap, kChange, kKeep}) seed.push_back(action);
    seeds.push_back(seed);
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Script script(data, size);
  const size_t room = script.u8();
  Link link;
  for (size_t i = 0; i < kMostPictures; ++i) {
    const uint8_t kind = script.u8();
    if (kind == 0) break;
    const ByteView run = script.run();
    send(link, kind % 2 == 0 ? with_checksums(run) : Bytes(run.begin(), run.end()), room, link.sent_in_each.size());
  }
  std::vector<size_t> order;
  bool changed = false;
  const bool untouched = damage(link, script, order, changed);
  Reassembler reassembler({Delivery::kAll, 0});
  std::vector<ReceivedPicture> received;
  for (const size_t i : order) {
    link.packets[i].payload = link.payloads[i];
    try {
      test::append(received, reassembler.push(link.packets[i]));
    } catch (const Error& error) {
      require(error.kind() == ErrorKind::kCorrupt && changed, error.what());
    }
  }
  test::append(received, reassembler.drain());
  require(!untouched || received.size() == link.sent_in_each.size(), "a picture is missing");
  for (size_t i = 0; i < received.size(); ++i) {
    const AccessUnitView view = parse_access_unit(received[i].units);
    require(!view.damaged, "a broken unit");
    require(!untouched || (received[i].complete && view.units.size() == link.sent_in_each[i]), "a unit is missing");
    for (const UnitView& unit : view.units) {
      require(changed || link.sent.count({unit.bytes.begin(), unit.bytes.end()}) == 1, "a unit that nobody sent");
    }
  }
  return 0;
}
