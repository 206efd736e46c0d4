// SPDX-License-Identifier: LGPL-2.1-or-later
// Which known pictures a stream refers to.
#include "core/codec/scene_choice.h"

#include "core/codec/scene_adjustment.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

PictureName name(uint8_t number) { return {number}; }

class SceneChoice : public testing::Test {
 protected:
  static std::shared_ptr<const Picture> still(uint32_t seed) {
    const Clip clip{Clip::Kind::kStill, 160, 112, seed};
    return std::make_shared<const Picture>(pad_to_cells(clip.picture(0).view()));
  }
  const std::shared_ptr<const Picture> here = still(1);
  const std::shared_ptr<const Picture> elsewhere = still(9);
};

TEST_F(SceneChoice, TakesTheSceneThatIsShown) {
  const auto chosen = choose_scene(*here, {{name(1), elsewhere}, {name(2), here}});
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(chosen[0].name, name(2));
}

TEST_F(SceneChoice, TakesNothingOfAnotherSizeOrOfNoUse) {
  const auto small = std::make_shared<const Picture>(16, 16);
  const auto flat = std::make_shared<const Picture>(here->width(), here->height());
  EXPECT_TRUE(choose_scene(*here, {}).empty());
  EXPECT_TRUE(choose_scene(*here, {{name(1), small}, {name(2), flat}}).empty());
}

TEST_F(SceneChoice, KnowsTheSceneInOtherLight) {
  const Picture darker = adjusted(*here, {0, 0, -40, 0});
  const auto chosen = choose_scene(darker, {{name(1), elsewhere}, {name(2), here}});
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(chosen[0].name, name(2));
}

TEST_F(SceneChoice, KnowsTheSceneOfAShakenCamera) {
  const Picture shaken = adjusted(*here, {10, -10, 0, 0});
  const auto chosen = choose_scene(shaken, {{name(1), elsewhere}, {name(2), here}});
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(chosen[0].name, name(2));
}

TEST_F(SceneChoice, TakesTwoThatShowApartOfIt) {
  Picture both = *here;
  const auto half = static_cast<ptrdiff_t>(both.width()) * (both.height() / 2 / kCellSize * kCellSize);
  std::copy_n(elsewhere->plane(0), half, both.plane(0));
  EXPECT_EQ(choose_scene(both, {{name(1), elsewhere}, {name(2), here}}).size(), 2U);
}

TEST_F(SceneChoice, NeverMoreThanCellsCanName) {
  SceneMemory memory;
  Picture current = *here;
  // Each knows another row of cells.
  for (uint8_t n = 0; n < 7; ++n) {
    auto part = std::make_shared<Picture>(current.width(), current.height());
    const auto row = static_cast<ptrdiff_t>(current.width()) * kCellSize;
    std::copy_n(current.plane(0) + n * row, row, part->plane(0) + n * row);
    memory[name(n)] = part;
  }
  EXPECT_LE(choose_scene(current, memory).size(), static_cast<size_t>(kMaxKnowledge));
}

TEST_F(SceneChoice, FollowsTheStream) {
  SceneFollower follower({{name(1), elsewhere}, {name(2), here}});
  const auto first = follower.next(here->view(), 0);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->at(0).name, name(2));
  for (int n = 0; n < 100; ++n) EXPECT_FALSE(follower.next(here->view(), 0.1)) << "nothing new is shown";
  bool changed = false;
  for (int n = 0; n < 60 && !changed; ++n) {
    const auto then = follower.next(elsewhere->view(), 0.1);
    changed = then && !then->empty() && then->at(0).name == name(1);
  }
  EXPECT_TRUE(changed);
}

TEST_F(SceneChoice, RefersToNothingWhileSuspended) {
  SceneFollower follower({{name(2), here}});
  ASSERT_TRUE(follower.next(here->view(), 0));
  follower.suspend();
  const auto none = follower.next(here->view(), 0.1);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  int pictures = 0;
  while (pictures < 1000 && !follower.next(here->view(), 0.1)) ++pictures;
  EXPECT_NEAR(pictures, 299, 3);
}

}  // namespace
}  // namespace crlsc
