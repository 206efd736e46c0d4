// SPDX-License-Identifier: LGPL-2.1-or-later
// Looking through codes finds whatever reaches the bar, however they lie in memory.
#include "core/kb/code_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace crlsc {
namespace {

struct Case {
  size_t subvectors;
  size_t codes;
};
constexpr Case kCases[] = {{1, 5}, {2, 64}, {3, 257}, {32, 3000}, {33, 1000}};

struct Code {
  std::vector<uint8_t> indices;
  float inverse_norm;
  double similarity(const CoarseTables& coarse) const {
    double sum = 0;
    for (size_t m = 0; m < indices.size(); ++m) sum += coarse.values[m * kScanCodes + indices[m]];
    return (double{coarse.base} + coarse.step * sum) * inverse_norm;
  }
};

class CodeBlocksTest : public testing::TestWithParam<bool> {
 protected:
  void fill(const Case& c) {
    codes_.clear();
    blocks_ = CodeBlocks(c.subvectors);
    coarse_.base = -60.0F * static_cast<float>(c.subvectors);
    coarse_.step = 0.5F;
    coarse_.values.resize(c.subvectors * kScanCodes);
    for (uint8_t& value : coarse_.values) value = static_cast<uint8_t>(random_());
    for (size_t i = 0; i < c.codes; ++i) {
      Code code{std::vector<uint8_t>(c.subvectors), 0.5F + 0.25F * static_cast<float>(random_() % 4)};
      for (uint8_t& index : code.indices) index = static_cast<uint8_t>(random_());
      blocks_.append(code.indices.data(), code.inverse_norm);
      codes_.push_back(code);
    }
    if (GetParam()) blocks_.arrange();
  }
  // Codes visited, and the bar at that time; it rises by `higher` with each of them.
  std::map<size_t, float> found(float bar, float higher) {
    std::map<size_t, float> found;
    blocks_.scan(coarse_, bar, [&](const CodeBlocks::Found& f) {
      EXPECT_TRUE(std::equal(codes_[f.code].indices.begin(), codes_[f.code].indices.end(), f.indices));
      EXPECT_EQ(codes_[f.code].inverse_norm, f.inverse_norm);
      EXPECT_TRUE(found.emplace(f.code, bar).second) << "code " << f.code << " was visited twice";
      return bar += higher;
    });
    return found;
  }

  std::mt19937 random_{5};
  CodeBlocks blocks_{1};
  CoarseTables coarse_;
  std::vector<Code> codes_;
};

TEST_P(CodeBlocksTest, VisitsAllThatReachTheBar) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(std::to_string(c.codes) + " codes of " + std::to_string(c.subvectors) + " indices");
    fill(c);
    std::vector<double> similarities;
    for (const Code& code : codes_) similarities.push_back(code.similarity(coarse_));
    std::sort(similarities.begin(), similarities.end());
    for (const size_t rank : {size_t{0}, c.codes / 2, c.codes - 2}) {
      const auto bar = static_cast<float>((similarities[rank] + similarities[rank + 1]) / 2);
      const auto visited = found(bar, 0.0F);
      for (size_t i = 0; i < c.codes; ++i) {
        const double similarity = codes_[i].similarity(coarse_);
        if (std::abs(similarity - bar) < 1e-3) continue;  // up to rounding
        EXPECT_EQ(visited.count(i) == 1, similarity >= bar) << "code " << i;
      }
    }
  }
}

TEST_P(CodeBlocksTest, ABarThatRisesLosesNothingAboveIt) {
  fill({32, 3000});
  const auto visited = found(-1e6F, 1.0F);
  const float last = -1e6F + static_cast<float>(visited.size());
  for (size_t i = 0; i < codes_.size(); ++i) {
    if (codes_[i].similarity(coarse_) <= last + 1) continue;
    EXPECT_EQ(visited.count(i), 1U) << "code " << i;
  }
}

TEST_P(CodeBlocksTest, NoCodesNoVisits) {
  fill({32, 0});
  EXPECT_TRUE(found(-1e9F, 0.0F).empty());
}

TEST_P(CodeBlocksTest, GivesBackItsCodes) {
  fill({33, 1000});
  ASSERT_EQ(blocks_.size(), codes_.size());
  for (size_t i = 0; i < codes_.size(); ++i) {
    std::vector<uint8_t> indices(33);
    blocks_.indices(i, indices.data());
    EXPECT_EQ(indices, codes_[i].indices);
    EXPECT_EQ(blocks_.inverse_norm(i), codes_[i].inverse_norm);
  }
}

INSTANTIATE_TEST_SUITE_P(, CodeBlocksTest, testing::Bool(),
                         [](const auto& c) { return c.param ? "Arranged" : "AsAppended"; });

}  // namespace
}  // namespace crlsc
