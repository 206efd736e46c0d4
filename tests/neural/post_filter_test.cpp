// SPDX-License-Identifier: LGPL-2.1-or-later
// The post-filter's network: what it makes anew where something changed is what it makes of the whole picture.
#include "neural/post_filter.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace crlsc::neural {
namespace {

constexpr int kCols = 24;
constexpr int kRows = 14;

// One whose last layer says something.
std::unique_ptr<PostFilter> filter() {
  torch::manual_seed(1);
  PostFilterNet net;
  torch::NoGradGuard no_grad;
  for (auto& p : net->named_parameters()) {
    if (p.key() == "out.weight") p.value().normal_(0, 0.01);
  }
  net->eval();
  return make_post_filter(net, /*bf16=*/false);
}

Picture textured(int seed) {
  Picture picture(kCols * kCellSize, kRows * kCellSize);
  for (int p = 0; p < 3; ++p) {
    const int width = picture.plane_width(p);
    for (int i = 0; i < width * picture.plane_height(p); ++i) {
      picture.plane(p)[i] = static_cast<uint8_t>(100 + (i % width * 7 + i / width * 13 + seed * 29) % 56);
    }
  }
  return picture;
}

int largest_difference(const Picture& a, const Picture& b) {
  int most = 0;
  for (size_t i = 0; i < a.data().size(); ++i) most = std::max(most, std::abs(a.data()[i] - b.data()[i]));
  return most;
}

class PostFilterParts : public testing::TestWithParam<bool> {};

TEST_P(PostFilterParts, AreAsThoseOfTheWhole) {
  const bool half = GetParam();
  const int scale = half ? 2 : 1;
  const auto network = filter();
  const TokenLayout layout;
  ShownCells cells(kCols / scale, kRows / scale);
  Picture picture = textured(1);
  Picture shown;
  network->apply(picture, cells, half, shown);
  EXPECT_GT(largest_difference(picture, shown), 2);
  cells.clear_changes();
  // A cell in the middle and one beside it change, and samples around them, as by deblocking and enlarging.
  TokenGrid grid(cells.cols(), cells.rows(), layout);
  const int at = cells.rows() / 2 * cells.cols() + cells.cols() / 2;
  for (const int i : {at, at + 1}) {
    grid.cells[static_cast<size_t>(i)].coded = true;
    grid.cells[static_cast<size_t>(i)].gain = 2;
  }
  cells.next(grid, layout);
  const Picture other = textured(2);
  const int side = kCellSize * scale;
  const int reach = half ? 6 : 3;
  const int left = cells.cols() / 2 * side - reach;
  const int top = cells.rows() / 2 * side - reach;
  for (int y = top; y < top + side + 2 * reach; ++y) {
    std::copy_n(other.plane(0) + y * picture.width() + left, 2 * side + 2 * reach,
                picture.plane(0) + y * picture.width() + left);
  }
  Picture whole;
  network->apply(picture, cells, half, whole);
  EXPECT_GT(largest_difference(shown, whole), 2);
  network->apply(picture, cells, half, shown);
  EXPECT_LE(largest_difference(shown, whole), 1);
}

INSTANTIATE_TEST_SUITE_P(, PostFilterParts, testing::Bool());

}  // namespace
}  // namespace crlsc::neural
