// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures, their views, and padding to whole cells.
#include "core/picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace crlsc {
namespace {

TEST(Picture, OddSizesRoundChromaUp) {
  const Picture picture(17, 33);
  EXPECT_EQ(picture.plane_width(0), 17);
  EXPECT_EQ(picture.plane_width(1), 9);
  EXPECT_EQ(picture.plane_height(2), 17);
  EXPECT_EQ(picture.data().size(), 17U * 33 + 2 * 9 * 17);
}

TEST(Picture, StartsGrey) {
  const Picture picture(16, 16);
  EXPECT_TRUE(std::all_of(picture.data().begin(), picture.data().end(), [](uint8_t v) { return v == 128; }));
}

TEST(Picture, ViewsAreCutToTheTopLeft) {
  Picture picture(32, 32);
  std::iota(picture.plane(0), picture.plane(0) + 32 * 32, uint8_t{0});
  const PictureView view = picture.view(17, 19);
  EXPECT_EQ(view.width(), 17);
  EXPECT_EQ(view.height(), 19);
  EXPECT_EQ(view.planes[1].width, 9);
  EXPECT_EQ(view.planes[2].height, 10);
  EXPECT_EQ(view.planes[0].stride, 32);
  EXPECT_EQ(view.planes[0].data[32 + 3], 35);
}

class Padding : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(Padding, RepeatsTheLastColumnAndRow) {
  const auto [width, height] = GetParam();
  // Rows farther apart than they are long, with other samples in between.
  constexpr int kGap = 5;
  std::array<std::vector<uint8_t>, 3> planes;
  PictureView view;
  for (size_t p = 0; p < 3; ++p) {
    const int w = p == 0 ? width : (width + 1) / 2;
    const int h = p == 0 ? height : (height + 1) / 2;
    planes[p].resize(static_cast<size_t>((w + kGap) * h));
    for (size_t i = 0; i < planes[p].size(); ++i) planes[p][i] = static_cast<uint8_t>(i * 37 + p * 11 + i / 251);
    view.planes[p] = {planes[p].data(), w + kGap, w, h};
  }
  const Picture padded_picture = pad_to_cells(view);
  ASSERT_EQ(padded_picture.width(), padded(width));
  ASSERT_EQ(padded_picture.height(), padded(height));
  for (int p = 0; p < 3; ++p) {
    const PlaneView& in = view.planes[static_cast<size_t>(p)];
    for (int y = 0; y < padded_picture.plane_height(p); ++y) {
      for (int x = 0; x < padded_picture.plane_width(p); ++x) {
        const int expected = in.data[std::min(y, in.height - 1) * in.stride + std::min(x, in.width - 1)];
        ASSERT_EQ(padded_picture.plane(p)[y * padded_picture.plane_width(p) + x], expected)
            << "plane " << p << " at " << x << ", " << y;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Padding,
                         testing::Values(std::pair{16, 16}, std::pair{17, 16}, std::pair{16, 17}, std::pair{31, 33},
                                         std::pair{15 + 16, 15 + 32}, std::pair{33, 18}, std::pair{319, 241}));

TEST(Padding, RoundsUpToWholeCells) {
  EXPECT_EQ(padded(1), 16);
  EXPECT_EQ(padded(16), 16);
  EXPECT_EQ(padded(17), 32);
  EXPECT_EQ(padded(1088), 1088);
  EXPECT_EQ(padded(1087), 1088);
}

}  // namespace
}  // namespace crlsc
