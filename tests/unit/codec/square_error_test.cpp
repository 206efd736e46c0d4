// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/square_error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

class SquareSum : public ::testing::TestWithParam<bool> {
 protected:
  static constexpr int kSide = 64;
  const Picture a_ = random_picture(kSide, kSide, 1, GetParam());
  const Picture b_ = random_picture(kSide, kSide, 2, GetParam());

  // One sample at a time, from (x, y) of a and (x + 1, y) of b, lines two apart in a.
  uint32_t slowly(int x, int y, int width, int lines) const {
    uint32_t sum = 0;
    for (int r = 0; r < lines; ++r) {
      for (int c = 0; c < width; ++c) {
        const int d = a_.plane(0)[(y + 2 * r) * kSide + x + c] - b_.plane(0)[(y + r) * kSide + x + 1 + c];
        sum += static_cast<uint32_t>(d * d);
      }
    }
    return sum;
  }
  const uint8_t* of_a(int x, int y) const { return a_.plane(0) + y * kSide + x; }
  const uint8_t* of_b(int x, int y) const { return b_.plane(0) + y * kSide + x + 1; }
};

TEST_P(SquareSum, IsTheSumOverItsSamples) {
  for (const int width : {4, 8, 16}) {
    for (int x = 0; x < kSide - 17; x += 3) {
      const int lines = 1 + x % 16;
      EXPECT_EQ(square_sum(of_a(x, 5), 2 * kSide, of_b(x, 5), kSide, width, lines), slowly(x, 5, width, lines))
          << width << " samples from " << x;
    }
  }
}

TEST_P(SquareSum, HalvesAreAddedToWhatIsThere) {
  std::array<uint32_t, 2> sums{7, 11};
  add_half_square_sums(of_a(9, 3), 2 * kSide, of_b(9, 3), kSide, 6, sums.data());
  EXPECT_EQ(sums[0], 7 + slowly(9, 3, 8, 6));
  EXPECT_EQ(sums[1], 11 + slowly(17, 3, 8, 6));
}

INSTANTIATE_TEST_SUITE_P(Samples, SquareSum, ::testing::Values(false, true));

TEST(CellDeviation, IsTheErrorOfTheBestFlatCell) {
  const Picture picture = random_picture(48, 32, 4, true);
  Picture flat(48, 32);
  for (int p = 0; p < 3; ++p) {
    const int side = p == 0 ? 16 : 8;
    double sum = 0;
    for (int i = 0; i < side * side; ++i) {
      sum += picture.plane(p)[(side + i / side) * picture.plane_width(p) + 2 * side + i % side];
    }
    std::fill_n(flat.plane(p), flat.plane_width(p) * flat.plane_height(p),
                static_cast<uint8_t>(std::lround(sum / (side * side))));
  }
  // Means are rounded in the picture, but not in the sum.
  EXPECT_NEAR(cell_deviation(picture, 2, 1), cell_error(picture, flat, 2, 1), 256 / 4 + 64 / 4 + 2);
  EXPECT_LE(cell_deviation(picture, 2, 1), cell_error(picture, flat, 2, 1) + 1);
  EXPECT_EQ(cell_deviation(flat, 2, 1), 0U);
}

TEST(CellError, LumaCountsWholeChromaHalf) {
  const Picture a(32, 32, 100);
  Picture b(32, 32, 100);
  EXPECT_EQ(cell_error(a, b, 1, 1), 0U);
  b.plane(0)[16 * 32 + 16] = 103;
  EXPECT_EQ(cell_error(a, b, 1, 1), 9U);
  b.plane(1)[8 * 16 + 8] = 96;
  EXPECT_EQ(cell_error(a, b, 1, 1), 9U + 8U);
  b.plane(2)[15 * 16 + 15] = 102;
  EXPECT_EQ(cell_error(a, b, 1, 1), 9U + 10U);
  EXPECT_EQ(cell_error(a, b, 0, 0), 0U);
  EXPECT_EQ(cell_error(a, b, 0, 1), 0U);
  EXPECT_EQ(cell_error(b, a, 1, 1), 19U);
}

TEST(CellError, TheLargestErrorFits) {
  EXPECT_EQ(cell_error(Picture(16, 16, 0), Picture(16, 16, 255), 0, 0), 255U * 255 * (256 + 64));
}

}  // namespace
}  // namespace crlsc
