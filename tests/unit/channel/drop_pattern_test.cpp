// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/drop_pattern.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace crlsc::test {
namespace {

std::vector<uint64_t> below_20(const std::string& text) {
  const DropPattern pattern(text);
  std::vector<uint64_t> out;
  for (uint64_t i = 0; i < 20; ++i) {
    if (pattern.contains(i)) out.push_back(i);
  }
  return out;
}

using Numbers = std::vector<uint64_t>;

TEST(DropPattern, Reads) {
  EXPECT_EQ(below_20(""), Numbers());
  EXPECT_EQ(below_20("  "), Numbers());
  EXPECT_EQ(below_20("3"), Numbers({3}));
  EXPECT_EQ(below_20("10-12,0"), Numbers({0, 10, 11, 12}));
  EXPECT_EQ(below_20(" 5 , 7 - 8,\t18- "), Numbers({5, 7, 8, 18, 19}));
  EXPECT_EQ(below_20("1-3,2-4,2"), Numbers({1, 2, 3, 4}));
  EXPECT_TRUE(DropPattern("18446744073709551615").contains(UINT64_MAX));
  EXPECT_TRUE(DropPattern("7-").contains(UINT64_MAX));
  EXPECT_FALSE(DropPattern().contains(0));
}

TEST(DropPattern, Refuses) {
  for (const char* text : {",", "1,", "1,,2", "a", "1a", "-", "-1", "1-2-3", "3-1", "+1", "0x1", "1.5",
                           "18446744073709551616", "1 2", "1--2"}) {
    try {
      const DropPattern pattern(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kSettings);
      EXPECT_NE(std::string(error.what()).find("100-102"), std::string::npos) << error.what();
    }
  }
}

TEST(DropPattern, IsBounded) {
  std::string text = "0";
  for (size_t i = 1; i < DropPattern::kMaxRanges; ++i) text += "," + std::to_string(2 * i);
  EXPECT_TRUE(DropPattern(text).contains(2 * (DropPattern::kMaxRanges - 1)));
  EXPECT_THROW(DropPattern(text + ",1"), Error);
}

}  // namespace
}  // namespace crlsc::test
