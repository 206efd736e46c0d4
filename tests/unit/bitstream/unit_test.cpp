// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/unit.h"

#include <gtest/gtest.h>

#include "core/bitstream/byte_io.h"
#include "core/bitstream/crc.h"
#include "core/error.h"

namespace crlsc {
namespace {

Bytes unit(const UnitHeader& header, const Bytes& payload) {
  Bytes out;
  append_unit(out, header, payload);
  return out;
}

// A unit with any header byte and a right CRC.
Bytes raw_unit(uint8_t header, const Bytes& size, const Bytes& payload) {
  Bytes out = {header};
  ByteWriter writer(out);
  writer.bytes(size);
  writer.bytes(payload);
  writer.u16(crc16(out));
  return out;
}

void expect_settings_error(const UnitHeader& header, const Bytes& payload) {
  Bytes out = {1, 2};
  try {
    append_unit(out, header, payload);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSettings);
  }
  EXPECT_EQ(out, (Bytes{1, 2}));
}

TEST(Unit, GoldenToken) {
  EXPECT_EQ(unit({UnitType::kToken, 2, true, false}, {0xCA, 0xFE}), (Bytes{0x54, 0x02, 0xCA, 0xFE, 0xA2, 0x24}));
}

TEST(Unit, GoldenHeaderBytes) {
  EXPECT_EQ(unit({UnitType::kSequenceHeader, 0, true, false}, {})[0], 0x04);
  EXPECT_EQ(unit({UnitType::kSemantic, 0, false, false}, {})[0], 0x20);
  EXPECT_EQ(unit({UnitType::kToken, 0, false, true}, {})[0], 0x42);
  EXPECT_EQ(unit({UnitType::kToken, 3, true, true}, {})[0], 0x5E);
  EXPECT_EQ(unit({UnitType::kKnowledgeUpdate, 0, false, false}, {})[0], 0x60);
  EXPECT_EQ(unit({UnitType::kScene, 0, true, false}, {})[0], 0x84);
  EXPECT_EQ(unit({UnitType::kToken, 0, true, true, false, true}, {})[0], 0xA6);
  EXPECT_EQ(unit({UnitType::kToken, 1, false, true, false, true}, {})[0], 0x4A) << "only layer 0 is joined by others";
}

TEST(Unit, EveryHeaderComesBack) {
  for (int type = 0; type < 5; ++type) {
    for (int layer = 0; layer < (type == 2 ? 4 : 1); ++layer) {
      const int all = type != 2 ? 2 : layer > 0 ? 4 : 16;
      for (int flags = 0; flags < all; ++flags) {
        const UnitHeader header{static_cast<UnitType>(type), layer, (flags & 1) != 0, (flags & 2) != 0,
                                (flags & 4) != 0, (flags & 8) != 0};
        const AccessUnitView view = parse_access_unit(unit(header, {1, 2, 3}));
        ASSERT_EQ(view.units.size(), 1U);
        EXPECT_FALSE(view.damaged);
        EXPECT_EQ(view.units[0].header.type, header.type);
        EXPECT_EQ(view.units[0].header.layer, header.layer);
        EXPECT_EQ(view.units[0].header.key, header.key);
        EXPECT_EQ(view.units[0].header.whole, header.whole);
        EXPECT_EQ(view.units[0].header.scene, header.scene);
        EXPECT_EQ(view.units[0].header.joined, header.joined);
      }
    }
  }
}

TEST(Unit, LayerAndWholeAreWrittenOnlyForTokens) {
  EXPECT_EQ(unit({UnitType::kSemantic, 3, false, true}, {})[0], 0x20);
  EXPECT_EQ(unit({UnitType::kKnowledgeUpdate, 1, true, true, true}, {})[0], 0x64);
  EXPECT_EQ(unit({UnitType::kToken, 1, false, false, true}, {})[0], 0x48) << "only layer 0 names a scene";
}

TEST(Unit, LayerAndWholeAreReadOnlyOfTokens) {
  const Bytes bytes = raw_unit(0x20 | 0x18 | 0x02, {0}, {});
  const AccessUnitView view = parse_access_unit(bytes);
  ASSERT_EQ(view.units.size(), 1U);
  EXPECT_EQ(view.units[0].header.layer, 0);
  EXPECT_FALSE(view.units[0].header.whole);
}

TEST(Unit, ReservedHeaderBitIsIgnored) {
  const Bytes bytes = raw_unit(0x42 | 0x01, {1}, {9});
  const AccessUnitView view = parse_access_unit(bytes);
  ASSERT_EQ(view.units.size(), 1U);
  EXPECT_FALSE(view.damaged);
  EXPECT_TRUE(view.units[0].header.whole);
}

TEST(Unit, PayloadSizesAroundEachLengthOfTheSizeField) {
  for (size_t size : {0, 1, 127, 128, 16383, 16384, 65534, 65535}) {
    Bytes payload(size);
    for (size_t i = 0; i < size; ++i) payload[i] = static_cast<uint8_t>(i * 7);
    const Bytes bytes = unit({}, payload);
    EXPECT_EQ(bytes.size(), unit_size(size));
    const AccessUnitView view = parse_access_unit(bytes);
    ASSERT_EQ(view.units.size(), 1U) << size;
    EXPECT_EQ(Bytes(view.units[0].payload.begin(), view.units[0].payload.end()), payload);
    EXPECT_EQ(view.units[0].bytes.data(), bytes.data());
    EXPECT_EQ(view.units[0].bytes.size(), bytes.size());
  }
}

TEST(Unit, OverheadIsFourBytesForSmallPayloads) {
  EXPECT_EQ(unit_size(0), 4U);
  EXPECT_EQ(unit_size(127), 131U);
  EXPECT_EQ(unit_size(128), 133U);
  EXPECT_EQ(unit_size(16384), 16390U);
}

TEST(Unit, TooLargePayloadIsRefused) { expect_settings_error({}, Bytes(65536)); }

TEST(Unit, LayerOutOfRangeIsRefused) {
  expect_settings_error({UnitType::kToken, 4, false, false}, {});
  expect_settings_error({UnitType::kToken, -1, false, false}, {});
}

TEST(Unit, ReservedTypeIsNotWritten) { expect_settings_error({static_cast<UnitType>(5), 0, false, false}, {}); }

TEST(Unit, SizeFieldLongerThanNecessaryIsRead) {
  const Bytes bytes = raw_unit(0x40, {0x81, 0x80, 0x00}, {0x55});
  const AccessUnitView view = parse_access_unit(bytes);
  ASSERT_EQ(view.units.size(), 1U);
  ASSERT_EQ(view.units[0].payload.size(), 1U);
  EXPECT_EQ(view.units[0].payload[0], 0x55);
}

TEST(Unit, SizeFieldOfFourBytesIsDamage) {
  const AccessUnitView view = parse_access_unit(raw_unit(0x40, {0x81, 0x80, 0x80, 0x00}, {0x55}));
  EXPECT_TRUE(view.units.empty());
  EXPECT_TRUE(view.damaged);
}

TEST(Unit, SizeAbove65535IsDamage) {
  const AccessUnitView view = parse_access_unit(raw_unit(0x40, {0x80, 0x80, 0x04}, Bytes(65536)));
  EXPECT_TRUE(view.units.empty());
  EXPECT_TRUE(view.damaged);
}

TEST(Unit, EveryChangeOfOneByteIsDetected) {
  const Bytes good = unit({UnitType::kToken, 1, false, true}, {0, 1, 2, 3, 0xFF, 0x80, 5, 0});
  for (size_t position = 0; position < good.size(); ++position) {
    for (int change = 1; change < 256; ++change) {
      Bytes bad = good;
      bad[position] = static_cast<uint8_t>(bad[position] ^ change);
      const AccessUnitView view = parse_access_unit(bad);
      EXPECT_TRUE(view.damaged) << position << " ^ " << change;
      EXPECT_TRUE(view.units.empty()) << position << " ^ " << change;
    }
  }
}

TEST(Unit, EveryPairOfFlippedBitsIsDetected) {
  const Bytes good = unit({UnitType::kToken, 0, false, false}, {0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0});
  for (size_t a = 16; a < 8 * good.size(); ++a) {  // behind header and size
    for (size_t b = a + 1; b < 8 * good.size(); ++b) {
      Bytes bad = good;
      bad[a / 8] ^= static_cast<uint8_t>(1 << a % 8);
      bad[b / 8] ^= static_cast<uint8_t>(1 << b % 8);
      const AccessUnitView view = parse_access_unit(bad);
      EXPECT_TRUE(view.damaged && view.units.empty()) << a << " " << b;
    }
  }
}

}  // namespace
}  // namespace crlsc
