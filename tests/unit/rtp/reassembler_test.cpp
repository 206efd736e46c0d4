// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/reassembler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "access_units.h"
#include "core/error.h"

namespace crlsc::test {
namespace {

ReassemblerSettings policy(Delivery delivery, int max_reorder = 0) { return {delivery, max_reorder}; }

// Three packets: one of each layer.
Bytes three_layers(uint32_t seed = 1, bool key = false) {
  return access_unit({token(0, 40), token(1, 40), token(2, 40)}, key, seed);
}

TEST(Reassembler, OnePacketIsOnePicture) {
  Sender sender;
  const Bytes unit_bytes = access_unit({token(0)}, true);
  sender.send(unit_bytes);
  Reassembler reassembler;
  const auto pictures = receive_all(reassembler, sender);
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(pictures[0].units, unit_bytes);
  EXPECT_EQ(pictures[0].picture_id, 100);
  EXPECT_TRUE(pictures[0].complete && pictures[0].key);
  EXPECT_EQ(pictures[0].missing_before, 0U);
  EXPECT_EQ(reassembler.buffered(), 0U);
}

TEST(Reassembler, PacketiserAndReassemblerAreInverse) {
  const Bytes unit_bytes = access_unit({{UnitType::kSequenceHeader, 0, 24},
                                        {UnitType::kSemantic, 0, 16},
                                        token(0, 90),
                                        token(0, 400),
                                        {UnitType::kKnowledgeUpdate, 0, 30},
                                        token(1, 77),
                                        token(1, 600),
                                        token(2, 5)},
                                       true);
  for (size_t most = kMinPayloadSize; most < 1400; ++most) {
    Sender sender(5, 1, most);
    sender.send(unit_bytes);
    Reassembler reassembler;
    const auto pictures = receive_all(reassembler, sender);
    ASSERT_EQ(pictures.size(), 1U);
    ASSERT_EQ(pictures[0].units, unit_bytes);
    ASSERT_TRUE(pictures[0].complete);
  }
}

TEST(Reassembler, PicturesComeOutWithTheirLastPacket) {
  Sender sender;
  sender.send(three_layers());
  ASSERT_EQ(sender.size(), 3U);
  Reassembler reassembler;
  EXPECT_TRUE(reassembler.push(sender.packet(0)).empty());
  EXPECT_TRUE(reassembler.push(sender.packet(1)).empty());
  EXPECT_EQ(reassembler.push(sender.packet(2)).size(), 1U);
}

TEST(Reassembler, TagAndTimestampAreThoseOfTheFirstPacket) {
  Sender sender;
  sender.skip();
  sender.send(three_layers());
  Reassembler reassembler;
  const auto pictures = receive_all(reassembler, sender);
  EXPECT_EQ(pictures[0].tag, 0U);
  EXPECT_EQ(pictures[0].timestamp, 9000U);
  EXPECT_EQ(pictures[0].tag_offset, 0U);
}

TEST(Reassembler, MissingPicturesAreCounted) {
  Sender sender;
  sender.send(three_layers(1));
  for (int i = 0; i < 4; ++i) sender.skip();
  sender.send(three_layers(2));
  sender.send(three_layers(3));
  Reassembler reassembler;
  const auto pictures = receive_all(reassembler, sender);
  ASSERT_EQ(pictures.size(), 3U);
  EXPECT_EQ(pictures[1].missing_before, 4U);
  EXPECT_EQ(pictures[2].missing_before, 0U);
}

TEST(Reassembler, PictureIdsWrap) {
  Sender sender(0x7ffe);
  for (uint32_t i = 0; i < 5; ++i) sender.send(three_layers(i + 1));
  Reassembler reassembler;
  const auto pictures = receive_all(reassembler, sender);
  ASSERT_EQ(pictures.size(), 5U);
  EXPECT_EQ(pictures[1].picture_id, 0x7fff);
  EXPECT_EQ(pictures[2].picture_id, 0);
  for (const ReceivedPicture& picture : pictures) EXPECT_EQ(picture.missing_before, 0U);
}

TEST(Reassembler, GapAcrossTheWrapIsCounted) {
  Sender sender(0x7ffe);
  sender.send(three_layers(1));
  for (int i = 0; i < 3; ++i) sender.skip();
  sender.send(three_layers(2));
  Reassembler reassembler;
  EXPECT_EQ(receive_all(reassembler, sender)[1].missing_before, 3U);
}

TEST(Reassembler, SeventyThousandPictures) {
  Reassembler reassembler;
  const Bytes unit_bytes = access_unit({token(0, 3)});
  PacketizerSettings settings;
  for (uint32_t i = 0; i < 70000; ++i) {
    settings.picture_id = i & kPictureIdMask;
    const Bytes bytes = packetize(unit_bytes, settings)[0].join();
    const auto pictures = reassembler.push({bytes, uint64_t{i} + 1, false, i * 9000, 0});
    ASSERT_EQ(pictures.size(), 1U);
    ASSERT_EQ(pictures[0].missing_before, 0U);
  }
}

TEST(Reassembler, CompleteOnlyWithholdsPartialPictures) {
  Sender sender;
  sender.send(three_layers(1));
  sender.send(three_layers(2));
  sender.send(three_layers(3));
  Reassembler reassembler(policy(Delivery::kComplete));
  const auto pictures = receive(reassembler, sender, {0, 1, 2, 3, 5, 6, 7, 8});
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_EQ(pictures[1].missing_before, 1U);
  EXPECT_EQ(reassembler.stats().withheld, 1U);
}

TEST(Reassembler, DecodableNeedsLayerZero) {
  Sender sender;
  sender.send(three_layers(1));
  sender.send(three_layers(2));
  Reassembler reassembler(policy(Delivery::kDecodable));
  const auto pictures = receive(reassembler, sender, {0, 4, 5});
  ASSERT_EQ(pictures.size(), 1U);  // handed on when its successor begins
  EXPECT_FALSE(pictures[0].complete);
  EXPECT_EQ(reassembler.stats().withheld, 1U);
}

TEST(Reassembler, AllHandsOnAnyUnit) {
  Sender sender;
  sender.send(three_layers(1));
  sender.send(three_layers(2));
  Reassembler reassembler(policy(Delivery::kAll));
  const auto pictures = receive(reassembler, sender, {0, 4, 5});
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_EQ(pictures[1].missing_before, 0U);
  EXPECT_FALSE(pictures[1].complete);
  EXPECT_EQ(parse_access_unit(pictures[1].units).units.size(), 2U);
}

TEST(Reassembler, DeliveryCanChangeOnTheWay) {
  Sender sender;
  for (uint32_t i = 1; i < 4; ++i) sender.send(three_layers(i));
  Reassembler reassembler(policy(Delivery::kComplete));
  EXPECT_TRUE(receive(reassembler, sender, {0, 2}).empty());
  reassembler.set_delivery(Delivery::kDecodable);
  EXPECT_EQ(receive(reassembler, sender, {3, 5}).size(), 1U);
}

TEST(Reassembler, SemanticPicturesAreCompleteWithoutTokens) {
  Sender sender;
  sender.send(access_unit({{UnitType::kSemantic, 0, 16}}));
  Reassembler reassembler(policy(Delivery::kDecodable));
  const auto pictures = receive_all(reassembler, sender);
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_TRUE(pictures[0].complete);
}

TEST(Reassembler, PartialPictureIsHandedOnAtTheMarker) {
  Sender sender;
  sender.send(three_layers());
  Reassembler reassembler;
  const auto pictures = receive(reassembler, sender, {0, 2});
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_FALSE(pictures[0].complete);
  EXPECT_EQ(reassembler.stats().partial, 1U);
}

TEST(Reassembler, PartialPictureIsHandedOnWithItsSuccessor) {
  Sender sender;
  sender.send(three_layers(1));
  sender.send(three_layers(2));
  Reassembler reassembler;
  EXPECT_TRUE(receive(reassembler, sender, {0, 1}).empty());
  const auto pictures = reassembler.push(sender.packet(3));
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(pictures[0].picture_id, 100);
  EXPECT_FALSE(pictures[0].complete);
}

TEST(Reassembler, ALostFragmentCostsItsUnitOnly) {
  Sender sender;
  const Bytes unit_bytes = access_unit({token(0, 30), token(0, 200), token(1, 30)});
  sender.send(unit_bytes);
  for (size_t lost = 1; lost + 1 < sender.size(); ++lost) {
    std::vector<size_t> order(sender.size());
    std::iota(order.begin(), order.end(), 0);
    order.erase(order.begin() + static_cast<ptrdiff_t>(lost));
    Reassembler reassembler;
    const auto pictures = receive(reassembler, sender, order);
    ASSERT_EQ(pictures.size(), 1U);
    EXPECT_FALSE(pictures[0].complete);
    const AccessUnitView view = parse_access_unit(pictures[0].units);
    EXPECT_FALSE(view.damaged);
    ASSERT_EQ(view.units.size(), 2U);
    EXPECT_EQ(view.units[0].header.layer, 0);
    EXPECT_EQ(view.units[1].header.layer, 1);
  }
}

TEST(Reassembler, FragmentsOfTwoUnitsNeverMix) {
  // Two units of equal size: the second half of one would fit the first half of the other.
  Sender sender;
  sender.send(access_unit({token(0, 100), token(0, 100)}));
  ASSERT_EQ(sender.size(), 4U);
  Reassembler reassembler(policy(Delivery::kAll));
  EXPECT_TRUE(receive(reassembler, sender, {0, 3}).empty());
  EXPECT_EQ(reassembler.stats().withheld, 1U);
}

TEST(Reassembler, DuplicatesAreDropped) {
  Sender sender;
  sender.send(three_layers());
  Reassembler reassembler;
  const auto pictures = receive(reassembler, sender, {0, 0, 1, 1, 0, 2, 2, 1});
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_TRUE(pictures[0].complete);
  EXPECT_EQ(pictures[0].units, three_layers());
  EXPECT_EQ(reassembler.stats().duplicates, 3U);
  EXPECT_EQ(reassembler.stats().late, 2U);
}

TEST(Reassembler, LatePacketsDoNotReopenAPicture) {
  Sender sender;
  sender.send(three_layers(1));
  sender.send(three_layers(2));
  Reassembler reassembler;
  const auto pictures = receive(reassembler, sender, {0, 2, 1, 3, 4, 5, 1});
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_FALSE(pictures[0].complete);
  EXPECT_TRUE(pictures[1].complete);
  EXPECT_EQ(pictures[1].missing_before, 0U);
  EXPECT_EQ(reassembler.stats().late, 2U);
}

TEST(Reassembler, EveryReorderOfThreePackets) {
  Sender sender;
  sender.send(three_layers());
  std::vector<size_t> order = {0, 1, 2};
  int orders = 0;
  do {
    Reassembler reassembler(policy(Delivery::kComplete, 3));
    auto pictures = receive(reassembler, sender, order);
    append(pictures, reassembler.drain());
    ASSERT_EQ(pictures.size(), 1U);
    EXPECT_TRUE(pictures[0].complete);
    EXPECT_EQ(pictures[0].units, three_layers());
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 6);
}

TEST(Reassembler, EveryReorderOfAFragmentedUnit) {
  const Bytes unit_bytes = access_unit({token(0, 150)});
  Sender sender;
  sender.send(unit_bytes);
  ASSERT_EQ(sender.size(), 3U);
  std::vector<size_t> order = {0, 1, 2};
  do {
    Reassembler reassembler(policy(Delivery::kComplete, 3));
    auto pictures = receive(reassembler, sender, order);
    append(pictures, reassembler.drain());
    ASSERT_EQ(pictures.size(), 1U);
    EXPECT_EQ(pictures[0].units, unit_bytes);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Reassembler, EveryReorderAcrossPicturesKeepsTheirOrder) {
  // Six packets of three pictures; every order in which no packet is more than two places late.
  Sender sender;
  for (uint32_t i = 1; i < 4; ++i) sender.send(access_unit({token(0, 40), token(1, 40)}, false, i));
  ASSERT_EQ(sender.size(), 6U);
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5};
  int tried = 0;
  do {
    bool near = true;
    for (size_t i = 0; i < order.size(); ++i) near &= order[i] + 2 >= i && order[i] <= i + 2;
    if (!near) continue;
    Reassembler reassembler(policy(Delivery::kComplete, 4));
    auto pictures = receive(reassembler, sender, order);
    append(pictures, reassembler.drain());
    ASSERT_EQ(pictures.size(), 3U);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(pictures[i].picture_id, 100 + i);
      EXPECT_TRUE(pictures[i].complete);
      EXPECT_EQ(pictures[i].missing_before, 0U);
    }
    ++tried;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_GT(tried, 20);
}

TEST(Reassembler, AWaitForReorderedPacketsEnds) {
  Sender sender;
  for (uint32_t i = 1; i < 6; ++i) sender.send(access_unit({token(0, 40), token(1, 40)}, false, i));
  Reassembler reassembler(policy(Delivery::kDecodable, 3));
  EXPECT_TRUE(receive(reassembler, sender, {0, 2, 3}).empty());  // packet 1 may still come
  const auto pictures = receive(reassembler, sender, {4, 5});
  ASSERT_EQ(pictures.size(), 3U);
  EXPECT_FALSE(pictures[0].complete);
  EXPECT_TRUE(pictures[1].complete && pictures[2].complete);
}

TEST(Reassembler, WithoutSequenceNumbersPacketsCountAsInOrder) {
  Sender sender;
  sender.send(three_layers(1));
  sender.send(three_layers(2));
  Reassembler reassembler;
  std::vector<ReceivedPicture> pictures;
  for (const size_t i : {0, 1, 2, 3, 5}) {
    ReceivedPacket packet = sender.packet(i);
    packet.sequence.reset();
    packet.discontinuity = i == 5;
    append(pictures, reassembler.push(packet));
  }
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_TRUE(pictures[0].complete);
  EXPECT_FALSE(pictures[1].complete);
}

TEST(Reassembler, DiscontinuityBreaksAFragmentedUnitOnly) {
  Sender sender;
  sender.send(access_unit({token(0, 30), token(1, 300)}));
  Reassembler reassembler;
  std::vector<ReceivedPicture> pictures;
  for (size_t i = 0; i < sender.size(); ++i) {
    if (i == 2) continue;
    ReceivedPacket packet = sender.packet(i);
    packet.sequence.reset();
    packet.discontinuity = i == 3;
    append(pictures, reassembler.push(packet));
  }
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(parse_access_unit(pictures[0].units).units.size(), 1U);
}

TEST(Reassembler, HolesInSequenceNumbersAloneAreNoLoss) {
  // As after packets of error correction have been taken out: units tell that nothing is missing.
  Sender sender;
  const Bytes unit_bytes = access_unit({token(0, 40), token(1, 150), token(2, 40)});
  sender.send(unit_bytes);
  Reassembler reassembler(policy(Delivery::kComplete));
  std::vector<ReceivedPicture> pictures;
  for (size_t i = 0; i < sender.size(); ++i) {
    ReceivedPacket packet = sender.packet(i);
    packet.sequence = 10 + 3 * i;
    append(pictures, reassembler.push(packet));
  }
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_TRUE(pictures[0].complete);
  EXPECT_EQ(pictures[0].units, unit_bytes);
}

TEST(Reassembler, ARestartedSenderIsFollowed) {
  Sender first(5000, 1000);
  first.send(three_layers(1));
  Sender second(4000, 1003);
  second.send(three_layers(2));
  second.send(three_layers(3));
  Reassembler reassembler;
  EXPECT_EQ(receive_all(reassembler, first).size(), 1U);
  const auto pictures = receive_all(reassembler, second);
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_EQ(pictures[0].picture_id, 4000);
  EXPECT_EQ(pictures[0].missing_before, 0U);
}

TEST(Reassembler, AForgedPictureIdDoesNotStopTheStream) {
  Sender sender;
  sender.send(three_layers(1));
  PacketizerSettings forged;
  forged.picture_id = 9000;
  sender.add(payloads(access_unit({token(0)}), forged)[0]);
  for (uint32_t i = 2; i < 5; ++i) sender.send(three_layers(i));
  Reassembler reassembler;
  const auto pictures = receive_all(reassembler, sender);
  ASSERT_EQ(pictures.size(), 5U);
  EXPECT_EQ(pictures[4].picture_id, 103);
}

TEST(Reassembler, DrainHandsOnWhatIsThere) {
  Sender sender;
  sender.send(three_layers(1));
  sender.send(three_layers(2));
  sender.send(three_layers(3));
  Reassembler reassembler;
  receive(reassembler, sender, {0, 1});
  auto pictures = reassembler.drain();
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(reassembler.buffered(), 0U);
  // Counting goes on.
  pictures = receive(reassembler, sender, {6, 7, 8});
  EXPECT_EQ(pictures[0].missing_before, 1U);
}

TEST(Reassembler, FlushThrowsAwayAndForgets) {
  Sender sender;
  sender.send(three_layers(1));
  for (int i = 0; i < 7; ++i) sender.skip();
  sender.send(three_layers(2));
  Reassembler reassembler;
  receive(reassembler, sender, {0, 1});
  reassembler.flush();
  EXPECT_EQ(reassembler.buffered(), 0U);
  EXPECT_TRUE(reassembler.drain().empty());
  const auto pictures = receive(reassembler, sender, {3, 4, 5});
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(pictures[0].missing_before, 0U);
}

TEST(Reassembler, SequenceHeadersInAggregatesDoNotMakeKeyPictures) {
  const Bytes header = header_unit();
  const Bytes delta = access_unit({token(0)});
  const Bytes key = access_unit({token(0)}, true, 2);
  const Bytes bytes = aggregate({{delta, 0, header}, {delta, 1, {}}, {key, 2, header}}, {})->join();
  Reassembler reassembler;
  const auto pictures = reassembler.push({bytes, 1, false, 0, 0});
  ASSERT_EQ(pictures.size(), 3U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(pictures[i].key, i == 2) << i;
}

TEST(Reassembler, AggregatesAreTakenApart) {
  std::vector<Bytes> units;
  for (uint32_t i = 0; i < 4; ++i) units.push_back(access_unit({token(0, 5 + i), token(1, 3)}, i == 2, i + 1));
  PacketizerSettings settings;
  settings.picture_id = 0x7fff;
  const Bytes bytes =
      aggregate({{units[0], 0}, {units[1], 9000}, {units[2], 18000}, {units[3], 27000}}, settings)->join();
  Reassembler reassembler;
  const auto pictures = reassembler.push({bytes, 50, false, 0xffffffff, 7});
  ASSERT_EQ(pictures.size(), 4U);
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(pictures[i].units, units[i]);
    EXPECT_EQ(pictures[i].picture_id, (0x7fff + i) & kPictureIdMask);
    EXPECT_EQ(pictures[i].timestamp, 0xffffffffU + i * 9000);
    EXPECT_EQ(pictures[i].tag, 7U);
    EXPECT_EQ(pictures[i].tag_offset, i * 9000);
    EXPECT_EQ(pictures[i].key, i == 2);
    EXPECT_TRUE(pictures[i].complete);
    EXPECT_EQ(pictures[i].missing_before, 0U);
  }
}

TEST(Reassembler, ALostAggregateIsFourMissingPictures) {
  PacketizerSettings settings;
  const auto packet_from = [&](uint16_t id) {
    settings.picture_id = id;
    const Bytes unit_bytes = access_unit({token(0)}, false, id);
    return aggregate({{unit_bytes, 0}, {unit_bytes, 1}, {unit_bytes, 2}, {unit_bytes, 3}}, settings)->join();
  };
  Reassembler reassembler;
  EXPECT_EQ(reassembler.push({packet_from(10), 1, false, 0, 0}).size(), 4U);
  const auto pictures = reassembler.push({packet_from(18), 3, false, 900, 0});
  ASSERT_EQ(pictures.size(), 4U);
  EXPECT_EQ(pictures[0].missing_before, 4U);
}

TEST(Reassembler, FiveAggregatedAccessUnitsAreRefused) {
  const Bytes unit_bytes = access_unit({token(0)});
  RtpPayloadHeader header;
  header.aggregate = header.first = header.last = true;
  Bytes bytes;
  append_payload_header(bytes, header);
  for (int i = 0; i < 5; ++i) {
    append_aggregate_entry(bytes, {static_cast<uint16_t>(unit_bytes.size()), 0});
    bytes.insert(bytes.end(), unit_bytes.begin(), unit_bytes.end());
  }
  Reassembler reassembler;
  EXPECT_THROW(reassembler.push({bytes, 1, false, 0, 0}), Error);
}

}  // namespace
}  // namespace crlsc::test
