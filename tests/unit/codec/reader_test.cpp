// SPDX-License-Identifier: LGPL-2.1-or-later
// Access units to tokens, without any network.
#include <gtest/gtest.h>

#include "core/codec/picture_reader.h"
#include "unit/codec/codec_testing.h"
#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

constexpr int kCols = 6;
constexpr int kRows = 6;

struct Sent {
  Slice slice;
  int layer;
};

class Reader : public testing::TestWithParam<const char*> {
 protected:
  Reader()
      : reader(model_named(GetParam())->file, kCols, kRows),
        layout(reader.layout()),
        grid(random_grid(layout, kCols, kRows, mixes()[7], 1)) {}

  // A unit of `grid`; picture 5 unless said otherwise.
  Bytes unit(Slice slice, int layer, int sent = 3, int number = 5, bool key = false) const {
    const Bytes bits = encode_layer(grid, layout, slice, layer, reader.priors());
    Bytes bytes;
    append_token_unit(bytes, {layer, key, slice, number, sent, bits}, kRows);
    return bytes;
  }

  Bytes joined_unit(Slice slice) const {
    const Bytes bits = encode_joined(grid, layout, slice, 3, reader.priors());
    Bytes bytes;
    append_token_unit(bytes, {0, false, slice, 5, 3, bits, {}, true}, kRows);
    return bytes;
  }

  static Bytes join(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  }

  PictureReader reader;
  TokenLayout layout;
  TokenGrid grid;
  const Slice whole{0, kRows};
  const Slice top{0, 2};
  const Slice bottom{2, 4};
};

INSTANTIATE_TEST_SUITE_P(Models, Reader, testing::Values("vector", "scalar"));

TEST_P(Reader, AWholePicture) {
  const PictureTokens picture = reader.read(join({unit(whole, 0), unit(whole, 1), unit(whole, 2)}), kMaxLayers);
  EXPECT_TRUE(picture.readable);
  EXPECT_FALSE(picture.damaged);
  EXPECT_FALSE(picture.key);
  EXPECT_EQ(picture.number, 5);
  EXPECT_EQ(picture.layers, 3);
  EXPECT_EQ(picture.units.size(), 3U);
  EXPECT_TRUE(same_tokens(reader.grid(), grid));
}

TEST_P(Reader, TheSameWithoutSomeLayers) {
  for (int layers = 1; layers <= 3; ++layers) {
    const PictureTokens picture = reader.read(join({unit(whole, 0), unit(whole, 1), unit(whole, 2)}), layers);
    EXPECT_FALSE(picture.damaged);
    EXPECT_EQ(picture.layers, layers);
    EXPECT_TRUE(same_tokens(reader.grid(), up_to_layer(grid, layout, layers - 1)));
  }
}

TEST_P(Reader, SlicesOfDetailUnitsAreFilledIn) {
  const PictureTokens picture =
      reader.read(join({unit(top, 0, 1), unit(bottom, 0), unit(bottom, 1), unit(bottom, 2)}), 4);
  ASSERT_EQ(picture.units.size(), 4U);
  EXPECT_EQ(picture.units[3].slice.first_row, 2);
  EXPECT_EQ(picture.units[3].slice.rows, 4);
  EXPECT_FALSE(picture.damaged);
  EXPECT_EQ(picture.layers, 3) << "the top has no more layers";
}

TEST_P(Reader, WhatNoSliceCoversIsStill) {
  reader.read(unit(whole, 0, 1), kMaxLayers);
  const PictureTokens picture = reader.read(unit(top, 0, 1), kMaxLayers);
  EXPECT_TRUE(picture.damaged);
  EXPECT_TRUE(same_tokens(reader.grid(), TokenGrid(kCols, kRows, 3), bottom));
  EXPECT_TRUE(same_tokens(reader.grid(), up_to_layer(grid, layout, 0), top));
}

TEST_P(Reader, DetailWithoutItsBaseSaysNothing) {
  const PictureTokens picture = reader.read(join({unit(top, 0), unit(bottom, 1), unit(bottom, 2)}), kMaxLayers);
  EXPECT_EQ(picture.units.size(), 1U);
  EXPECT_EQ(picture.layers, 1);
  EXPECT_TRUE(picture.damaged);
}

TEST_P(Reader, OverlappingSlicesAreRepetitions) {
  const PictureTokens picture = reader.read(join({unit(whole, 0, 1), unit(top, 0, 1), unit({1, 3}, 0, 1)}), kMaxLayers);
  EXPECT_EQ(picture.units.size(), 1U);
  EXPECT_FALSE(picture.damaged);
  EXPECT_TRUE(same_tokens(reader.grid(), up_to_layer(grid, layout, 0)));
}

TEST_P(Reader, KeyNeedsEverySlice) {
  EXPECT_TRUE(reader.read(join({unit(top, 0, 1, 5, true), unit(bottom, 0, 1, 5, true)}), 4).key);
  EXPECT_FALSE(reader.read(unit(top, 0, 1, 5, true), 4).key);
  EXPECT_FALSE(reader.read(join({unit(top, 0, 1, 5, true), unit(bottom, 0, 1, 5, false)}), 4).key);
}

TEST_P(Reader, OtherNumbersAreOtherPictures) {
  const PictureTokens picture = reader.read(join({unit(top, 0, 1, 5), unit(bottom, 0, 1, 6)}), kMaxLayers);
  EXPECT_EQ(picture.number, 5);
  EXPECT_TRUE(picture.damaged);
  EXPECT_EQ(picture.units.size(), 1U);
  EXPECT_TRUE(same_tokens(reader.grid(), TokenGrid(kCols, kRows, 3), bottom));
}

TEST_P(Reader, LayersThatTheModelLacksAreIgnored) {
  const Bytes stranger = [this] {
    Bytes bytes;
    append_token_unit(bytes, {3, false, whole, 0, 4, Bytes{1, 2, 3}}, kRows);
    return bytes;
  }();
  const PictureTokens picture =
      reader.read(join({unit(whole, 0, 4), unit(whole, 1), unit(whole, 2), stranger}), kMaxLayers);
  EXPECT_FALSE(picture.damaged);
  EXPECT_EQ(picture.layers, 3);
}

TEST_P(Reader, JoinedLayers) {
  const PictureTokens picture = reader.read(joined_unit(whole), kMaxLayers);
  EXPECT_FALSE(picture.damaged);
  EXPECT_EQ(picture.layers, 3);
  EXPECT_TRUE(picture.losses.empty());
  ASSERT_EQ(picture.units.size(), 1U);
  EXPECT_TRUE(picture.units[0].joined);
  EXPECT_TRUE(same_tokens(reader.grid(), grid));
}

TEST_P(Reader, TheFirstOfJoinedLayers) {
  for (int most = 1; most <= 3; ++most) {
    const PictureTokens picture = reader.read(joined_unit(whole), most);
    EXPECT_FALSE(picture.damaged);
    EXPECT_EQ(picture.layers, most);
    EXPECT_TRUE(same_tokens(reader.grid(), up_to_layer(grid, layout, most - 1)));
  }
}

TEST_P(Reader, JoinedLayersBesideOthers) {
  const PictureTokens whole_picture =
      reader.read(join({joined_unit(top), unit(bottom, 0), unit(bottom, 1), unit(bottom, 2)}), kMaxLayers);
  EXPECT_FALSE(whole_picture.damaged);
  EXPECT_TRUE(same_tokens(reader.grid(), grid));
  const PictureTokens damaged = reader.read(join({joined_unit(top), unit(bottom, 0), unit(top, 1)}), kMaxLayers);
  EXPECT_TRUE(damaged.damaged);
  EXPECT_EQ(damaged.layers, 1);
  ASSERT_EQ(damaged.losses.size(), 1U);
  EXPECT_EQ(damaged.losses[0].first_row, bottom.first_row) << "the top has all it needs, and ignores more of it";
  EXPECT_TRUE(same_tokens(reader.grid(), grid, top));
}

// A unit whose bits are evidently none: far too short for 36 active cells.
Bytes broken_unit(int layer) {
  Bytes bytes;
  append_token_unit(bytes, {layer, false, {0, 60}, 5, 3, Bytes{0xFF, 0xFF, 0xFF, 0xFE}}, 60);
  return bytes;
}

TEST(ReaderOfLargePictures, ABrokenBaseLeavesStillCells) {
  PictureReader reader(test_model()->file, 80, 60);
  const PictureTokens picture = reader.read(broken_unit(0), kMaxLayers);
  if (picture.readable) GTEST_FAIL() << "the bits were taken for a slice";
  EXPECT_TRUE(picture.damaged);
  EXPECT_TRUE(same_tokens(reader.grid(), TokenGrid(80, 60, 3)));
}

TEST(ReaderOfLargePictures, ABrokenDetailLayerCountsAsMissing) {
  PictureReader reader(test_model()->file, 80, 60);
  const TokenGrid grid = random_grid(reader.layout(), 80, 60, mixes()[7], 3);
  const Bytes base = encode_layer(grid, reader.layout(), {0, 60}, 0, reader.priors());
  Bytes bytes;
  append_token_unit(bytes, {0, false, {0, 60}, 5, 3, base}, 60);
  const Bytes broken = broken_unit(1);
  bytes.insert(bytes.end(), broken.begin(), broken.end());
  const PictureTokens picture = reader.read(bytes, kMaxLayers);
  EXPECT_TRUE(picture.damaged);
  EXPECT_EQ(picture.layers, 1);
  EXPECT_TRUE(same_tokens(reader.grid(), up_to_layer(grid, reader.layout(), 0)));
}

}  // namespace
}  // namespace crlsc
