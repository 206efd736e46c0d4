// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/scene_unit.h"

#include <gtest/gtest.h>

#include "core/bitstream/unit.h"
#include "core/error.h"
#include "core/token/grid.h"

namespace crlsc {
namespace {

SceneUnit scene_of(size_t pictures) {
  SceneUnit unit{100, {}};
  for (size_t j = 0; j < pictures; ++j) unit.pictures.push_back({static_cast<uint8_t>(j), 1, 2, 3, 4, 5, 6, 255});
  return unit;
}

Bytes payload_of(const SceneUnit& unit) {
  Bytes bytes;
  append_scene_unit(bytes, unit, false);
  const AccessUnitView view = parse_access_unit(bytes);
  EXPECT_EQ(view.units.at(0).header.type, UnitType::kScene);
  return Bytes(view.units.at(0).payload.begin(), view.units.at(0).payload.end());
}

TEST(SceneUnit, SurvivesEveryNumberOfPictures) {
  for (size_t pictures = 1; pictures <= kMaxKnowledge; ++pictures) {
    const auto read = parse_scene_unit(payload_of(scene_of(pictures)));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->number, 100);
    EXPECT_EQ(read->pictures, scene_of(pictures).pictures);
  }
}

TEST(SceneUnit, TakesNoOtherNumbers) {
  EXPECT_THROW(payload_of(scene_of(0)), Error);
  EXPECT_THROW(payload_of(scene_of(kMaxKnowledge + 1)), Error);
  SceneUnit unit = scene_of(1);
  unit.number = kSceneNumbers;
  EXPECT_THROW(payload_of(unit), Error);
}

TEST(SceneUnit, KeyIsThatOfTheAccessUnit) {
  for (const bool key : {false, true}) {
    Bytes bytes;
    append_scene_unit(bytes, scene_of(1), key);
    EXPECT_EQ(parse_access_unit(bytes).units.at(0).header.key, key);
  }
}

TEST(SceneUnit, OtherFormsAndSizesAreSkipped) {
  Bytes payload = payload_of(scene_of(2));
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(parse_scene_unit(ByteView(payload).sub(0, size))) << size;
  }
  payload[0] |= 0x0C;
  EXPECT_TRUE(parse_scene_unit(payload)) << "reserved bits";
  payload[1] |= 0x80;
  EXPECT_FALSE(parse_scene_unit(payload)) << "a number that there is not";
  payload[1] &= 0x7F;
  payload[0] |= 0x10;
  EXPECT_FALSE(parse_scene_unit(payload));
  payload[0] = 1;
  payload.push_back(0);
  EXPECT_FALSE(parse_scene_unit(payload));
}

}  // namespace
}  // namespace crlsc
