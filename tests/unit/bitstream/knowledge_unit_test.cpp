// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/knowledge_unit.h"

#include <gtest/gtest.h>

#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc {
namespace {

constexpr PictureName kName{1, 2, 3, 4, 5, 6, 7, 255};

Bytes unit_of(size_t size, size_t offset, size_t piece, bool key = false) {
  const Bytes bytes(piece, 0xAB);
  Bytes out;
  append_knowledge_unit(out, {kName, size, offset, bytes}, key);
  return out;
}

Bytes payload_of(size_t size, size_t offset, size_t piece) {
  const Bytes unit = unit_of(size, offset, piece);
  const AccessUnitView view = parse_access_unit(unit);
  EXPECT_EQ(view.units.at(0).header.type, UnitType::kKnowledgeUpdate);
  return Bytes(view.units.at(0).payload.begin(), view.units.at(0).payload.end());
}

TEST(KnowledgeUnit, SurvivesSmallAndLargePieces) {
  const size_t cases[][3] = {{1, 0, 1},
                             {127, 126, 1},
                             {128, 100, 28},
                             {kMaxTransferSize, 0, 65000},
                             {kMaxTransferSize, kMaxTransferSize - 1, 1}};
  for (const auto& [size, offset, piece] : cases) {
    const Bytes payload = payload_of(size, offset, piece);
    const auto read = parse_knowledge_unit(payload);
    ASSERT_TRUE(read) << size << ' ' << offset;
    EXPECT_EQ(read->name, kName);
    EXPECT_EQ(read->size, size);
    EXPECT_EQ(read->offset, offset);
    EXPECT_EQ(Bytes(read->piece.begin(), read->piece.end()), Bytes(piece, 0xAB));
    EXPECT_LE(unit_of(size, offset, piece).size(), piece + kKnowledgeUnitOverhead);
  }
  EXPECT_EQ(unit_of(kMaxTransferSize, 20000, 30000).size(), 30000 + kKnowledgeUnitOverhead);
}

TEST(KnowledgeUnit, KeyIsThatOfTheAccessUnit) {
  for (const bool key : {false, true}) EXPECT_EQ(parse_access_unit(unit_of(5, 0, 5, key)).units.at(0).header.key, key);
}

TEST(KnowledgeUnit, MayAskForAReport) {
  const Bytes piece(5);
  for (const bool asks : {false, true}) {
    Bytes unit;
    append_knowledge_unit(unit, {kName, 5, 0, piece, asks}, false);
    const AccessUnitView view = parse_access_unit(unit);
    EXPECT_EQ(parse_knowledge_unit(view.units.at(0).payload)->asks, asks);
  }
}

TEST(KnowledgeUnit, TakesNoOtherNumbers) {
  EXPECT_THROW(unit_of(0, 0, 0), Error);
  EXPECT_THROW(unit_of(5, 0, 0), Error);
  EXPECT_THROW(unit_of(5, 5, 1), Error);
  EXPECT_THROW(unit_of(5, 4, 2), Error);
  EXPECT_THROW(unit_of(kMaxTransferSize + 1, 0, 1), Error);
  EXPECT_THROW(unit_of(kMaxTransferSize, 0, kMaxUnitPayload), Error);
}

TEST(KnowledgeUnit, OtherFormsAndNumbersAreSkipped) {
  const Bytes sound = payload_of(300, 200, 1);
  const size_t head = sound.size() - 1;
  for (size_t size = 0; size <= head; ++size) EXPECT_FALSE(parse_knowledge_unit(ByteView(sound).sub(0, size))) << size;
  Bytes payload = sound;
  payload[0] |= 0x0F;
  EXPECT_TRUE(parse_knowledge_unit(payload)) << "reserved bits";
  payload[0] |= 0x10;
  EXPECT_FALSE(parse_knowledge_unit(payload)) << "another form";
  payload = sound;
  payload.resize(head + 101);
  EXPECT_FALSE(parse_knowledge_unit(payload)) << "behind the end of the entry";
  payload.resize(head + 100);
  EXPECT_TRUE(parse_knowledge_unit(payload));
  const Bytes name(payload.begin(), payload.begin() + 9);
  const auto with = [&name](const Bytes& rest) {
    Bytes bytes = name;
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return parse_knowledge_unit(bytes).has_value();
  };
  EXPECT_TRUE(with({0x80, 0x80, 0x10, 0, 1})) << "the largest entry";
  EXPECT_FALSE(with({0x81, 0x80, 0x10, 0, 1})) << "one byte more";
  EXPECT_FALSE(with({0, 0, 1})) << "an entry of no bytes";
  EXPECT_FALSE(with({5, 5, 1})) << "behind the end";
  EXPECT_TRUE(with({0x85, 0x80, 0, 0, 1})) << "a longer form than necessary";
  EXPECT_FALSE(with({0x85, 0x80, 0x80, 0, 0, 1})) << "an even longer one";
}

}  // namespace
}  // namespace crlsc
