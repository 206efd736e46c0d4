// SPDX-License-Identifier: LGPL-2.1-or-later
// Every way of losing packets of a picture, and packets changed at random.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "access_units.h"
#include "core/error.h"

namespace crlsc::test {
namespace {

// Ten units, one a packet, with payloads that differ; layers 0 0 0 0 1 1 1 2 2 2.
Bytes ten_units(uint32_t seed) {
  std::vector<UnitSpec> specs;
  for (const int layer : {0, 0, 0, 0, 1, 1, 1, 2, 2, 2}) specs.push_back(token(layer, 30));
  return access_unit(specs, false, seed);
}

std::vector<Bytes> units_of(ByteView bytes) {
  std::vector<Bytes> out;
  for (const UnitView& unit : parse_access_unit(bytes).units) out.emplace_back(unit.bytes.begin(), unit.bytes.end());
  return out;
}

class EveryLossMask : public testing::TestWithParam<Delivery> {};

// A whole picture, then one with the packets of a mask lost, then a whole one.
TEST_P(EveryLossMask, HandsOnExactlyWhatCame) {
  Sender sender(1, 1, 48);
  for (uint32_t seed = 1; seed <= 3; ++seed) sender.send(ten_units(seed));
  ASSERT_EQ(sender.size(), 30U);
  const std::vector<Bytes> sent = units_of(ten_units(2));
  for (uint32_t lost = 0; lost < 1024; ++lost) {
    Reassembler reassembler({GetParam(), 0});
    std::vector<size_t> order;
    std::vector<Bytes> expected;
    for (size_t i = 0; i < 30; ++i) {
      const bool middle = i >= 10 && i < 20;
      if (middle && (lost >> (i - 10) & 1) != 0) continue;
      order.push_back(i);
      if (middle) expected.push_back(sent[i - 10]);
    }
    const bool layer_zero = (lost & 0xf) != 0xf;
    const bool wanted = lost == 0 || (GetParam() == Delivery::kDecodable && layer_zero) ||
                        (GetParam() == Delivery::kAll && !expected.empty());
    const auto pictures = receive(reassembler, sender, order);
    ASSERT_EQ(pictures.size(), wanted ? 3U : 2U) << lost;
    ASSERT_EQ(pictures.back().units, ten_units(3)) << lost;
    ASSERT_EQ(pictures.back().missing_before, wanted ? 0U : 1U) << lost;
    if (!wanted) continue;
    ASSERT_EQ(units_of(pictures[1].units), expected) << lost;
    ASSERT_EQ(pictures[1].complete, lost == 0) << lost;
  }
}

INSTANTIATE_TEST_SUITE_P(AllPolicies, EveryLossMask,
                         testing::Values(Delivery::kComplete, Delivery::kDecodable, Delivery::kAll));

class LossMaskOfFewer : public testing::TestWithParam<int> {};

// The same for pictures of 1..9 units that do not all have one packet of their own.
TEST_P(LossMaskOfFewer, NothingIsMixedOrInvented) {
  std::vector<UnitSpec> specs;
  for (int i = 0; i < GetParam(); ++i) specs.push_back(token(i / 3, 10 + 17 * static_cast<size_t>(i % 4)));
  Sender sender(32767, 7, 52);
  for (uint32_t seed = 1; seed <= 3; ++seed) sender.send(access_unit(specs, false, seed));
  const size_t each = sender.size() / 3;
  std::set<Bytes> sent;
  for (const Bytes& unit : units_of(access_unit(specs, false, 2))) sent.insert(unit);
  for (uint32_t lost = 0; lost < 1U << each; ++lost) {
    Reassembler reassembler({Delivery::kAll, 0});
    std::vector<size_t> order;
    for (size_t i = 0; i < 3 * each; ++i) {
      if (i / each != 1 || (lost >> (i - each) & 1) == 0) order.push_back(i);
    }
    const auto pictures = receive(reassembler, sender, order);
    ASSERT_GE(pictures.size(), 2U);
    ASSERT_EQ(pictures.front().units, access_unit(specs, false, 1));
    ASSERT_EQ(pictures.back().units, access_unit(specs, false, 3));
    ASSERT_EQ(pictures.back().missing_before, 3 - pictures.size());
    if (pictures.size() < 3) continue;
    for (const Bytes& unit : units_of(pictures[1].units)) ASSERT_EQ(sent.count(unit), 1U);
    ASSERT_EQ(pictures[1].complete, lost == 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Units, LossMaskOfFewer, testing::Range(1, 10));

TEST(Loss, EveryKthPacketOfALongStream) {
  size_t total = 0;
  for (size_t k = 2; k < 12; ++k) {
    for (size_t phase = 0; phase < k; ++phase) {
      Sender sender(32760, 60000, 64);
      for (uint32_t seed = 1; seed <= 30; ++seed) sender.send(access_unit({token(0, 40), token(1, 120)}, false, seed));
      Reassembler reassembler({Delivery::kDecodable, 0});
      size_t counted = 0;
      uint32_t previous = 0;
      bool any = false;
      for (size_t i = 0; i < sender.size(); ++i) {
        if (i % k == phase) continue;
        for (const ReceivedPicture& picture : reassembler.push(sender.packet(i))) {
          const uint32_t index = (picture.picture_id - 32760U) & kPictureIdMask;
          if (any) {
            ASSERT_EQ(index, previous + picture.missing_before + 1);
          }
          any = true;
          previous = index;
          ++counted;
          const Bytes whole = access_unit({token(0, 40), token(1, 120)}, false, index + 1);
          const auto expected = units_of(whole);
          for (const Bytes& unit : units_of(picture.units)) {
            ASSERT_TRUE(unit == expected[0] || unit == expected[1]);
          }
          ASSERT_EQ(picture.complete, picture.units == whole);
        }
      }
      ASSERT_EQ(counted, reassembler.stats().pictures);
      total += counted;
    }
  }
  // Layer 0 is one packet of four: of 65 runs with 30 pictures each about one picture in k is withheld.
  EXPECT_GT(total, 1300U);
}

// Bit flips, cuts, growth, and headers made up anew, 10^5 times.
TEST(Mutation, NeverCrashesNorGrowsNorHandsOnRubbish) {
  std::mt19937 random(20240501);
  Sender sender(100, 1, 200);
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    sender.send(access_unit({{UnitType::kSemantic, 0, 8}, token(0, 60), token(1, 400), token(2, 30)}, seed == 1, seed));
  }
  PacketizerSettings settings;
  settings.picture_id = sender.picture_id();
  const Bytes small = access_unit({token(0, 4)});
  sender.add(aggregate({{small, 0}, {small, 9000}, {small, 18000}}, settings)->join());

  Reassembler reassembler({Delivery::kAll, 4});
  uint64_t sequence = 1000;
  size_t handed_on = 0;
  for (int i = 0; i < 100000; ++i) {
    ReceivedPacket packet = sender.packet(random() % sender.size());
    Bytes bytes(packet.payload.begin(), packet.payload.end());
    switch (random() % 6) {
      case 0:
        bytes[random() % bytes.size()] ^= static_cast<uint8_t>(1U << random() % 8);
        break;
      case 1:
        bytes.resize(random() % (bytes.size() + 1));
        break;
      case 2:
        bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(random() % bytes.size()), random() % 40,
                     static_cast<uint8_t>(random()));
        break;
      case 3:
        for (size_t at = 0; at < 10 && at < bytes.size(); ++at) bytes[at] = static_cast<uint8_t>(random());
        break;
      case 4:
        bytes[0] = static_cast<uint8_t>(random() % 64);
        break;
      default:
        break;
    }
    packet.payload = bytes;
    sequence += random() % 4;
    packet.sequence = random() % 50 == 0 ? random() % (2 * sequence) : sequence;
    packet.timestamp = random() % 3 == 0 ? static_cast<uint32_t>(random()) : packet.timestamp;
    try {
      for (const ReceivedPicture& picture : reassembler.push(packet)) {
        ++handed_on;
        const AccessUnitView view = parse_access_unit(picture.units);
        ASSERT_FALSE(view.damaged);
        ASSERT_FALSE(view.units.empty());
        ASSERT_LE(picture.units.size(), kMaxAccessUnitSize);
      }
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kCorrupt);
    }
    ASSERT_LE(reassembler.buffered(), Reassembler::kMaxBuffered);
  }
  EXPECT_GT(handed_on, 500U);
  EXPECT_GT(reassembler.stats().corrupt, 1000U);
  EXPECT_EQ(reassembler.stats().packets, 100000U);
}

TEST(Mutation, NoiseIsRefused) {
  std::mt19937 random(7);
  Reassembler reassembler({Delivery::kAll, 0});
  size_t handed_on = 0;
  for (uint64_t i = 0; i < 100000; ++i) {
    Bytes bytes(random() % 64);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    try {
      handed_on += reassembler.push({bytes, i + 1, false, static_cast<uint32_t>(random()), 0}).size();
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kCorrupt);
    }
    ASSERT_LE(reassembler.buffered(), Reassembler::kMaxBuffered);
  }
  EXPECT_LT(handed_on, 10U);  // a CRC-16 lets through one in 65,536
}

}  // namespace
}  // namespace crlsc::test
