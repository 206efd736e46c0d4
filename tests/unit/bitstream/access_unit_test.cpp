// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/bitstream/byte_io.h"
#include "core/bitstream/crc.h"
#include "core/bitstream/unit.h"

namespace crlsc {
namespace {

Bytes reserved_unit(int type, const Bytes& payload) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(type << 5));
  writer.leb128(static_cast<uint32_t>(payload.size()));
  writer.bytes(payload);
  writer.u16(crc16(out));
  return out;
}

void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }

// Four units; returns where each one ends.
std::vector<size_t> sample(Bytes& out) {
  std::vector<size_t> ends;
  append_unit(out, {UnitType::kSequenceHeader, 0, true, false}, Bytes(27, 0x11));
  ends.push_back(out.size());
  append_unit(out, {UnitType::kSemantic, 0, true, false}, Bytes(8, 0x22));
  ends.push_back(out.size());
  append_unit(out, {UnitType::kToken, 0, true, true}, Bytes(200, 0x33));
  ends.push_back(out.size());
  append_unit(out, {UnitType::kToken, 1, true, true}, {});
  ends.push_back(out.size());
  return ends;
}

TEST(AccessUnit, OfNothingIsEmptyAndSound) {
  const AccessUnitView view = parse_access_unit(ByteView());
  EXPECT_TRUE(view.units.empty());
  EXPECT_FALSE(view.damaged);
}

TEST(AccessUnit, KeepsTheOrderOfUnits) {
  Bytes bytes;
  sample(bytes);
  const AccessUnitView view = parse_access_unit(bytes);
  ASSERT_EQ(view.units.size(), 4U);
  EXPECT_FALSE(view.damaged);
  EXPECT_EQ(view.units[0].header.type, UnitType::kSequenceHeader);
  EXPECT_EQ(view.units[1].header.type, UnitType::kSemantic);
  EXPECT_EQ(view.units[2].header.layer, 0);
  EXPECT_EQ(view.units[2].payload.size(), 200U);
  EXPECT_EQ(view.units[3].header.layer, 1);
  EXPECT_TRUE(view.units[3].payload.empty());
}

TEST(AccessUnit, FindsTheFirstSequenceHeader) {
  Bytes bytes;
  append_unit(bytes, {UnitType::kToken, 0, false, true}, Bytes{1});
  EXPECT_EQ(parse_access_unit(bytes).sequence_header(), nullptr);
  append_unit(bytes, {UnitType::kSequenceHeader, 0, true, false}, Bytes{2});
  append_unit(bytes, {UnitType::kSequenceHeader, 0, true, false}, Bytes{3});
  const AccessUnitView view = parse_access_unit(bytes);
  EXPECT_EQ(view.sequence_header(), &view.units[1]);
}

TEST(AccessUnit, IsAKeyPictureIfItsFirstTokensSaySo) {
  Bytes bytes;
  append_unit(bytes, {UnitType::kSequenceHeader, 0, true, false}, Bytes{2});
  EXPECT_EQ(parse_access_unit(bytes).key(), std::nullopt);
  append_unit(bytes, {UnitType::kSemantic, 0, true, false}, Bytes{3});
  EXPECT_EQ(parse_access_unit(bytes).key(), true) << "semantic units say it where there are no tokens";
  Bytes delta = bytes;
  append_unit(delta, {UnitType::kToken, 0, false, true}, Bytes{1});
  append_unit(delta, {UnitType::kToken, 1, true, true}, Bytes{1});
  EXPECT_EQ(parse_access_unit(delta).key(), false);
  append_unit(bytes, {UnitType::kToken, 0, true, true}, Bytes{1});
  EXPECT_EQ(parse_access_unit(bytes).key(), true);
}

TEST(AccessUnit, ViewsOfWholeUnitsJoinToTheInput) {
  Bytes bytes;
  sample(bytes);
  Bytes joined;
  for (const UnitView& unit : parse_access_unit(bytes).units) {
    joined.insert(joined.end(), unit.bytes.begin(), unit.bytes.end());
  }
  EXPECT_EQ(joined, bytes);
}

TEST(AccessUnit, EveryTruncationKeepsTheUnitsBeforeIt) {
  Bytes bytes;
  const std::vector<size_t> ends = sample(bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    const AccessUnitView view = parse_access_unit(cut);
    const auto whole = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), size) - ends.begin());
    EXPECT_EQ(view.units.size(), whole) << size;
    const bool at_a_seam = size == 0 || (whole > 0 && ends[whole - 1] == size);
    EXPECT_EQ(view.damaged, !at_a_seam) << size;
  }
}

TEST(AccessUnit, ABadChecksumCostsOnlyItsUnit) {
  Bytes bytes;
  const std::vector<size_t> ends = sample(bytes);
  bytes[ends[1] + 100] ^= 0x40;
  const AccessUnitView view = parse_access_unit(bytes);
  ASSERT_EQ(view.units.size(), 3U);
  EXPECT_TRUE(view.damaged);
  EXPECT_EQ(view.units[2].header.layer, 1);
}

TEST(AccessUnit, BrokenFramingEndsTheSearch) {
  Bytes bytes;
  const std::vector<size_t> ends = sample(bytes);
  bytes[ends[0] + 1] = 0xFF;  // a size of many bytes: nothing behind it can be found
  bytes[ends[0] + 2] = 0xFF;
  bytes[ends[0] + 3] = 0xFF;
  const AccessUnitView view = parse_access_unit(bytes);
  EXPECT_EQ(view.units.size(), 1U);
  EXPECT_TRUE(view.damaged);
}

TEST(AccessUnit, ReservedTypesAreSkippedWithoutDamage) {
  Bytes bytes;
  for (int layer = 0; layer < 4; ++layer) {
    const int type = 6 + layer % 2;
    append(bytes, reserved_unit(type, Bytes(static_cast<size_t>(type), 0xAB)));
    append_unit(bytes, {UnitType::kToken, layer, false, false}, Bytes{1});
  }
  const AccessUnitView view = parse_access_unit(bytes);
  EXPECT_FALSE(view.damaged);
  ASSERT_EQ(view.units.size(), 4U);
  for (int layer = 0; layer < 4; ++layer) EXPECT_EQ(view.units[static_cast<size_t>(layer)].header.layer, layer);
}

TEST(AccessUnit, AReservedUnitWithABadChecksumIsDamage) {
  Bytes bytes = reserved_unit(5, {1, 2, 3});
  bytes[3] ^= 1;
  const AccessUnitView view = parse_access_unit(bytes);
  EXPECT_TRUE(view.units.empty());
  EXPECT_TRUE(view.damaged);
}

TEST(AccessUnit, UpTo512UnitsAreSound) {
  Bytes bytes;
  for (size_t i = 0; i < kMaxUnits; ++i) append_unit(bytes, {}, {});
  const AccessUnitView view = parse_access_unit(bytes);
  EXPECT_EQ(view.units.size(), 512U);
  EXPECT_FALSE(view.damaged);
}

TEST(AccessUnit, MoreThan512UnitsAreCutOff) {
  Bytes bytes;
  for (size_t i = 0; i < 3 * kMaxUnits; ++i) append_unit(bytes, {}, {});
  const AccessUnitView view = parse_access_unit(bytes);
  EXPECT_EQ(view.units.size(), 512U);
  EXPECT_TRUE(view.damaged);
}

TEST(AccessUnit, ReservedUnitsDoNotCountAgainstTheLimit) {
  Bytes bytes;
  for (size_t i = 0; i < 2 * kMaxUnits; ++i) append(bytes, reserved_unit(7, {}));
  append_unit(bytes, {}, {});
  const AccessUnitView view = parse_access_unit(bytes);
  EXPECT_EQ(view.units.size(), 1U);
  EXPECT_FALSE(view.damaged);
}

TEST(AccessUnit, GarbageIsBoundedAndHardlyEverTaken) {
  std::mt19937 random(5);
  size_t taken = 0;
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes(random() % 600);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    const AccessUnitView view = parse_access_unit(bytes);
    taken += view.units.size();
    for (const UnitView& unit : view.units) {
      EXPECT_GE(unit.bytes.data(), bytes.data());
      EXPECT_LE(unit.bytes.end(), bytes.data() + bytes.size());
      EXPECT_GE(unit.payload.data(), unit.bytes.data());
      EXPECT_LE(unit.payload.end(), unit.bytes.end());
    }
  }
  EXPECT_LE(taken, 2U);
}

TEST(AccessUnit, DamagedSamplesNeverYieldAlteredPayloads) {
  Bytes good;
  sample(good);
  std::mt19937 random(6);
  for (int round = 0; round < 3000; ++round) {
    Bytes bad = good;
    const size_t position = random() % bad.size();
    bad[position] ^= static_cast<uint8_t>(1 + random() % 255);
    const AccessUnitView view = parse_access_unit(bad);
    EXPECT_TRUE(view.damaged);
    EXPECT_LE(view.units.size(), 3U);
    for (const UnitView& unit : view.units) {
      const auto offset = static_cast<size_t>(unit.bytes.data() - bad.data());
      EXPECT_TRUE(position < offset || position >= offset + unit.bytes.size());
    }
  }
}

}  // namespace
}  // namespace crlsc
