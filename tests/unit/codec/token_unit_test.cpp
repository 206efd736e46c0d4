// SPDX-License-Identifier: LGPL-2.1-or-later
// Payloads of token units.
#include "core/codec/token_unit.h"

#include <gtest/gtest.h>

namespace crlsc {
namespace {

const Bytes kBits = {0xAB, 0xCD, 0xEF};

UnitView only_unit(const Bytes& bytes) {
  const AccessUnitView view = parse_access_unit(bytes);
  EXPECT_EQ(view.units.size(), 1U);
  EXPECT_FALSE(view.damaged);
  return view.units.at(0);
}

TEST(TokenUnit, RoundTripOfEverySliceAndLayer) {
  for (const int rows : {1, 5, 68}) {
    for (int first = 0; first < rows; ++first) {
      for (int count = 1; first + count <= rows; ++count) {
        for (int layer = 0; layer < kMaxLayers; ++layer) {
          Bytes bytes;
          append_token_unit(bytes, {layer, layer % 2 == 1, {first, count}, 63, 3, kBits}, rows);
          const UnitView view = only_unit(bytes);
          const auto unit = parse_token_unit(view, rows);
          ASSERT_TRUE(unit);
          ASSERT_EQ(unit->layer, layer);
          ASSERT_EQ(unit->key, layer % 2 == 1);
          ASSERT_EQ(unit->slice.first_row, first);
          ASSERT_EQ(Bytes(unit->bits.begin(), unit->bits.end()), kBits);
          ASSERT_EQ(view.header.whole, count == rows);
          if (layer != 0) continue;
          ASSERT_EQ(unit->slice.rows, count);
          ASSERT_EQ(unit->picture_number, 63);
          ASSERT_EQ(unit->layers, 3);
        }
      }
    }
  }
}

TEST(TokenUnit, AWholeBaseUnitHasOneByteBeforeItsBits) {
  Bytes bytes;
  append_token_unit(bytes, {0, false, {0, 15}, 5, 2, kBits}, 15);
  const UnitView view = only_unit(bytes);
  EXPECT_EQ(Bytes(view.payload.begin(), view.payload.end()), (Bytes{5 << 2 | 1, 0xAB, 0xCD, 0xEF}));
}

TEST(TokenUnit, ABaseUnitNamesItsScene) {
  SceneReference scene{100, {}};
  for (const bool adjusted : {false, true}) {
    if (adjusted) scene.adjustments = {{{}, {-128, 127, 1, -1}, {}, {0, 0, 0, 5}}};
    for (const Slice slice : {Slice{0, 15}, Slice{4, 3}}) {
      Bytes bytes;
      append_token_unit(bytes, {0, true, slice, 5, 2, kBits, scene}, 15);
      const auto unit = parse_token_unit(only_unit(bytes), 15);
      ASSERT_TRUE(unit);
      EXPECT_EQ(unit->scene, scene);
      EXPECT_EQ(unit->picture_number, 5);
      EXPECT_EQ(Bytes(unit->bits.begin(), unit->bits.end()), kBits);
    }
  }
  for (size_t size = 1; size <= 11; ++size) {
    Bytes payload{4, 0x80 | 100, 0x0A, 1, 2, 3, 4, 5, 6, 7};
    payload.resize(size, 9);
    Bytes bytes;
    append_unit(bytes, {UnitType::kToken, 0, false, true, true}, payload);
    EXPECT_EQ(parse_token_unit(only_unit(bytes), 15).has_value(), size == 11) << size;
  }
  Bytes without;
  append_unit(without, {UnitType::kToken, 0, false, true, true}, Bytes{4});
  EXPECT_FALSE(parse_token_unit(only_unit(without), 15)) << "no room for the number";
  Bytes detail;
  append_token_unit(detail, {1, true, {0, 15}, 5, 2, kBits, SceneReference{100, {}}}, 15);
  EXPECT_EQ(Bytes(only_unit(detail).payload.begin(), only_unit(detail).payload.end()), kBits);
}

TEST(TokenUnit, AWholeDetailUnitIsItsBits) {
  Bytes bytes;
  append_token_unit(bytes, {2, false, {0, 15}, 5, 3, kBits}, 15);
  const UnitView view = only_unit(bytes);
  EXPECT_EQ(Bytes(view.payload.begin(), view.payload.end()), kBits);
}

TEST(TokenUnit, SlicesNameTheirRows) {
  Bytes base;
  append_token_unit(base, {0, false, {4, 3}, 1, 4, kBits}, 15);
  EXPECT_EQ(Bytes(only_unit(base).payload.begin(), only_unit(base).payload.end()),
            (Bytes{4, 3, 1 << 2 | 3, 0xAB, 0xCD, 0xEF}));
  Bytes detail;
  append_token_unit(detail, {1, false, {4, 3}, 1, 4, kBits}, 15);
  EXPECT_EQ(Bytes(only_unit(detail).payload.begin(), only_unit(detail).payload.end()), (Bytes{4, 0xAB, 0xCD, 0xEF}));
}

TEST(TokenUnit, PictureNumbersWrap) {
  Bytes bytes;
  append_token_unit(bytes, {0, false, {0, 2}, kPictureNumbers + 7, 1, kBits}, 2);
  EXPECT_EQ(parse_token_unit(only_unit(bytes), 2)->picture_number, 7);
}

std::optional<TokenUnit> parse(int layer, bool whole, const Bytes& payload, int rows) {
  UnitView view;
  view.header = {UnitType::kToken, layer, false, whole};
  view.payload = payload;
  return parse_token_unit(view, rows);
}

TEST(TokenUnit, ShortPayloadsAreRefused) {
  EXPECT_FALSE(parse(0, true, {}, 4));
  EXPECT_TRUE(parse(0, true, {0}, 4));
  EXPECT_FALSE(parse(0, false, {0, 1}, 4));
  EXPECT_TRUE(parse(0, false, {0, 1, 0}, 4));
  EXPECT_FALSE(parse(1, false, {}, 4));
  EXPECT_TRUE(parse(1, false, {0}, 4));
  EXPECT_TRUE(parse(1, true, {}, 4));
}

TEST(TokenUnit, RowsOutsideThePictureAreRefused) {
  EXPECT_FALSE(parse(0, false, {0, 0, 0}, 4)) << "no rows";
  EXPECT_FALSE(parse(0, false, {0, 5, 0}, 4));
  EXPECT_FALSE(parse(0, false, {4, 1, 0}, 4));
  EXPECT_FALSE(parse(0, false, {255, 255, 0}, 4));
  EXPECT_TRUE(parse(0, false, {3, 1, 0}, 4));
  EXPECT_FALSE(parse(2, false, {4}, 4));
  EXPECT_TRUE(parse(2, false, {3}, 4));
}

}  // namespace
}  // namespace crlsc
