// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/grid.h"

#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

TEST(Grid, SizesOfItsParts) {
  const TokenGrid grid(5, 3, 2);
  EXPECT_EQ(grid.size(), 15);
  EXPECT_EQ(grid.stages(), 2);
  EXPECT_EQ(grid.cells.size(), 15U);
  EXPECT_EQ(grid.structure.size(), 15U);
  ASSERT_EQ(grid.detail.size(), 2U);
  EXPECT_EQ(grid.detail[1].size(), 60U);
}

TEST(Grid, StartsStill) {
  EXPECT_TRUE(same_tokens(TokenGrid(4, 4, 1), random_grid({8, {8}, {1}}, 4, 4, mixes()[1], 0)));
}

TEST(Layout, LayersAndStages) {
  const TokenLayout usual = layout_named("usual");
  EXPECT_EQ(usual.layers(), 3);
  EXPECT_EQ(usual.stages_up_to(0), 0);
  EXPECT_EQ(usual.stages_up_to(1), 1);
  EXPECT_EQ(usual.stages_up_to(2), 3);
  EXPECT_EQ(usual.stages_up_to(3), 3);
}

TEST(Layout, ALayerMayHaveNoStages) {
  const TokenLayout gap = layout_named("gap");
  EXPECT_EQ(gap.layers(), 4);
  EXPECT_EQ(gap.stages_up_to(1), 1);
  EXPECT_EQ(gap.stages_up_to(2), 1);
  EXPECT_EQ(gap.stages_up_to(3), 3);
}

TEST(Layout, WithoutDetailThereIsOneLayer) {
  EXPECT_EQ(layout_named("no-detail").layers(), 1);
  EXPECT_EQ(layout_named("no-detail").stages(), 0);
}

}  // namespace
}  // namespace crlsc
