// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/token_hash.h"

#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

std::string hash_of(const std::vector<TokenGrid>& grids) {
  TokenHash hash;
  for (const TokenGrid& grid : grids) hash.add(grid);
  return to_hex(hash.finish());
}

TokenGrid sample(uint32_t seed = 1) { return random_grid(test_layout(), 5, 4, mixes()[7], seed); }

size_t first_cell(const TokenGrid& grid, bool coded) {
  size_t i = 0;
  while (grid.cells[i].coded != coded) ++i;
  return i;
}

// SHA-256 of 00 01 00 01 (size) 00 (not coded) 00 (previous) 00 00 00 00 (no motion).
TEST(TokenHash, OfOneStillCell) {
  EXPECT_EQ(hash_of({TokenGrid(1, 1, 3)}), to_hex(Sha256::of(Bytes{0, 1, 0, 1, 0, 0, 0, 0, 0, 0})));
}

TEST(TokenHash, OfOneCodedCell) {
  TokenGrid grid(1, 1, 2);
  grid.cells[0] = {true, 1, Reference::kPrevious, MotionVector{-1, 2}};
  grid.structure[0] = 0x1F2;
  grid.detail[0] = {1, 2, 3, 0x104};
  EXPECT_EQ(hash_of({grid}),
            to_hex(Sha256::of(Bytes{0, 1, 0, 1, 1, 0, 0xFF, 0xFF, 0, 2, 1, 1, 0xF2, 0, 1, 0, 2, 0, 3, 1, 4})));
}

TEST(TokenHash, OfOneCellOfCoefficients) {
  TokenGrid grid(1, 1, TokenLayout{0, {}, {1, 1}, 8, 1, 3, {2, 1}});
  grid.cells[0] = {true, 1, Reference::kGrey, {}, 5};
  grid.structure = {1, 0, -2};
  grid.detail[0] = {0, 3, -1, 0, 0, 0, kMaxLevel, -kMaxLevel};
  grid.detail[1] = {9, 9, 9, 9};  // the cell has no such stage
  EXPECT_EQ(hash_of({grid}),
            to_hex(Sha256::of(Bytes{0, 1, 0, 1, 1,    1,    0, 0, 0, 0, 0x51, 0, 1, 0,    0,    0xFF, 0xFE,
                                    0, 0, 0, 3, 0xFF, 0xFF, 0, 0, 0, 0, 0,    0, 7, 0xFF, 0xF8, 1})));
}

TEST(TokenHash, EveryLevelCounts) {
  const TokenLayout layout = layout_named("scalar");
  TokenGrid grid = random_grid(layout, 2, 2, mixes()[7], 1);
  for (Cell& cell : grid.cells) cell = {true, 3, Reference::kGrey, {}};
  const std::string plain = hash_of({grid});
  for (size_t i = 0; i < grid.structure.size(); ++i) {
    TokenGrid other = grid;
    other.structure[i] = static_cast<int16_t>(other.structure[i] + 1);
    EXPECT_NE(hash_of({other}), plain) << i;
  }
  for (size_t stage = 0; stage < 3; ++stage) {
    for (size_t i = 0; i < grid.detail[stage].size(); ++i) {
      TokenGrid other = grid;
      other.detail[stage][i] = static_cast<int16_t>(other.detail[stage][i] + 1);
      EXPECT_NE(hash_of({other}), plain) << stage << ", " << i;
    }
  }
}

TEST(TokenHash, EqualGridsEqualHash) { EXPECT_EQ(hash_of({sample(), sample(2)}), hash_of({sample(), sample(2)})); }

TEST(TokenHash, TheOrderOfPicturesCounts) { EXPECT_NE(hash_of({sample(), sample(2)}), hash_of({sample(2), sample()})); }

TEST(TokenHash, EverythingThatIsSentCounts) {
  const std::string plain = hash_of({sample()});
  TokenGrid grid = sample();
  const size_t i = first_cell(grid, true);
  grid.cells[i].coded = false;
  EXPECT_NE(hash_of({grid}), plain);
  grid = sample();
  for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
    grid.cells[i].motion[b].dy += 1;
    EXPECT_NE(hash_of({grid}), plain);
  }
  grid = sample();
  grid.cells[i].stages -= 1;
  EXPECT_NE(hash_of({grid}), plain);
  grid = sample();
  grid.cells[i].reference = Reference::kKnowledge0;
  grid.cells[i].motion = {};
  EXPECT_NE(hash_of({grid}), plain);
  grid = sample();
  grid.cells[i].gain = 1;
  EXPECT_NE(hash_of({grid}), plain);
  grid = sample();
  grid.structure[i] ^= 1;
  EXPECT_NE(hash_of({grid}), plain);
  grid = sample();
  grid.detail[2][2 * (i / 5) * 10 + 2 * (i % 5)] ^= 1;
  EXPECT_NE(hash_of({grid}), plain);
}

TEST(TokenHash, TokensThatTakeNoPartDoNotCount) {
  TokenGrid grid = sample();
  grid.structure[first_cell(grid, false)] ^= 1;
  EXPECT_EQ(hash_of({grid}), hash_of({sample()}));
}

TEST(TokenHash, SurvivesTheWayThroughUnits) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  TokenGrid read(5, 4, 3);
  ASSERT_TRUE(decode_slice(encode_slice(sample(), layout, {0, 4}, priors), layout, {0, 4}, priors, read));
  EXPECT_EQ(hash_of({read}), hash_of({sample()}));
}

}  // namespace
}  // namespace crlsc
