// SPDX-License-Identifier: LGPL-2.1-or-later
// Edges between blocks: which ones are smoothed, and how (docs/bitstream.md, section "Deblocking").
#include "core/codec/deblocking.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

TokenLayout scalar_layout() {
  TokenLayout layout;
  layout.structure_coefficients = 6;
  layout.gain_levels = kMaxGainLevels;
  return layout;
}

// Two cells side by side, with an edge of luma and one of chroma between them.
Picture two_halves(int luma, int chroma) {
  Picture picture(32, 16, 100);
  for (int p = 0; p < 3; ++p) {
    for (int y = 0; y < picture.plane_height(p); ++y) {
      uint8_t* line = picture.plane(p) + static_cast<ptrdiff_t>(y) * picture.plane_width(p);
      std::fill_n(line + picture.plane_width(p) / 2, picture.plane_width(p) / 2,
                  static_cast<uint8_t>(p == 0 ? luma : chroma));
    }
  }
  return picture;
}

std::vector<int> around_the_edge(const Picture& picture, int plane, int line, int samples) {
  const uint8_t* q =
      picture.plane(plane) + static_cast<ptrdiff_t>(line) * picture.plane_width(plane) + picture.plane_width(plane) / 2;
  return {q - samples, q + samples};
}

TokenGrid second_cell_coded(uint8_t gain) {
  TokenGrid grid(2, 1, scalar_layout());
  grid.cells[1].coded = true;
  grid.cells[1].gain = gain;
  return grid;
}

TEST(Deblocking, TheExampleOfTheText) {
  Picture picture = two_halves(120, 110);
  deblock(second_cell_coded(6), scalar_layout(), picture);
  for (int line = 0; line < 16; ++line) {
    EXPECT_EQ(around_the_edge(picture, 0, line, 3), (std::vector<int>{100, 102, 105, 115, 118, 120})) << line;
  }
  for (int line = 0; line < 8; ++line) {
    EXPECT_EQ(around_the_edge(picture, 2, line, 2), (std::vector<int>{100, 104, 106, 110})) << line;
  }
}

TEST(Deblocking, StillCellsKeepTheirEdges) {
  Picture picture = two_halves(120, 110);
  deblock(TokenGrid(2, 1, scalar_layout()), scalar_layout(), picture);
  EXPECT_EQ(picture.data(), two_halves(120, 110).data());
}

TEST(Deblocking, WhatMovesTogetherKeepsItsEdges) {
  TokenGrid grid(2, 1, scalar_layout());
  grid.cells[0].motion = grid.cells[1].motion = MotionVector{6, -2};
  Picture picture = two_halves(120, 110);
  deblock(grid, scalar_layout(), picture);
  EXPECT_EQ(picture.data(), two_halves(120, 110).data());
  grid.cells[1].motion[2] = {7, -2};  // its lower left block goes another way
  deblock(grid, scalar_layout(), picture);
  EXPECT_EQ(around_the_edge(picture, 0, 3, 1), (std::vector<int>{100, 120}));
  EXPECT_EQ(around_the_edge(picture, 0, 12, 1), (std::vector<int>{104, 116}));
}

TEST(Deblocking, EdgesOfWhatIsShownStay) {
  Picture picture = two_halves(250, 110);
  deblock(second_cell_coded(6), scalar_layout(), picture);
  EXPECT_EQ(around_the_edge(picture, 0, 5, 3), around_the_edge(two_halves(250, 110), 0, 5, 3));
}

TEST(Deblocking, TextureStays) {
  Picture picture = two_halves(120, 110);
  for (int line = 4; line < 16; ++line) picture.plane(0)[line * 32 + 17] = 150;
  const Picture before = picture;
  deblock(second_cell_coded(6), scalar_layout(), picture);
  for (int line = 0; line < 16; ++line) {
    const bool same = around_the_edge(picture, 0, line, 3) == around_the_edge(before, 0, line, 3);
    EXPECT_EQ(same, line >= 4) << line;
  }
}

TEST(Deblocking, CoarserStepsAreSmoothedMore) {
  const TokenLayout layout = scalar_layout();
  const Cell still;
  int last = 0;
  for (uint8_t gain = 0; gain < kMaxGainLevels; ++gain) {
    Cell coded;
    coded.coded = true;
    coded.gain = gain;
    const int strength = edge_strength(still, {}, coded, {}, layout);
    EXPECT_EQ(strength, edge_strength(coded, {}, still, {}, layout));
    EXPECT_GE(strength, last);
    last = strength;
  }
  EXPECT_EQ(last, 7);
}

// Horizontal edges, too, and those inside of cells that were coded.
TEST(Deblocking, EveryEdgeOfACodedCellIsSmoothed) {
  TokenGrid grid(3, 3, scalar_layout());
  grid.cells[4].coded = true;
  grid.cells[4].gain = 7;
  Picture picture(48, 48, 100);
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 48; ++x) picture.plane(0)[y * 48 + x] = static_cast<uint8_t>(100 + (x / 8 + y / 8) % 2 * 12);
  }
  const Picture before = picture;
  deblock(grid, scalar_layout(), picture);
  const auto changed = [&](int x, int y) { return picture.plane(0)[y * 48 + x] != before.plane(0)[y * 48 + x]; };
  for (const int edge : {16, 24, 32}) {
    EXPECT_TRUE(changed(edge, 20) && changed(edge - 1, 20)) << edge;
    EXPECT_TRUE(changed(20, edge) && changed(20, edge - 1)) << edge;
  }
  EXPECT_FALSE(changed(8, 20) || changed(40, 20) || changed(20, 8) || changed(20, 40));
}

TEST(Deblocking, EncoderAndDecoderShowTheSame) {
  const Clip clip{Clip::Kind::kPan, 160, 112};
  const EncoderConfig config = config_for(clip, 20000);
  Encoder encoder(deblocking_model(), config);
  Encoder rough(full_model(), config);
  Decoder decoder(deblocking_model(), encoder.sequence_header());
  bool other = false;
  for (int n = 0; n < 12; ++n) {
    const EncodedPicture coded = encoder.encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, false);
    rough.encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, false);
    EXPECT_FALSE(decoder.decode(coded.bytes).corrupted);
    ASSERT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction())) << n;
    other |= samples(rough.reconstruction()) != samples(encoder.reconstruction());
  }
  EXPECT_TRUE(other);
}

}  // namespace
}  // namespace crlsc
