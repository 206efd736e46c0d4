// SPDX-License-Identifier: LGPL-2.1-or-later
// Motion compensation against its formulas, one sample at a time.
#include "core/codec/prediction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/codec/square_error.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

// docs/bitstream.md, section "Prediction", as slowly as it is written there.
class Specified {
 public:
  explicit Specified(const Picture& reference) : reference_(reference) {}

  // Luma at (x, y), half samples.
  int luma(int x, int y) const {
    int v = 0;
    if ((y & 1) == 0) {
      v = 32 * row_filtered(x, y >> 1);
    } else {
      for (int i = 0; i < 6; ++i) v += kTaps[i] * row_filtered(x, (y >> 1) + i - 2);
    }
    return std::clamp((v + 512) >> 10, 0, 255);
  }

  // Chroma at (x, y), quarter samples.
  int chroma(int plane, int x, int y) const {
    const int ix = x >> 2;
    const int iy = y >> 2;
    const int fx = x & 3;
    const int fy = y & 3;
    return ((4 - fx) * (4 - fy) * at(plane, ix, iy) + fx * (4 - fy) * at(plane, ix + 1, iy) +
            (4 - fx) * fy * at(plane, ix, iy + 1) + fx * fy * at(plane, ix + 1, iy + 1) + 8) >>
           4;
  }

 private:
  static constexpr int kTaps[6] = {1, -5, 20, 20, -5, 1};

  int at(int plane, int x, int y) const {
    const int width = reference_.plane_width(plane);
    x = std::clamp(x, 0, width - 1);
    y = std::clamp(y, 0, reference_.plane_height(plane) - 1);
    return reference_.plane(plane)[y * width + x];
  }
  int row_filtered(int x, int row) const {
    if ((x & 1) == 0) return 32 * at(0, x >> 1, row);
    int v = 0;
    for (int i = 0; i < 6; ++i) v += kTaps[i] * at(0, (x >> 1) + i - 2, row);
    return v;
  }

  const Picture& reference_;
};

testing::AssertionResult as_specified(const Picture& reference, MotionVector mv, int column, int row) {
  Picture out(reference.width(), reference.height(), 7);
  Cell cell;
  cell.motion = mv;
  predict_cell({&reference, {}}, cell, column, row, out);
  const Specified specified(reference);
  for (int p = 0; p < 3; ++p) {
    const int side = p == 0 ? 16 : 8;
    for (int y = row * side; y < (row + 1) * side; ++y) {
      for (int x = column * side; x < (column + 1) * side; ++x) {
        const int expected =
            p == 0 ? specified.luma(2 * x + mv.dx, 2 * y + mv.dy) : specified.chroma(p, 4 * x + mv.dx, 4 * y + mv.dy);
        const int got = out.plane(p)[y * out.plane_width(p) + x];
        if (got == expected) continue;
        return testing::AssertionFailure() << "plane " << p << " at " << x << ", " << y << " is " << got
                                           << " instead of " << expected << " for motion " << mv.dx << ", " << mv.dy;
      }
    }
  }
  return testing::AssertionSuccess();
}

class Prediction : public testing::Test {
 protected:
  Prediction() : reference(random_picture(64, 48, 1)), extreme(random_picture(64, 48, 2, true)) {}
  Picture reference;
  Picture extreme;
};

TEST_F(Prediction, EverySubSamplePositionInside) {
  for (int16_t dy = -5; dy <= 5; ++dy) {
    for (int16_t dx = -5; dx <= 5; ++dx) ASSERT_TRUE(as_specified(reference, {dx, dy}, 1, 1));
  }
}

TEST_F(Prediction, FiltersThatOvershootAreClipped) {
  for (int16_t dy = 0; dy < 4; ++dy) {
    for (int16_t dx = 0; dx < 4; ++dx) ASSERT_TRUE(as_specified(extreme, {dx, dy}, 2, 1));
  }
}

TEST_F(Prediction, BordersAreRepeated) {
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 4; ++column) {
      for (const int16_t dx : {-33, -7, -1, 1, 4, 31}) {
        for (const int16_t dy : {-31, -2, -1, 1, 3, 40}) ASSERT_TRUE(as_specified(reference, {dx, dy}, column, row));
      }
    }
  }
}

TEST_F(Prediction, VectorsFarOutside) {
  for (const int16_t dx : {-kMaxMotion, -1000, 1000, kMaxMotion}) {
    for (const int16_t dy : {-kMaxMotion, -999, 0, 999, kMaxMotion}) {
      ASSERT_TRUE(as_specified(reference, {dx, dy}, 0, 0));
      ASSERT_TRUE(as_specified(reference, {dx, dy}, 3, 2));
    }
  }
}

TEST_F(Prediction, RandomVectorsInRandomPictures) {
  std::mt19937 random(5);
  for (int i = 0; i < 400; ++i) {
    const Picture picture = random_picture(32, 32, static_cast<uint32_t>(i), i % 5 == 0);
    const auto component = [&random] { return static_cast<int16_t>(static_cast<int>(random() % 161) - 80); };
    ASSERT_TRUE(as_specified(picture, {component(), component()}, i % 2, i / 2 % 2));
  }
}

TEST_F(Prediction, APictureOfOneCell) {
  const Picture small = random_picture(16, 16, 9);
  for (const int16_t dx : {-40, -1, 0, 1, 39}) {
    for (const int16_t dy : {-17, 1, 16}) ASSERT_TRUE(as_specified(small, {dx, dy}, 0, 0));
  }
}

TEST_F(Prediction, AFlatPictureStaysFlat) {
  const Picture flat(64, 48, 201);
  for (int16_t d = -3; d <= 3; ++d) {
    Picture out(64, 48);
    TokenGrid grid(4, 3, 0);
    for (Cell& cell : grid.cells) cell.motion = MotionVector{d, static_cast<int16_t>(2 - d)};
    predict({&flat, {}}, grid, out);
    EXPECT_EQ(out.data(), flat.data());
  }
}

TEST_F(Prediction, WholeSamplesAreCopied) {
  Picture out(64, 48);
  Cell cell;
  cell.motion = MotionVector{8, -4};  // 4 samples right, 2 up; even numbers of chroma quarters
  predict_cell({&reference, {}}, cell, 1, 1, out);
  for (int y = 16; y < 32; ++y) {
    for (int x = 16; x < 32; ++x) ASSERT_EQ(out.plane(0)[y * 64 + x], reference.plane(0)[(y - 2) * 64 + x + 4]);
  }
}

TEST_F(Prediction, BlocksOfASplitCellGoTheirOwnWays) {
  CellMotion motion;
  motion[0] = {3, -2};
  motion[1] = {-40, 7};
  motion[2] = {0, 0};
  motion[3] = {5, 90};
  for (const Picture* picture : {&reference, &extreme}) {
    Picture out(64, 48, 7);
    Cell cell;
    cell.motion = motion;
    predict_cell({picture, {}}, cell, 2, 1, out);
    for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
      Picture whole(64, 48, 7);
      Cell same;
      same.motion = motion[b];
      predict_cell({picture, {}}, same, 2, 1, whole);
      const int x = 32 + static_cast<int>(b % 2) * kBlockSize;
      const int y = 16 + static_cast<int>(b / 2) * kBlockSize;
      EXPECT_EQ(square_error(out, whole, x, y, kBlockSize), 0U) << "block " << b;
    }
  }
}

TEST_F(Prediction, OnlyTheCellIsWritten) {
  Picture out(64, 48, 9);
  Cell cell;
  cell.motion = MotionVector{3, 3};
  predict_cell({&reference, {}}, cell, 2, 1, out);
  for (int p = 0; p < 3; ++p) {
    const int side = p == 0 ? 16 : 8;
    for (int i = 0; i < out.plane_width(p) * out.plane_height(p); ++i) {
      const bool inside = i % out.plane_width(p) / side == 2 && i / out.plane_width(p) / side == 1;
      if (!inside) {
        ASSERT_EQ(out.plane(p)[i], 9) << "plane " << p;
      }
    }
  }
}

TEST_F(Prediction, ReferencesByCell) {
  const Picture knowledge = random_picture(64, 48, 3);
  ReferencePictures references{&reference, {}};
  references.knowledge[1] = &knowledge;
  TokenGrid grid(4, 3, 0);
  grid.cells[0].reference = Reference::kGrey;
  grid.cells[1].reference = static_cast<Reference>(static_cast<int>(Reference::kKnowledge0) + 1);
  grid.cells[2].reference = Reference::kKnowledge0;  // a picture that is not there
  Picture out(64, 48, 1);
  predict(references, grid, out);
  const Picture grey(64, 48);
  EXPECT_EQ(cell_error(out, grey, 0, 0), 0U);
  EXPECT_EQ(cell_error(out, knowledge, 1, 0), 0U);
  EXPECT_EQ(cell_error(out, grey, 2, 0), 0U);
  for (int i = 3; i < 12; ++i) EXPECT_EQ(cell_error(out, reference, i % 4, i / 4), 0U) << i;
}

TEST_F(Prediction, WithoutAPreviousPictureItIsGrey) {
  Picture out(64, 48, 1);
  TokenGrid grid(4, 3, 0);
  grid.cells[5].motion = MotionVector{9, 9};
  predict({}, grid, out);
  EXPECT_EQ(out.data(), Picture(64, 48).data());
}

TEST(CopyCell, CopiesAllPlanesOfOneCell) {
  const Picture from = random_picture(48, 32, 4);
  Picture to(48, 32, 5);
  copy_cell(from, to, 2, 1);
  EXPECT_EQ(cell_error(from, to, 2, 1), 0U);
  const Picture untouched(48, 32, 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(cell_error(untouched, to, i % 3, i / 3), 0U);
}

}  // namespace
}  // namespace crlsc
