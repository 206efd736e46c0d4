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

TEST(Grid, SizesOfItsPartsWithCoefficients) {
  TokenGrid grid(5, 3, layout_named("scalar"));
  EXPECT_EQ(grid.stages(), 3);
  EXPECT_EQ(grid.structure_tokens(), 12);
  EXPECT_EQ(grid.structure.size(), 15U * 12);
  EXPECT_EQ(grid.detail_tokens(1), 10);
  EXPECT_EQ(grid.detail[1].size(), 60U * 10);
  EXPECT_EQ(grid.structure_at(14) - grid.structure.data(), 14 * 12);
  EXPECT_EQ(grid.detail_at(2, 9, 5) - grid.detail[2].data(), (5 * 10 + 9) * 16);
}

TEST(Grid, OfAVectorQuantiserHasOneTokenEach) {
  const TokenGrid of_layout(5, 3, test_layout());
  const TokenGrid of_stages(5, 3, 3);
  EXPECT_EQ(of_layout.structure.size(), of_stages.structure.size());
  for (size_t stage = 0; stage < 3; ++stage) {
    EXPECT_EQ(of_layout.detail[stage].size(), of_stages.detail[stage].size());
    EXPECT_EQ(of_layout.detail_tokens(static_cast<int>(stage)), 1);
    EXPECT_EQ(of_stages.detail_tokens(static_cast<int>(stage)), 1);
  }
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

TEST(Layout, OfAScalarQuantiser) {
  const TokenLayout scalar = layout_named("scalar");
  EXPECT_TRUE(scalar.scalar());
  EXPECT_EQ(scalar.stages(), 3);
  EXPECT_EQ(scalar.layers(), 3);
  EXPECT_EQ(scalar.structure_tokens(), 12);
  EXPECT_EQ(scalar.detail_tokens(2), 16);
  EXPECT_FALSE(test_layout().scalar());
  EXPECT_EQ(test_layout().structure_tokens(), 1);
  EXPECT_EQ(test_layout().detail_tokens(2), 1);
}

}  // namespace
}  // namespace crlsc
