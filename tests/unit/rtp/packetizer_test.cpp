// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/packetizer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "access_units.h"
#include "core/bitstream/crc.h"
#include "core/error.h"

namespace crlsc::test {
namespace {

PacketizerSettings limit(size_t max_payload) {
  PacketizerSettings settings;
  settings.max_payload = max_payload;
  settings.picture_id = 77;
  return settings;
}

// Layers of the units in wire order, -1 for a sequence header, -2 semantic, -3 knowledge base.
std::vector<int> wire_order(const std::vector<RtpPacket>& packets) {
  std::vector<int> out;
  for (const RtpPacket& packet : packets) {
    const Bytes bytes = packet.join();
    for (const UnitView& unit : parse_access_unit(ByteView(bytes).sub(packet.fields.size())).units) {
      switch (unit.header.type) {
        case UnitType::kSequenceHeader:
          out.push_back(-1);
          break;
        case UnitType::kSemantic:
          out.push_back(-2);
          break;
        case UnitType::kKnowledgeUpdate:
          out.push_back(-3);
          break;
        default:
          out.push_back(unit.header.layer);
      }
    }
  }
  return out;
}

TEST(Packetizer, OnePacketWhenEverythingFits) {
  const Bytes unit_bytes = access_unit({token(0, 50), token(1, 50)});
  const auto packets = packetize(unit_bytes, limit(200));
  ASSERT_EQ(packets.size(), 1U);
  const RtpPayloadHeader& fields = packets[0].fields;
  EXPECT_TRUE(fields.first && fields.last && fields.layer_end);
  EXPECT_FALSE(fields.extension || fields.fragment || fields.aggregate || fields.key);
  EXPECT_EQ(fields.picture_id, 77);
  EXPECT_EQ(packets[0].size(), 4 + unit_bytes.size());
}

TEST(Packetizer, ExactFitNeedsNoSecondPacket) {
  const Bytes unit_bytes = access_unit({token(0, 50), token(1, 50)});
  EXPECT_EQ(packetize(unit_bytes, limit(unit_bytes.size() + 4)).size(), 1U);
  EXPECT_EQ(packetize(unit_bytes, limit(unit_bytes.size() + 3)).size(), 2U);
}

TEST(Packetizer, PartsPointIntoTheAccessUnit) {
  const Bytes unit_bytes = access_unit({token(0, 30), token(1, 500), token(2, 30)});
  for (const RtpPacket& packet : packetize(unit_bytes, limit(100))) {
    for (const ByteView part : packet.parts) {
      EXPECT_GE(part.begin(), unit_bytes.data());
      EXPECT_LE(part.end(), unit_bytes.data() + unit_bytes.size());
    }
  }
}

TEST(Packetizer, NeighbouringUnitsAreOnePart) {
  const Bytes unit_bytes = access_unit({token(0), token(0), token(1), token(2)});
  const auto packets = packetize(unit_bytes, limit(1000));
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].parts.size(), 1U);
}

TEST(Packetizer, WireOrderPutsTheMostUsefulFirst) {
  const Bytes unit_bytes = access_unit({token(2),
                                        {UnitType::kKnowledgeUpdate, 0, 9},
                                        token(1),
                                        token(0),
                                        {UnitType::kSemantic, 0, 8},
                                        token(2),
                                        token(0),
                                        token(1),
                                        {UnitType::kSequenceHeader, 0, 20}});
  const std::vector<int> expected = {-1, -2, 0, 0, -3, 1, 1, 2, 2};
  EXPECT_EQ(wire_order(packetize(unit_bytes, limit(1000))), expected);
  EXPECT_EQ(wire_order(packetize(unit_bytes, limit(60))), expected);
}

TEST(Packetizer, SlicesOfOneLayerKeepTheirOrder) {
  const Bytes unit_bytes = access_unit({token(0, 11), token(1, 12), token(0, 13), token(1, 14)});
  const auto packets = packetize(unit_bytes, limit(1000));
  const Bytes joined = packets[0].join();
  std::vector<size_t> sizes;
  for (const UnitView& unit : parse_access_unit(ByteView(joined).sub(4)).units) sizes.push_back(unit.payload.size());
  EXPECT_EQ(sizes, (std::vector<size_t>{11, 13, 12, 14}));
}

TEST(Packetizer, NoPacketAboveTheLimitForAnyLimit) {
  const Bytes unit_bytes = access_unit({{UnitType::kSequenceHeader, 0, 24},
                                        {UnitType::kSemantic, 0, 16},
                                        token(0, 90),
                                        token(0, 333),
                                        token(1, 77),
                                        token(1, 600),
                                        token(2, 5),
                                        token(3, 1)});
  for (size_t most = kMinPayloadSize; most < 1400; ++most) {
    const auto packets = packetize(unit_bytes, limit(most));
    size_t units_bytes = 0;
    for (const RtpPacket& packet : packets) {
      ASSERT_LE(packet.size(), most);
      units_bytes += packet.size() - packet.header.size();
    }
    ASSERT_EQ(units_bytes, unit_bytes.size());
  }
}

TEST(Packetizer, TooSmallALimitIsRefused) {
  const Bytes unit_bytes = access_unit({token(0)});
  try {
    packetize(unit_bytes, limit(kMinPayloadSize - 1));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSettings);
  }
}

TEST(Packetizer, FirstAndLastAreSetOnce) {
  const auto packets = packetize(access_unit({token(0, 300), token(1, 300)}), limit(80));
  ASSERT_GT(packets.size(), 3U);
  for (size_t i = 0; i < packets.size(); ++i) {
    EXPECT_EQ(packets[i].fields.first, i == 0);
    EXPECT_EQ(packets[i].fields.last, i + 1 == packets.size());
  }
}

TEST(Packetizer, FragmentsAreAloneAndCounted) {
  const Bytes unit_bytes = access_unit({token(0, 20), token(1, 200), token(2, 20)});
  const auto packets = packetize(unit_bytes, limit(80));
  // 20-byte unit | 205-byte unit in pieces of 70 | 20-byte unit
  ASSERT_EQ(packets.size(), 5U);
  EXPECT_FALSE(packets[0].fields.fragment);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_TRUE(packets[i].fields.fragment);
    EXPECT_EQ(packets[i].fields.fragment_index, i - 1);
    EXPECT_EQ(packets[i].fields.last_fragment, i == 3);
    EXPECT_EQ(packets[i].fields.layer_id, 1);
    EXPECT_EQ(packets[i].fields.unit_count, 1);
    EXPECT_EQ(packets[i].fields.first_unit, 1);
    EXPECT_EQ(packets[i].fields.layer_end, i == 3);
  }
  EXPECT_FALSE(packets[4].fields.fragment);
}

TEST(Packetizer, TheLargestUnitIsFragmentedAtTheLeastLimit) {
  const auto packets = packetize(access_unit({token(0, kMaxUnitPayload)}), limit(kMinPayloadSize));
  EXPECT_EQ(packets.size(), (unit_size(kMaxUnitPayload) + 21) / 22);
  EXPECT_EQ(packets.back().fields.fragment_index, packets.size() - 1);
}

TEST(Packetizer, KeyPicturesMarkEveryPacket) {
  for (const bool key : {false, true}) {
    for (const RtpPacket& packet : packetize(access_unit({token(0, 100), token(1, 100)}, key), limit(64))) {
      EXPECT_EQ(packet.fields.key, key);
      EXPECT_EQ(packet.fields.switching_point, key);
    }
  }
}

// A sequence header that is repeated makes no key picture, whether it stands in the access unit or is put in front.
TEST(Packetizer, SequenceHeadersDoNotMakeKeyPictures) {
  Bytes with_header = header_unit();
  const Bytes delta = access_unit({token(0), token(1)});
  with_header.insert(with_header.end(), delta.begin(), delta.end());
  for (const RtpPacket& packet : packetize(with_header, limit(64))) EXPECT_FALSE(packet.fields.key);
  for (const RtpPacket& packet : packetize(delta, limit(64), header_unit())) EXPECT_FALSE(packet.fields.key);
  EXPECT_FALSE(packetize(header_unit(), limit(64)).front().fields.key) << "nor is it a picture";
  EXPECT_TRUE(packetize(access_unit({{UnitType::kSemantic, 0, 9}}, true), limit(64)).front().fields.key);
}

TEST(Packetizer, OnlyHigherLayersAreDiscardable) {
  // One unit a packet.
  const auto packets = packetize(access_unit({{UnitType::kSequenceHeader, 0, 20},
                                              {UnitType::kSemantic, 0, 20},
                                              token(0, 20),
                                              {UnitType::kKnowledgeUpdate, 0, 20},
                                              token(1, 20),
                                              token(2, 20)}),
                                 limit(40));
  ASSERT_EQ(packets.size(), 6U);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(packets[i].fields.discardable, i >= 4) << i;
}

TEST(Packetizer, APacketWithSomeOfLayerZeroIsNotDiscardable) {
  const auto packets = packetize(access_unit({token(0, 20), token(1, 20)}), limit(1000));
  EXPECT_FALSE(packets[0].fields.discardable);
  EXPECT_EQ(packets[0].fields.layer_id, 0);
}

TEST(Packetizer, LayerEndClosesEachLayer) {
  // One unit a packet: layers 0 0 1 1 2.
  const auto packets =
      packetize(access_unit({token(0, 20), token(0, 20), token(1, 20), token(1, 20), token(2, 20)}), limit(40));
  ASSERT_EQ(packets.size(), 5U);
  const std::vector<bool> expected = {false, true, false, true, true};
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(packets[i].fields.layer_end, expected[i]) << i;
}

TEST(Packetizer, ExtensionTellsThePlaceOfEveryUnit) {
  PacketizerSettings settings = limit(70);
  settings.kb_epoch = 9;
  settings.model_tag = 0xcd;
  const auto packets = packetize(access_unit({token(0), token(0), token(0), token(1), token(1), token(2)}), settings);
  ASSERT_GT(packets.size(), 1U);
  size_t next = 0;
  for (const RtpPacket& packet : packets) {
    EXPECT_TRUE(packet.fields.extension);
    EXPECT_EQ(packet.fields.first_unit, next);
    EXPECT_EQ(packet.fields.kb_epoch, 9);
    EXPECT_EQ(packet.fields.model_tag, 0xcd);
    next += packet.fields.unit_count;
  }
  EXPECT_EQ(next, 6U);
}

TEST(Packetizer, PlacesStopAt255) {
  const auto packets = packetize(access_unit(std::vector<UnitSpec>(512, token(0, 1))), limit(2000));
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(packets[0].fields.unit_count, 255);
  EXPECT_EQ(packets[1].fields.first_unit, 255);
}

TEST(Packetizer, SequenceHeaderIsPutInFrontWhenThereIsNone) {
  const Bytes header = header_unit();
  const Bytes unit_bytes = access_unit({token(0), token(1)}, true);
  const auto packets = packetize(unit_bytes, limit(1000), header);
  EXPECT_EQ(wire_order(packets), (std::vector<int>{-1, 0, 1}));
  EXPECT_EQ(packets[0].size(), 4 + header.size() + unit_bytes.size());
}

TEST(Packetizer, SequenceHeaderIsNotDoubled) {
  const Bytes unit_bytes = access_unit({{UnitType::kSequenceHeader, 0, 20}, token(0)}, true);
  EXPECT_EQ(wire_order(packetize(unit_bytes, limit(1000), header_unit())), (std::vector<int>{-1, 0}));
}

TEST(Packetizer, SequenceHeaderDoesNotMergeWithNeighbours) {
  // Header and access unit in one allocation, touching: their owners may still be two.
  Bytes both = header_unit();
  const size_t split = both.size();
  const Bytes unit_bytes = access_unit({token(0)}, true);
  both.insert(both.end(), unit_bytes.begin(), unit_bytes.end());
  const auto packets = packetize(ByteView(both).sub(split), limit(1000), ByteView(both).sub(0, split));
  EXPECT_EQ(packets[0].parts.size(), 2U);
}

TEST(Packetizer, DamagedAccessUnitsAreRefused) {
  const auto kind = [](const Bytes& bytes) {
    try {
      packetize(bytes, limit(100));
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kLibrary;
  };
  Bytes unit_bytes = access_unit({token(0), token(1)});
  EXPECT_EQ(kind({}), ErrorKind::kCorrupt);
  EXPECT_EQ(kind({1, 2, 3}), ErrorKind::kCorrupt);
  unit_bytes.pop_back();
  EXPECT_EQ(kind(unit_bytes), ErrorKind::kCorrupt);
  unit_bytes = access_unit({token(0), token(1)});
  unit_bytes[4] ^= 1;
  EXPECT_EQ(kind(unit_bytes), ErrorKind::kCorrupt);
  EXPECT_EQ(kind(access_unit(std::vector<UnitSpec>(513, token(0, 1)))), ErrorKind::kCorrupt);
  EXPECT_EQ(kind(access_unit(std::vector<UnitSpec>(17, token(0, kMaxUnitPayload)))), ErrorKind::kCorrupt);
}

TEST(Packetizer, ReservedUnitsAreLeftOut) {
  const Bytes known = access_unit({token(0), token(1)});
  Bytes with_reserved = {0xe0, 0x01, 0x55};  // type 7, one byte
  const uint16_t crc = crc16(with_reserved);
  with_reserved.insert(with_reserved.end(), {static_cast<uint8_t>(crc >> 8), static_cast<uint8_t>(crc)});
  with_reserved.insert(with_reserved.end(), known.begin(), known.end());
  const auto packets = packetize(with_reserved, limit(1000));
  EXPECT_EQ(packets[0].size(), 4 + known.size());
}

TEST(Packetizer, DiscardableUnitsStayApartIfWanted) {
  const Bytes unit_bytes = access_unit({token(1, 20), {UnitType::kKnowledgeUpdate, 0, 20}, token(0, 20), token(2, 20)});
  PacketizerSettings settings = limit(500);
  settings.separate_base = true;
  const auto packets = packetize(unit_bytes, settings);
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(wire_order({packets[0]}), (std::vector<int>{0, -3}));
  EXPECT_EQ(wire_order({packets[1]}), (std::vector<int>{1, 2}));
  EXPECT_FALSE(packets[0].fields.discardable);
  EXPECT_TRUE(packets[1].fields.discardable);
  EXPECT_TRUE(packets[0].fields.extension && packets[1].fields.extension);
  EXPECT_EQ(packets[1].fields.first_unit, 2);
  // What is of one kind is not split.
  EXPECT_EQ(packetize(access_unit({token(0), token(0)}), settings).size(), 1U);
  EXPECT_EQ(packetize(access_unit({token(1), token(2)}), settings).size(), 1U);
}

TEST(Packetizer, HigherLayersAreLeftOutIfWanted) {
  const Bytes unit_bytes = access_unit({{UnitType::kSemantic, 0, 8}, token(0), token(1), token(2), token(3)});
  PacketizerSettings settings = limit(500);
  for (int most = 1; most <= 4; ++most) {
    settings.max_layers = most;
    std::vector<int> expected{-2, 0, 1, 2, 3};
    expected.resize(static_cast<size_t>(most) + 1);
    EXPECT_EQ(wire_order(packetize(unit_bytes, settings)), expected);
    const auto shared = aggregate({{unit_bytes, 0}}, settings);
    EXPECT_EQ(shared->size(), 4 + 5 + packetize(unit_bytes, settings)[0].size() - 4);
  }
  settings.max_layers = 1;
  EXPECT_EQ(wire_order(packetize(access_unit({token(3), token(2), token(2)}), settings)), (std::vector<int>{2, 2}));
}

TEST(Aggregate, SequenceHeadersAreInserted) {
  const Bytes unit_bytes = access_unit({token(0)});
  const Bytes header = header_unit();
  const auto packet = aggregate({{unit_bytes, 0}, {unit_bytes, 9000, header}}, limit(500));
  Reassembler reassembler({Delivery::kComplete, 0});
  const Bytes payload = packet->join();
  const auto pictures = reassembler.push({payload, 1, false, 0, 0});
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_EQ(pictures[0].units, unit_bytes);
  EXPECT_EQ(pictures[1].units.size(), unit_bytes.size() + header.size());
}

TEST(Aggregate, EntriesCarryLengthAndTime) {
  const Bytes a = access_unit({token(0, 5)}, false, 1);
  const Bytes b = access_unit({token(0, 6), token(1, 7)}, false, 2);
  const auto packet = aggregate({{a, 0}, {b, 9000}}, limit(200));
  ASSERT_TRUE(packet);
  const Bytes bytes = packet->join();
  EXPECT_EQ(bytes.size(), 4 + 5 + a.size() + 5 + b.size());
  const AggregateEntry second = parse_aggregate_entry(ByteView(bytes).sub(4 + 5 + a.size()));
  EXPECT_EQ(second.size, b.size());
  EXPECT_EQ(second.timestamp_offset, 9000U);
  EXPECT_TRUE(packet->fields.aggregate && packet->fields.first && packet->fields.last);
}

TEST(Aggregate, NothingWhenItDoesNotFit) {
  const Bytes a = access_unit({token(0, 50)});
  const size_t exact = 4 + 2 * (5 + a.size());
  EXPECT_TRUE(aggregate({{a, 0}, {a, 100}}, limit(exact)));
  EXPECT_FALSE(aggregate({{a, 0}, {a, 100}}, limit(exact - 1)));
}

TEST(Aggregate, TakesOneToFourInOrder) {
  const Bytes a = access_unit({token(0)});
  EXPECT_TRUE(aggregate({{a, 0}, {a, 1}, {a, 2}, {a, 0xffffff}}, limit(1000)));
  EXPECT_THROW(aggregate({}, limit(1000)), Error);
  EXPECT_THROW(aggregate({{a, 0}, {a, 1}, {a, 2}, {a, 3}, {a, 4}}, limit(1000)), Error);
  EXPECT_THROW(aggregate({{a, 5}, {a, 4}}, limit(1000)), Error);
  EXPECT_THROW(aggregate({{a, 0}, {a, 0x1000000}}, limit(1000)), Error);
}

TEST(Aggregate, HeaderSpeaksForAllEntries) {
  const Bytes detail = access_unit({token(2)});
  const Bytes key = access_unit({token(1)}, true);
  const auto packet = aggregate({{detail, 0}, {key, 1}}, limit(1000));
  EXPECT_TRUE(packet->fields.key);
  EXPECT_TRUE(packet->fields.discardable);
  EXPECT_EQ(packet->fields.layer_id, 1);
  EXPECT_FALSE(aggregate({{detail, 0}, {access_unit({token(0)}), 1}}, limit(1000))->fields.discardable);
}

}  // namespace
}  // namespace crlsc::test
