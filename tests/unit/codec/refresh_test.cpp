// SPDX-License-Identifier: LGPL-2.1-or-later
// Which cells are sent anew, and when.
#include "core/codec/refresh.h"

#include <gtest/gtest.h>

namespace crlsc {
namespace {

const Cell kChanged{true, 0, Reference::kPrevious, {}};
const Cell kMoved{false, 0, Reference::kPrevious, {2, 0}};
const Cell kRefreshed{true, 0, Reference::kGrey, {}};

class Refresh : public testing::Test {
 protected:
  // A picture in which only these cells are not still.
  void send(const std::vector<std::pair<int, Cell>>& cells = {}) {
    TokenGrid grid(4, 4, 1);
    for (const auto& [at, cell] : cells) grid.cells[static_cast<size_t>(at)] = cell;
    plan.sent(grid);
  }
  void refresh_all(int count) {
    std::vector<std::pair<int, Cell>> cells;
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
  EXPECT_EQ(plan.due(16), (std::vector<int>{3, 7}));
}

TEST_F(Refresh, TheLongestWaitComesFirst) {
  send({{9, kChanged}});
  send({{2, kChanged}});
  send({{5, kChanged}});
  EXPECT_EQ(plan.due(2), (std::vector<int>{9, 2}));
  EXPECT_EQ(plan.due(3), (std::vector<int>{9, 2, 5}));
}

TEST_F(Refresh, CellsThatGoOnChangingKeepTheirTurn) {
  send({{9, kChanged}});
  send({{2, kChanged}});
  for (int i = 0; i < 5; ++i) send({{9, kChanged}});
  EXPECT_EQ(plan.due(1), (std::vector<int>{9}));
}

TEST_F(Refresh, NeverMoreThanAskedFor) {
  for (int i = 0; i < 16; ++i) send({{i, kChanged}});
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

TEST_F(Refresh, AskingChangesNothing) {
  send({{1, kChanged}, {2, kChanged}});
  const std::vector<int> first = plan.due(2);
  EXPECT_EQ(plan.due(2), first);
  EXPECT_EQ(plan.waiting(), 2);
}

// A cell that is changed in the very picture that refreshes it looks otherwise before: who misses this picture shows
// what stood there, and nothing would tell it anew.
TEST_F(Refresh, ARefreshThatChangesACellMustNotBeTheLastWord) {
  send({{4, kChanged}});
  send({{4, kChanged}});
  refresh_all(1);  // while the cell was changing in each picture
  EXPECT_EQ(plan.due(16), (std::vector<int>{4}));
}

}  // namespace
}  // namespace crlsc
