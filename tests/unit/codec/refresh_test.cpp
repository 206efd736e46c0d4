// SPDX-License-Identifier: LGPL-2.1-or-later
// Which cells are sent anew, and when.
#include "core/codec/refresh.h"

#include <gtest/gtest.h>

namespace crlsc {
namespace {

// What a picture does to a cell, and how much of what it shows changes.
struct Change {
  Cell cell;
  uint32_t error;
};
const Change kChanged{{true, 0, Reference::kPrevious, {}}, RefreshPlan::kLarge};
const Change kMoved{{false, 0, Reference::kPrevious, MotionVector{2, 0}}, RefreshPlan::kLarge};
const Change kSharpened{{true, 0, Reference::kPrevious, {}}, RefreshPlan::kSmall};
const Change kTouched{{true, 0, Reference::kPrevious, {}}, RefreshPlan::kSmall - 1};
const Change kRefreshed{{true, 0, Reference::kGrey, {}}, RefreshPlan::kLarge};

class Refresh : public testing::Test {
 protected:
  // A picture in which only these cells are not still.
  void send(const std::vector<std::pair<int, Change>>& cells = {}, bool key = false) {
    TokenGrid grid(4, 4, 1);
    std::vector<uint32_t> errors(16);
    for (const auto& [at, change] : cells) {
      grid.cells[static_cast<size_t>(at)] = change.cell;
      errors[static_cast<size_t>(at)] = change.error;
    }
    plan.sent(grid, errors, key);
  }
  void rest(int64_t pictures) {
    for (int64_t i = 0; i < pictures; ++i) send();
  }
  void refresh_all(int count) {
    std::vector<std::pair<int, Change>> cells;
    for (const int i : plan.due(count)) cells.emplace_back(i, kRefreshed);
    send(cells);
  }
  RefreshPlan plan{16};
};

TEST_F(Refresh, NothingIsDueBeforeAnythingChanged) {
  EXPECT_TRUE(plan.due(16).empty());
  send();
  EXPECT_TRUE(plan.due(16).empty());
  EXPECT_EQ(plan.waiting(), 0);
}

TEST_F(Refresh, ChangedAndMovedCellsWait) {
  send({{3, kChanged}, {7, kMoved}});
  EXPECT_EQ(plan.waiting(), 2);
  EXPECT_TRUE(plan.due(16).empty()) << "so soon one burst would take change and refresh";
  rest(3);
  EXPECT_EQ(plan.due(16), (std::vector<int>{3, 7}));
}

TEST_F(Refresh, CellsAtRestComeFirstTheLargestChangeBeforeOthers) {
  Change larger = kChanged;
  larger.error += 1;
  send({{3, kChanged}, {7, larger}, {8, kChanged}});
  rest(3);
  send({{3, kChanged}});
  EXPECT_EQ(plan.due(16), (std::vector<int>{7, 8, 3}));
}

TEST_F(Refresh, TheLongestWaitComesFirst) {
  send({{9, kChanged}});
  send({{2, kChanged}});
  send({{5, kChanged}});
  for (int i = 0; i < 4; ++i) send({{2, kChanged}, {5, kChanged}, {9, kChanged}});  // none comes to rest
  EXPECT_EQ(plan.due(2), (std::vector<int>{9, 2}));
  EXPECT_EQ(plan.due(3), (std::vector<int>{9, 2, 5}));
}

TEST_F(Refresh, CellsThatGoOnChangingTakeTheirTurnAfterOthers) {
  send({{9, kChanged}});
  send({{2, kChanged}});
  for (int i = 0; i < 5; ++i) send({{9, kChanged}});
  EXPECT_EQ(plan.due(2), (std::vector<int>{2, 9}));
}

TEST_F(Refresh, NeverMoreThanAskedFor) {
  for (int i = 0; i < 16; ++i) send({{i, kChanged}});
  rest(3);
  EXPECT_TRUE(plan.due(0).empty());
  EXPECT_TRUE(plan.due(-3).empty());
  EXPECT_EQ(plan.due(5).size(), 5U);
  EXPECT_EQ(plan.due(100).size(), 16U);
}

TEST_F(Refresh, EveryChangedCellHasItsTurn) {
  for (int i = 0; i < 16; ++i) send({{i, kChanged}});
  for (int i = 0; i < 40; ++i) refresh_all(2);
  EXPECT_EQ(plan.waiting(), 0);
}

TEST_F(Refresh, WhatHardlyShowsNeedsNone) {
  send({{3, kTouched}});
  rest(2 * RefreshPlan::kPatience);
  EXPECT_TRUE(plan.due(16).empty());
}

TEST_F(Refresh, SmallChangesWaitUntilNothingElseDoes) {
  send({{3, kSharpened}});
  EXPECT_TRUE(plan.due(16).empty());
  rest(RefreshPlan::kPatience);
  EXPECT_EQ(plan.due(16), (std::vector<int>{3}));
  send({{5, kChanged}});
  rest(3);
  EXPECT_EQ(plan.due(16), (std::vector<int>{5}));
}

// Key pictures are coarse: who misses what makes them sharp must not stay with them.
TEST_F(Refresh, SharpeningAfterAKeyPictureCounts) {
  send({{3, kRefreshed}}, /*key=*/true);
  send({{3, kSharpened}});
  rest(RefreshPlan::kPatience);
  EXPECT_EQ(plan.due(16), (std::vector<int>{3}));
}

TEST_F(Refresh, WhatMovesInTheVeryPictureThatRefreshesItWaitsAgain) {
  send({{3, kChanged}});
  rest(5);
  Change moved = kRefreshed;
  moved.error = RefreshPlan::kMoved;
  send({{3, moved}});
  EXPECT_EQ(plan.waiting(), 1);
}

TEST_F(Refresh, AStillSceneComesToRest) {
  for (int i = 0; i < 16; ++i) send({{i, kSharpened}});
  for (int i = 0; i < 3 * RefreshPlan::kPatience; ++i) {
    // Each refreshed cell becomes sharper again afterwards.
    const std::vector<int> cells = plan.due(1);
    for (const int c : cells) send({{c, kRefreshed}});
    for (const int c : cells) send({{c, kSharpened}});
    if (cells.empty()) send();
  }
  EXPECT_EQ(plan.waiting(), 0);
}

TEST_F(Refresh, AskingChangesNothing) {
  send({{1, kChanged}, {2, kChanged}});
  rest(3);
  const std::vector<int> first = plan.due(2);
  EXPECT_EQ(plan.due(2), first);
  EXPECT_EQ(plan.waiting(), 2);
}

// A cell that is changed in the very picture that refreshes it looks otherwise before: who misses this picture shows
// what stood there, and nothing would tell it anew.
TEST_F(Refresh, ARefreshThatChangesACellMustNotBeTheLastWord) {
  send({{4, kChanged}});
  send({{4, kChanged}});
  send({{4, kRefreshed}});  // while the cell was changing in each picture
  rest(3);
  EXPECT_EQ(plan.due(16), (std::vector<int>{4}));
}

}  // namespace
}  // namespace crlsc
