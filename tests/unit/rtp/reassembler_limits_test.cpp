// SPDX-License-Identifier: LGPL-2.1-or-later
// What the reassembler refuses, and how much it keeps.
#include <gtest/gtest.h>

#include <algorithm>

#include "access_units.h"
#include "core/error.h"
#include "core/rtp/reassembler.h"

namespace crlsc::test {
namespace {

ReassemblerSettings policy(Delivery delivery, int max_reorder = 0) { return {delivery, max_reorder}; }

// Three packets: one of each layer.
Bytes three_layers(uint32_t seed = 1, bool key = false) {
  return access_unit({token(0, 40), token(1, 40), token(2, 40)}, key, seed);
}

TEST(ReassemblerLimits, PacketsWithoutUnitsAreRefused) {
  Reassembler reassembler;
  EXPECT_THROW(reassembler.push({Bytes{}, 1, false, 0, 0}), Error);
  EXPECT_THROW(reassembler.push({Bytes{0x10, 0x80, 0, 0}, 2, false, 0, 0}), Error);
  EXPECT_THROW(reassembler.push({Bytes{0x14, 0x80, 0, 0, 0, 0}, 3, false, 0, 0}), Error);
  EXPECT_THROW(reassembler.push({Bytes{0x10, 0x80, 0, 0, 1, 2, 3}, 4, false, 0, 0}), Error);
  EXPECT_EQ(reassembler.stats().corrupt, 4U);
  EXPECT_EQ(reassembler.buffered(), 0U);
}

TEST(ReassemblerLimits, ACorruptPacketChangesNothing) {
  Sender sender;
  sender.send(three_layers());
  Reassembler reassembler;
  receive(reassembler, sender, {0, 1});
  const size_t before = reassembler.buffered();
  EXPECT_THROW(reassembler.push({Bytes{0xff, 0, 0, 0, 0}, 5000, false, 0, 0}), Error);
  EXPECT_EQ(reassembler.buffered(), before);
  const auto pictures = reassembler.push(sender.packet(2));
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_TRUE(pictures[0].complete);
}

TEST(ReassemblerLimits, AUnitWithABadChecksumIsLeftOut) {
  Sender sender(1, 1, 1000);
  sender.send(access_unit({token(0), token(1), token(2)}));
  sender.bytes(0)[4 + unit_size(10) + 5] ^= 0x40;
  Reassembler reassembler;
  const auto pictures = receive_all(reassembler, sender);
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_FALSE(pictures[0].complete);
  const AccessUnitView view = parse_access_unit(pictures[0].units);
  EXPECT_FALSE(view.damaged);
  EXPECT_EQ(view.units.size(), 2U);
}

TEST(ReassemblerLimits, AFragmentedUnitWithABadChecksumIsLeftOut) {
  Sender sender;
  sender.send(access_unit({token(0, 20), token(1, 200)}));
  sender.bytes(2).back() ^= 1;
  Reassembler reassembler;
  const auto pictures = receive_all(reassembler, sender);
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_FALSE(pictures[0].complete);
  EXPECT_EQ(parse_access_unit(pictures[0].units).units.size(), 1U);
}

TEST(ReassemblerLimits, OneTimestampAPicture) {
  Sender sender;
  sender.send(three_layers());
  Reassembler reassembler;
  reassembler.push(sender.packet(0));
  ReceivedPacket other = sender.packet(1);
  other.timestamp += 1;
  EXPECT_THROW(reassembler.push(other), Error);
  EXPECT_TRUE(reassembler.push(sender.packet(1)).empty());
}

TEST(ReassemblerLimits, AnAccessUnitStopsAtOneMebibyte) {
  // A sender that never says "last": 60,000-byte units of one picture.
  const Bytes unit_bytes = access_unit({token(0, 60000)});
  RtpPayloadHeader header;
  Bytes bytes;
  append_payload_header(bytes, header);
  bytes.insert(bytes.end(), unit_bytes.begin(), unit_bytes.end());
  Reassembler reassembler;
  int taken = 0;
  for (uint64_t i = 1; i <= 100; ++i) {
    try {
      reassembler.push({bytes, i, false, 0, 0});
      ++taken;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    }
    ASSERT_LE(reassembler.buffered(), kMaxAccessUnitSize + 100 * Reassembler::kPacketOverhead);
  }
  EXPECT_EQ(taken, static_cast<int>(kMaxAccessUnitSize / unit_bytes.size()));
}

TEST(ReassemblerLimits, AnAccessUnitStopsAt512Units) {
  const Bytes unit_bytes = access_unit(std::vector<UnitSpec>(100, token(0, 1)));
  Bytes bytes;
  append_payload_header(bytes, {});
  bytes.insert(bytes.end(), unit_bytes.begin(), unit_bytes.end());
  Reassembler reassembler;
  for (uint64_t i = 1; i <= 5; ++i) reassembler.push({bytes, i, false, 0, 0});
  EXPECT_THROW(reassembler.push({bytes, 6, false, 0, 0}), Error);
  const auto pictures = reassembler.drain();
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(parse_access_unit(pictures[0].units).units.size(), 500U);
}

TEST(ReassemblerLimits, APictureStopsAt32768Packets) {
  RtpPayloadHeader header;
  header.fragment = true;
  Reassembler reassembler;
  size_t refused = 0;
  for (uint64_t i = 1; i <= 40000; ++i) {
    header.fragment_index = static_cast<uint16_t>(i & kFragmentIndexMax);
    Bytes bytes;
    append_payload_header(bytes, header);
    bytes.push_back(1);
    try {
      reassembler.push({bytes, i, false, 0, 0});
    } catch (const Error&) {
      ++refused;
    }
    ASSERT_LE(reassembler.buffered(), Reassembler::kMaxBuffered);
  }
  EXPECT_GT(refused + reassembler.stats().late, 0U);
}

TEST(ReassemblerLimits, MemoryIsBoundedOverManyOpenPictures) {
  // Every packet opens another picture whose earlier packets may still come.
  const Bytes unit_bytes = access_unit({token(0, 60000)});
  Reassembler reassembler(policy(Delivery::kAll, 1000));
  size_t most = 0;
  for (uint64_t i = 1; i <= 500; ++i) {
    RtpPayloadHeader header;
    header.picture_id = static_cast<uint16_t>(i * 2);
    Bytes bytes;
    append_payload_header(bytes, header);
    bytes.insert(bytes.end(), unit_bytes.begin(), unit_bytes.end());
    reassembler.push({bytes, i * 3, false, static_cast<uint32_t>(i), 0});
    most = std::max(most, reassembler.buffered());
  }
  EXPECT_LE(most, Reassembler::kMaxOpenPictures * (unit_bytes.size() + Reassembler::kPacketOverhead));
  EXPECT_EQ(reassembler.stats().pictures, 500 - Reassembler::kMaxOpenPictures);
}

}  // namespace
}  // namespace crlsc::test
