// SPDX-License-Identifier: LGPL-2.1-or-later
// Which cells a reported loss concerns by now.
#include "core/codec/loss_tracker.h"

#include <gtest/gtest.h>

namespace crlsc {
namespace {

constexpr int kCols = 4;
constexpr int kRows = 4;
constexpr uint32_t kChange = 4 * LossTracker::kSmall;

// A model of two layers of detail, a stage each.
TokenLayout layout() {
  TokenLayout out;
  out.structure_codes = 2;
  out.detail_codes = {2, 2};
  out.stage_layer = {1, 2};
  return out;
}

Cell moved(int16_t dx, int16_t dy) { return {false, 0, Reference::kPrevious, MotionVector{dx, dy}}; }
const Cell kCoded{true, 0, Reference::kPrevious, {}};
const Cell kDetailed{true, 2, Reference::kPrevious, {}};
const Cell kFresh{true, 0, Reference::kGrey, {}};

class Tracker : public testing::Test {
 protected:
  // The next picture, in which only these cells are not still; coded ones change by kChange.
  void send(const std::vector<std::pair<int, Cell>>& cells = {}) {
    TokenGrid grid(kCols, kRows, 2);
    std::vector<uint32_t> changes(kCols * kRows);
    for (const auto& [at, cell] : cells) {
      grid.cells[static_cast<size_t>(at)] = cell;
      if (cell.coded && cell.reference == Reference::kPrevious) changes[static_cast<size_t>(at)] = kChange;
    }
    tracker.sent(number++ % kPictureNumbers, grid, changes);
  }
  std::vector<int> due() const { return tracker.due(kCols * kRows); }
  LossTracker tracker{kCols, kRows, layout()};
  int number = 0;
};

using Cells = std::vector<int>;

TEST_F(Tracker, NothingIsDueWithoutAReport) {
  for (int i = 0; i < 100; ++i) send({{i % 16, kCoded}});
  EXPECT_EQ(due(), Cells{});
}

TEST_F(Tracker, WhatALostPictureChangedIsDue) {
  send({{1, kCoded}});
  send({{5, kCoded}, {9, kCoded}});
  send({{2, kCoded}});
  tracker.lost({1, 1, 0, 0, 0});
  EXPECT_EQ(due(), (Cells{5, 9}));
}

TEST_F(Tracker, OnlyLostRowsCount) {
  send({{1, kCoded}, {5, kCoded}, {9, kCoded}, {13, kCoded}});
  tracker.lost({0, 1, 1, 2, 0});
  EXPECT_EQ(due(), (Cells{5, 9}));
}

TEST_F(Tracker, StillCellsOfALostPictureAreRight) {
  send();
  tracker.lost({0, 1, 0, 0, 0});
  EXPECT_EQ(due(), Cells{});
}

TEST_F(Tracker, PredictionCarriesTheDamageOn) {
  send({{0, kCoded}});
  send({{1, moved(-2 * 16, 0)}});  // from cell 0
  send({{5, moved(0, -2 * 16)}});  // from cell 1
  tracker.lost({0, 1, 0, 0, 0});
  EXPECT_EQ(due(), (Cells{0, 1, 5}));
}

TEST_F(Tracker, FiltersReadBeyondTheCell) {
  send({{0, kCoded}});
  send({{2, moved(-2 * 16 + 1, 0)}});  // from half a sample beside cell 1: two samples more, of cell 0
  send({{6, moved(-2 * 16, 0)}});      // from cell 5 alone, which is right
  tracker.lost({0, 1, 0, 0, 0});
  EXPECT_EQ(due(), (Cells{0, 2}));
}

TEST_F(Tracker, MotionThatPointsOutsideReadsTheBorder) {
  send({{0, kCoded}});
  send({{1, moved(-kMaxMotion, -kMaxMotion)}});
  tracker.lost({0, 1, 0, 0, 0});
  EXPECT_EQ(due(), (Cells{0, 1}));
}

TEST_F(Tracker, ARefreshEndsIt) {
  send({{3, kCoded}});
  send({{3, kFresh}});
  tracker.lost({0, 1, 0, 0, 0});
  EXPECT_EQ(due(), Cells{});
}

TEST_F(Tracker, ARefreshThatIsLostItselfDoesNot) {
  send({{3, kCoded}});
  send({{3, kFresh}});
  tracker.lost({0, 2, 0, 0, 0});
  EXPECT_EQ(due(), Cells{3}) << "although the refresh changed nothing at the sender";
}

TEST_F(Tracker, TheOrderOfReportsDoesNotMatter) {
  send({{3, kCoded}});
  send({{3, kFresh}, {7, kCoded}});
  send({{3, kFresh}});
  tracker.lost({2, 1, 0, 0, 0});
  EXPECT_EQ(due(), Cells{});
  tracker.lost({1, 1, 0, 0, 0});
  EXPECT_EQ(due(), Cells{7});
  tracker.lost({0, 1, 0, 0, 0});
  EXPECT_EQ(due(), (Cells{3, 7}));
}

TEST_F(Tracker, ARepeatedReportChangesNothing) {
  send({{3, kCoded}});
  tracker.lost({0, 1, 0, 0, 0});
  const std::vector<uint32_t> once = tracker.damage();
  tracker.lost({0, 1, 0, 0, 0});
  EXPECT_EQ(tracker.damage(), once);
  send({{3, kFresh}});
  tracker.lost({0, 1, 0, 0, 0});
  EXPECT_EQ(due(), Cells{});
}

TEST_F(Tracker, DamageIsFollowedBeyondWhatIsRemembered) {
  send({{3, kCoded}});
  tracker.lost({0, 1, 0, 0, 0});
  for (int i = 0; i < 200; ++i) send();
  EXPECT_EQ(due(), Cells{3});
  send({{3, kFresh}});
  EXPECT_EQ(due(), Cells{});
}

TEST_F(Tracker, LostDetailConcernsCellsThatHadIt) {
  send({{3, kDetailed}, {7, kCoded}});
  tracker.lost({0, 1, 0, 0, 1});
  EXPECT_EQ(due(), Cells{3});
}

TEST_F(Tracker, TheSecondDetailLayerAlone) {
  Cell first = kDetailed;
  first.stages = 1;
  send({{3, kDetailed}, {7, first}});
  tracker.lost({0, 1, 0, 0, 2});
  EXPECT_EQ(due(), Cells{3});
}

TEST_F(Tracker, TheWorstComeFirst) {
  send({{3, kCoded}, {8, kCoded}});
  send({{8, kCoded}});
  tracker.lost({0, 2, 0, 0, 0});
  EXPECT_EQ(due(), (Cells{8, 3}));
  EXPECT_EQ(tracker.due(1), Cells{8});
  EXPECT_EQ(tracker.due(0), Cells{});
  EXPECT_EQ(tracker.due(-1), Cells{});
}

TEST_F(Tracker, EverythingLostConcernsAllCellsNotRefreshedSince) {
  for (int i = 0; i < 5; ++i) send();
  tracker.lost(everything_lost());
  EXPECT_EQ(due().size(), size_t{kCols * kRows});
  send({{0, kFresh}, {1, kFresh}});
  EXPECT_EQ(due().size(), size_t{kCols * kRows - 2});
}

TEST_F(Tracker, DamageOutlivesAChangeOfSize) {
  send({{0, kCoded}, {kCols + 3, kCoded}});
  tracker.lost({0, 1, 0, 0, 0});
  constexpr int kHalfCols = (kCols + 1) / 2;
  const LossTracker half = tracker.resized(kHalfCols, (kRows + 1) / 2);
  EXPECT_EQ(half.due(100), (Cells{0, 1}));
  EXPECT_EQ(half.resized(kCols, kRows).due(100), (Cells{0, 1, 2, 3, kCols, kCols + 1, kCols + 2, kCols + 3}));
  EXPECT_EQ(LossTracker(kCols, kRows, layout()).resized(kHalfCols, (kRows + 1) / 2).due(100), Cells{});
}

TEST_F(Tracker, UnknownPicturesAndRowsHaveNoEffect) {
  send({{3, kCoded}});
  tracker.lost({9, 5, 0, 0, 0});
  tracker.lost({0, 1, 200, 200, 0});
  EXPECT_EQ(due(), Cells{});
}

TEST_F(Tracker, NumbersComeRound) {
  for (int i = 0; i < 62; ++i) send();
  send({{3, kCoded}});  // 62
  send({{4, kCoded}});  // 63
  send({{5, kCoded}});  // 0
  send({{6, kCoded}});  // 1
  tracker.lost({63, 2, 0, 0, 0});
  EXPECT_EQ(due(), (Cells{4, 5}));
}

TEST_F(Tracker, EveryBlockOfASplitCellIsASource) {
  send({{15, kCoded}});
  tracker.lost({0, 1, 0, 0, 0});
  Cell split;
  split.motion[3] = MotionVector{2 * kCellSize, 2 * kCellSize};  // from cell 15 into cell 10
  send({{10, split}, {0, moved(2, 2)}});
  EXPECT_EQ(due(), (Cells{15, 10})) << "a quarter of it does";
}

}  // namespace
}  // namespace crlsc
