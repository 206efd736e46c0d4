// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/semantic_unit.h"

#include <gtest/gtest.h>

#include <random>

#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc {
namespace {

Bytes whole(bool scene_change, const Bytes& code, bool key = false) {
  Bytes out;
  append_semantic_unit(out, {scene_change, code}, key);
  return out;
}

TEST(SemanticUnit, SurvivesEverySize) {
  for (size_t size = 1; size <= kMaxSemanticCode; ++size) {
    const Bytes code(size, static_cast<uint8_t>(0x80 + size));
    for (const bool scene_change : {false, true}) {
      const Bytes unit = whole(scene_change, code);
      EXPECT_EQ(unit.size(), size + 5);
      const auto found = find_semantic_unit(unit);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->scene_change, scene_change);
      EXPECT_EQ(Bytes(found->code.begin(), found->code.end()), code);
    }
  }
}

TEST(SemanticUnit, TakesNoOtherSizes) {
  EXPECT_THROW(whole(false, {}), Error);
  EXPECT_THROW(whole(false, Bytes(kMaxSemanticCode + 1)), Error);
}

TEST(SemanticUnit, KeyIsThatOfTheAccessUnit) {
  for (const bool key : {false, true}) {
    const Bytes bytes = whole(false, {1}, key);
    EXPECT_EQ(parse_access_unit(bytes).units.at(0).header.key, key);
  }
}

TEST(SemanticUnit, OtherFormsAreSkipped) {
  for (unsigned form = 1; form < 16; ++form) {
    const Bytes payload = {static_cast<uint8_t>(form << 4), 1, 2};
    EXPECT_FALSE(parse_semantic_unit(payload));
  }
}

TEST(SemanticUnit, ReservedBitsAreIgnored) {
  const Bytes payload = {0x0E, 7};
  const auto unit = parse_semantic_unit(payload);
  ASSERT_TRUE(unit);
  EXPECT_FALSE(unit->scene_change);
}

TEST(SemanticUnit, WrongSizesAreCorrupt) {
  const Bytes sizes[] = {{}, {0}, Bytes(kMaxSemanticCode + 2)};
  for (const Bytes& payload : sizes) {
    try {
      parse_semantic_unit(payload);
      FAIL() << payload.size();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    }
  }
}

TEST(SemanticUnit, TheFirstReadableOneCounts) {
  Bytes access_unit;
  append_unit(access_unit, {UnitType::kToken, 0, false, true}, Bytes{1, 2, 3});
  append_unit(access_unit, {UnitType::kSemantic, 0, false, false}, Bytes{});
  append_unit(access_unit, {UnitType::kSemantic, 0, false, false}, Bytes{0x20, 1});
  EXPECT_FALSE(find_semantic_unit(access_unit));
  append_semantic_unit(access_unit, {true, Bytes{42}}, false);
  append_semantic_unit(access_unit, {false, Bytes{43}}, false);
  const auto found = find_semantic_unit(access_unit);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code[0], 42);
}

TEST(SemanticUnit, AnyBytesAreRead) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes = whole(true, Bytes(1 + random() % kMaxSemanticCode, 9));
    for (int n = 0; n < 3; ++n) bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    const auto found = find_semantic_unit(bytes);
    if (found) {
      EXPECT_LE(found->code.size(), kMaxSemanticCode);
    }
    try {
      parse_semantic_unit(bytes);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    }
  }
}

}  // namespace
}  // namespace crlsc
