// SPDX-License-Identifier: LGPL-2.1-or-later
// Which cells are sent anew, and when.
#include "core/codec/refresh.h"

#include <gtest/gtest.h>

#include "core/picture.h"

namespace crlsc {
namespace {

// What a picture does to a cell, and how much nearer to the source that brings it.
struct Change {
  Cell cell;
  double gain;
  bool moved;
};
const Change kChanged{{true, 0, Reference::kPrevious, {}}, RefreshPlan::kLarge, true};
const Change kMoved{{false, 0, Reference::kPrevious, MotionVector{2, 0}}, RefreshPlan::kLarge, true};
const Change kSharpened{{true, 0, Reference::kPrevious, {}}, RefreshPlan::kLarge / 2, false};
const Change kRefreshed{{true, 0, Reference::kGrey, {}}, -RefreshPlan::kLarge / 2, false};  // coarser than before
const Change kKnown{{false, 0, Reference::kKnowledge0, {}}, 0, false};
constexpr int kSoon = RefreshPlan::kBurst - 1;  // pictures at rest until no burst takes both change and refresh

class Refresh : public testing::Test {
 protected:
  // A picture in which only these cells are not still.
  void send(const std::vector<std::pair<int, Change>>& cells = {}, bool key = false) {
    TokenGrid grid(4, 4, 1);
    std::vector<RefreshPlan::Change> changes(16);
    for (const auto& [at, change] : cells) {
      grid.cells[static_cast<size_t>(at)] = change.cell;
      changes[static_cast<size_t>(at)] = {change.gain, change.moved};
    }
    plan.sent(grid, changes, key);
  }
  void rest(int pictures) {
    for (int i = 0; i < pictures; ++i) send();
  }
  void refresh_all(int count) {
    std::vector<std::pair<int, Change>> cells;
    for (const int i : plan.due(count)) cells.emplace_back(i, kRefreshed);
    send(cells);
  }
  RefreshPlan plan{4, 4};
};

TEST_F(Refresh, NothingIsDueBeforeAnythingChanged) {
  EXPECT_TRUE(plan.due(16).empty());
  send();
  EXPECT_TRUE(plan.due(16).empty());
  EXPECT_EQ(plan.waiting(), 0);
}

TEST_F(Refresh, ChangedAndMovedCellsAreDueWhenNoBurstTakesBoth) {
  send({{3, kChanged}, {7, kMoved}});
  EXPECT_TRUE(plan.due(16).empty());
  rest(kSoon - 1);
  EXPECT_TRUE(plan.due(16).empty());
  rest(1);
  EXPECT_EQ(plan.due(16), (std::vector<int>{3, 7}));
  EXPECT_EQ(plan.waiting(), 2);
}

TEST_F(Refresh, TheLargestChangeComesFirst) {
  Change larger = kChanged;
  larger.gain += 1;
  send({{3, kChanged}, {7, larger}, {8, kChanged}});
  rest(kSoon);
  EXPECT_EQ(plan.due(16), (std::vector<int>{7, 3, 8}));
}

TEST_F(Refresh, CellsThatGoOnChangingTakeTheirTurnToo) {
  for (int i = 0; i < 8; ++i) send({{9, kChanged}});
  EXPECT_EQ(plan.due(16), (std::vector<int>{9}));
  send({{9, kRefreshed}});
  send({{9, kChanged}});
  EXPECT_TRUE(plan.due(16).empty());
}

TEST_F(Refresh, TheLongestWaitOfEqualChangesComesFirst) {
  send({{9, kChanged}});
  send({{9, kChanged}, {2, kChanged}});
  for (int i = 0; i < 8; ++i) send({{2, kChanged}, {9, kChanged}});
  EXPECT_EQ(plan.due(1), (std::vector<int>{9}));
}

// Who predicts from a damaged cell is damaged; what is drawn anew is not.
TEST_F(Refresh, DamageMovesWithWhatIsPredictedFromIt) {
  send({{5, kChanged}});
  rest(kSoon);
  const Cell from_the_left{false, 0, Reference::kPrevious, MotionVector{-2 * kCellSize, 0}};
  send({{6, {from_the_left, 0, true}}, {5, kKnown}});
  EXPECT_EQ(plan.due(16), (std::vector<int>{6}));
}

TEST_F(Refresh, WhatIsTakenFromAKnownPictureHeals) {
  send({{3, kChanged}});
  rest(kSoon);
  send({{3, kKnown}});
  rest(kSoon);
  EXPECT_TRUE(plan.due(16).empty());
}

TEST_F(Refresh, NeverMoreThanAskedFor) {
  for (int i = 0; i < 16; ++i) send({{i, kChanged}});
  rest(kSoon);
  EXPECT_TRUE(plan.due(0).empty());
  EXPECT_TRUE(plan.due(-3).empty());
  EXPECT_EQ(plan.due(5).size(), 5U);
  EXPECT_EQ(plan.due(100).size(), 16U);
}

TEST_F(Refresh, EveryChangedCellHasItsTurn) {
  for (int i = 0; i < 16; ++i) send({{i, kChanged}});
  for (int i = 0; i < 20; ++i) refresh_all(2);
  EXPECT_EQ(plan.waiting(), 0);
}

TEST_F(Refresh, WhatHardlyShowsNeedsNone) {
  send({{3, kSharpened}});
  rest(100);
  EXPECT_TRUE(plan.due(16).empty());
}

// Key pictures are coarse: who misses what makes them sharp must not stay with them.
TEST_F(Refresh, SharpeningAfterAKeyPictureAddsUp) {
  send({{3, kRefreshed}}, /*key=*/true);
  send({{3, kSharpened}});
  send({{3, kSharpened}});
  rest(kSoon);
  EXPECT_EQ(plan.due(16), (std::vector<int>{3}));
}

TEST_F(Refresh, AKeyPictureLeavesNothingToHeal) {
  send({{3, kChanged}, {7, kChanged}});
  send({}, /*key=*/true);
  rest(kSoon);
  EXPECT_TRUE(plan.due(16).empty());
}

// Who misses a picture that changes and refreshes a cell at once goes on showing what stood there.
TEST_F(Refresh, ARefreshThatChangesACellIsNotTheLastWord) {
  send({{3, kChanged}});
  rest(kSoon);
  send({{3, {kRefreshed.cell, 4 * RefreshPlan::kLarge, true}}});
  EXPECT_TRUE(plan.due(16).empty());
  rest(kSoon);
  EXPECT_EQ(plan.due(16), (std::vector<int>{3}));
}

TEST_F(Refresh, AStillSceneComesToRest) {
  for (int i = 0; i < 16; ++i) send({{i, kChanged}});
  for (int i = 0; i < 100; ++i) {
    // Each refreshed cell becomes sharper again afterwards.
    const std::vector<int> cells = plan.due(1);
    for (const int c : cells) send({{c, kRefreshed}});
    for (const int c : cells) send({{c, {kSharpened.cell, 10 * RefreshPlan::kLarge, false}}});
    send();
  }
  EXPECT_EQ(plan.waiting(), 0);
}

TEST_F(Refresh, AskingChangesNothing) {
  send({{1, kChanged}, {2, kChanged}});
  rest(kSoon);
  const std::vector<int> first = plan.due(2);
  EXPECT_EQ(plan.due(2), first);
  EXPECT_EQ(plan.waiting(), 2);
}

}  // namespace
}  // namespace crlsc
