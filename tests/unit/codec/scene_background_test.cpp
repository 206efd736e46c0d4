// SPDX-License-Identifier: LGPL-2.1-or-later
// Backgrounds of scenes, and the medians that they are.
#include "core/codec/scene_background.h"

#include <algorithm>
#include <random>

#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

constexpr int kWidth = 160;
constexpr int kHeight = 112;

Picture still(uint32_t seed = 1, int width = kWidth, int height = kHeight) {
  return Clip{Clip::Kind::kStill, width, height, seed}.picture(0);
}

// The luma of another one, which no place has in common with it.
Picture negative(Picture picture) {
  std::for_each(picture.plane(0), picture.plane(0) + picture.plane_width(0) * picture.plane_height(0),
                [](uint8_t& v) { v = static_cast<uint8_t>(255 - v); });
  return picture;
}

Picture brighter(Picture picture, int levels) {
  std::for_each(picture.plane(0), picture.plane(0) + picture.plane_width(0) * picture.plane_height(0),
                [levels](uint8_t& v) { v = static_cast<uint8_t>(std::clamp(v + levels, 0, 255)); });
  return picture;
}

Picture with_box(Picture picture, int left, int top, int width, int height) {
  for (int y = std::max(0, top); y < std::min(picture.height(), top + height); ++y) {
    for (int x = std::max(0, left); x < std::min(picture.width(), left + width); ++x) {
      picture.plane(0)[y * picture.width() + x] = 235;
    }
  }
  return picture;
}

Picture noisy(Picture picture, std::mt19937& random) {
  std::normal_distribution<double> noise(0, 12);
  std::for_each(picture.plane(0), picture.plane(0) + picture.plane_width(0) * picture.plane_height(0),
                [&](uint8_t& v) { v = static_cast<uint8_t>(std::clamp(v + noise(random), 0.0, 255.0)); });
  return picture;
}

using Found = std::vector<FoundScene>;

template <class Pictures>
void watch(SceneBackground& scenes, int count, double seconds, Found& found, Pictures picture) {
  for (int n = 0; n < count; ++n) {
    if (auto scene = scenes.next(picture(n).view(), seconds)) found.push_back(std::move(*scene));
  }
}

void watch(SceneBackground& scenes, int count, Found& found, const Picture& picture) {
  watch(scenes, count, 1, found, [&](int) { return picture; });
}

void finish(SceneBackground& scenes, Found& found) {
  if (auto scene = scenes.finish()) found.push_back(std::move(*scene));
}

// Numbers, new ones marked.
std::string numbers(const Found& found) {
  std::string text;
  for (const FoundScene& scene : found) {
    text += (text.empty() ? "" : " ") + std::to_string(scene.number) + (scene.background ? "*" : "");
  }
  return text;
}

TEST(PictureMedian, IsTheMiddleOfAllSamples) {
  std::mt19937 random(3);
  for (const auto& [width, height] : {std::pair{37, 21}, {1, 1}, {96, 80}}) {
    for (size_t count = 1; count < 12; ++count) {
      PictureMedian median;
      std::vector<Picture> pictures;
      for (size_t i = 0; i < count; ++i) {
        Picture& picture = pictures.emplace_back(width, height);
        for (int p = 0; p < 3; ++p) {
          std::generate_n(picture.plane(p), picture.plane_width(p) * picture.plane_height(p),
                          [&] { return static_cast<uint8_t>(random() % (i % 2 == 0 ? 256 : 7)); });
        }
        median.add(picture.view(), static_cast<double>(i));
      }
      const Picture result = median.median();
      for (size_t s = 0; s < result.data().size(); ++s) {
        std::vector<uint8_t> samples;
        for (const Picture& picture : pictures) samples.push_back(picture.data()[s]);
        std::sort(samples.begin(), samples.end());
        ASSERT_EQ(result.data()[s], samples[count / 2]) << count << " pictures, sample " << s;
      }
    }
  }
}

TEST(PictureMedian, ReadsPicturesWithPaddedRows) {
  const Picture wide = still(1, 64, 48);
  PictureMedian median;
  median.add(wide.view(37, 21), 0);
  const Picture result = median.median();
  ASSERT_EQ(result.width(), 37);
  EXPECT_EQ(samples(result.view()), samples(wide.view(37, 21)));
}

TEST(PictureMedian, KeepsPicturesFromAllOfTheTime) {
  PictureMedian median;
  for (int n = 0; n < 5000; ++n) median.add(Picture(16, 16, static_cast<uint8_t>(n / 20)).view(), n * 0.25);
  const std::vector<Picture>& kept = median.pictures();
  EXPECT_LE(kept.size(), PictureMedian::kMostPictures);
  EXPECT_GE(kept.size(), PictureMedian::kMostPictures / 2);
  EXPECT_EQ(kept.front().plane(0)[0], 0);
  const double step = 250.0 / static_cast<double>(kept.size());
  for (size_t i = 1; i < kept.size(); ++i) {
    EXPECT_NEAR(kept[i].plane(0)[0] - kept[i - 1].plane(0)[0], step, 2) << "of picture " << i;
  }
  EXPECT_EQ(median.begin(), 0);
  EXPECT_EQ(median.end(), 4999 * 0.25);
}

TEST(PictureMedian, KeepsAboutOneASecond) {
  for (const double distance : {0.97, 1.0, 1.03}) {
    PictureMedian median;
    for (int n = 0; n < 30; ++n) median.add(Picture(16, 16).view(), n * distance);
    EXPECT_EQ(median.pictures().size(), 30U) << distance;
  }
  PictureMedian median;
  for (int n = 0; n < 300; ++n) median.add(Picture(16, 16).view(), n * 0.1);
  EXPECT_EQ(median.pictures().size(), 30U);
}

TEST(PictureMedian, MemoryIsBounded) {
  const Picture large(1920, 1088);
  PictureMedian median;
  size_t most = 0;
  for (int n = 0; n < 60; ++n) {
    median.add(large.view(), n);
    most = std::max(most, median.pictures().size() * large.data().size());
  }
  EXPECT_LE(most, PictureMedian::kMostBytes);
  EXPECT_GE(median.pictures().size(), PictureMedian::kFewestPictures / 2);
}

TEST(SceneBackground, WhatMovesVanishes) {
  for (const auto& [width, height] : {std::pair{kWidth, kHeight}, {161, 111}, {37, 21}}) {
    const Picture scene = still(1, width, height);
    SceneBackground scenes(SceneBackground::kWholeScene);
    Found found;
    const int side = width / 4;
    watch(scenes, 200, 0.1, found,
          [&](int n) { return with_box(scene, n * (width + side) / 199 - side, height / 4, side, height / 2); });
    finish(scenes, found);
    ASSERT_EQ(numbers(found), "0*");
    EXPECT_EQ(found[0].background->data(), scene.data());
    EXPECT_NEAR(found[0].end - found[0].begin, 20, 0.2);
  }
}

TEST(SceneBackground, NeedsAFewSeconds) {
  const auto least = static_cast<int>(SceneBackground::kSettledPictures);
  for (const int count : {1, least - 1, least}) {
    SceneBackground scenes;
    Found found;
    watch(scenes, count, found, still());
    finish(scenes, found);
    EXPECT_EQ(numbers(found), count < least ? "" : "0*") << count;
  }
  SceneBackground scenes;
  Found found;
  watch(scenes, 100, 0.0, found, [](int) { return still(); });
  watch(scenes, 100, -5.0, found, [](int) { return still(); });
  finish(scenes, found);
  EXPECT_EQ(numbers(found), "") << "no time has passed";
  watch(scenes, 100, -5.0, found, [](int) { return still(); });
  watch(scenes, least, found, still());
  finish(scenes, found);
  EXPECT_EQ(numbers(found), "0*") << "time that ran backwards does not count";
}

TEST(SceneBackground, CutStartsAnotherScene) {
  SceneBackground scenes(SceneBackground::kWholeScene);
  Found found;
  watch(scenes, 30, found, still());
  EXPECT_EQ(numbers(found), "");
  watch(scenes, 1, found, negative(still()));
  EXPECT_EQ(numbers(found), "0*");
  watch(scenes, 20, found, negative(still()));
  finish(scenes, found);
  ASSERT_EQ(numbers(found), "0* 1*");
  EXPECT_EQ(found[0].background->data(), still().data());
  EXPECT_EQ(found[1].background->data(), negative(still()).data());
  EXPECT_EQ(found[1].begin, 31);
  EXPECT_EQ(found[1].end, 51);
}

TEST(SceneBackground, ReturningScenesAreKnown) {
  for (const double window : {SceneBackground::kLiveWindow, SceneBackground::kWholeScene}) {
    SceneBackground scenes(window);
    Found found;
    for (const bool other : {false, true, false, true}) {
      watch(scenes, 30, found, other ? negative(still()) : still());
    }
    finish(scenes, found);
    EXPECT_EQ(numbers(found), "0* 1* 0 1");
  }
}

TEST(SceneBackground, NoiseAndPassersByMakeNoOther) {
  std::mt19937 random(7);
  SceneBackground scenes;
  Found found;
  watch(scenes, 250, 1, found,
        [&](int n) { return noisy(with_box(still(), n * 23 % kWidth, n * 7 % 60, 24, 40), random); });
  EXPECT_EQ(numbers(found), "0* 0 0 0");
}

TEST(SceneBackground, SlightlyOtherLightMakesNoOther) {
  SceneBackground scenes;
  Found found;
  watch(scenes, 241, 1, found, [](int n) { return brighter(still(), n / 40); });
  EXPECT_EQ(numbers(found), "0* 0 0 0");
}

TEST(SceneBackground, WhatStaysOrGoesMakesAnother) {
  const Picture before = with_box(still(), 20, 40, 32, 20);
  const Picture after = with_box(still(), 100, 40, 32, 20);
  SceneBackground scenes;
  Found found;
  watch(scenes, 120, found, before);
  watch(scenes, 120, found, after);
  watch(scenes, 61, found, before);
  ASSERT_EQ(numbers(found), "0* 0 1* 1 0");
  EXPECT_EQ(found[2].background->data(), after.data());
}

TEST(SceneBackground, WhoLingersForAFewSecondsMakesNoOther) {
  const struct {
    int side;
    int seconds;
    const char* expected;
  } cases[] = {{32, 12, "0"}, {32, 30, "1*"}, {64, 12, "1*"}};
  for (const auto& c : cases) {
    SceneBackground scenes;
    scenes.know(still().view());
    Found found;
    watch(scenes, c.seconds, found, with_box(still(), 48, 32, c.side, c.side));
    finish(scenes, found);
    EXPECT_EQ(numbers(found), c.expected) << c.side << " samples, " << c.seconds << " s";
  }
}

TEST(SceneBackground, NightMakesAnother) {
  SceneBackground scenes;
  Found found;
  // Too slow for a cut.
  watch(scenes, 301, 1, found, [](int n) { return brighter(still(), n < 120 ? 0 : -std::min(n - 120, 40)); });
  EXPECT_EQ(numbers(found), "0* 0 1* 1 1");
}

TEST(SceneBackground, ColourCounts) {
  Picture painted = still();
  for (int y = 16; y < 32; ++y) std::fill_n(painted.plane(2) + y * painted.plane_width(2) + 16, 24, uint8_t{220});
  SceneBackground scenes;
  Found found;
  watch(scenes, 60, found, still());
  watch(scenes, 61, found, painted);
  EXPECT_EQ(numbers(found), "0* 1*");
}

TEST(SceneBackground, ANewSceneIsKnownSoon) {
  const auto first = static_cast<int>(SceneBackground::kFirstWindow);
  SceneBackground scenes(SceneBackground::kLiveWindow, SceneBackground::kFirstWindow);
  Found found;
  // Somebody stands there for half a minute: not in the background of the window that follows.
  const Picture before = with_box(still(), 100, 40, 32, 32);
  watch(scenes, first, found, before);
  EXPECT_EQ(numbers(found), "");
  watch(scenes, 15, found, before);
  ASSERT_EQ(numbers(found), "0*");
  EXPECT_EQ(found[0].background->data(), before.data());
  watch(scenes, 46, found, still());
  ASSERT_EQ(numbers(found), "0* 1*");
  EXPECT_EQ(found[1].background->data(), still().data());
  watch(scenes, 59, found, still());
  EXPECT_EQ(numbers(found), "0* 1*") << "only the first window is short";
  // Behind a cut.
  watch(scenes, first + 1, found, negative(still()));
  EXPECT_EQ(numbers(found), "0* 1* 1 2*");
  // What is known needs the whole window to be another.
  watch(scenes, 40, found, with_box(still(), 20, 40, 32, 20));
  EXPECT_EQ(numbers(found), "0* 1* 1 2*");
  watch(scenes, 21, found, with_box(still(), 20, 40, 32, 20));
  EXPECT_EQ(numbers(found), "0* 1* 1 2* 3*");
}

TEST(SceneBackground, MovingCameraHasNone) {
  SceneBackground scenes;
  Found found;
  const Clip clip{Clip::Kind::kPan, kWidth, kHeight, 1};
  watch(scenes, 200, 1, found, [&](int n) { return clip.picture(5 * n); });
  finish(scenes, found);
  EXPECT_EQ(numbers(found), "");
}

TEST(SceneBackground, KnowsWhatItIsTold) {
  SceneBackground scenes;
  EXPECT_EQ(scenes.know(negative(still()).view()), 0U);
  EXPECT_EQ(scenes.know(still().view()), 1U);
  EXPECT_EQ(scenes.know(still(1, 64, 48).view()), 2U);
  Found found;
  watch(scenes, 60, found, still());
  watch(scenes, 60, found, negative(still()));
  scenes.forget(1);
  scenes.forget(99);
  watch(scenes, 61, found, still());
  EXPECT_EQ(numbers(found), "1 0 3*");
}

TEST(SceneBackground, AnotherSizeIsAnotherScene) {
  SceneBackground scenes;
  Found found;
  watch(scenes, 30, found, still());
  watch(scenes, 30, found, still(1, 163, 77));
  watch(scenes, 30, found, still());
  finish(scenes, found);
  ASSERT_EQ(numbers(found), "0* 1* 0");
  EXPECT_EQ(found[1].background->width(), 163);
  EXPECT_EQ(found[1].background->height(), 77);
}

TEST(SceneBackground, ForgetsWhatWasNotFoundForLong) {
  const auto flat = [](size_t n) {
    Picture picture(48, 32, static_cast<uint8_t>(n % 10 * 25));
    std::fill_n(picture.plane(1), 24 * 16, static_cast<uint8_t>(n / 10 * 30));
    return picture;
  };
  SceneBackground scenes;
  const auto find = [&](const Picture& picture) {
    Found found;
    watch(scenes, 30, found, picture);
    finish(scenes, found);
    return numbers(found);
  };
  const size_t last = SceneBackground::kMostKnown - 1;
  for (size_t n = 0; n <= last; ++n) EXPECT_EQ(scenes.know(flat(n).view()), n);
  EXPECT_EQ(scenes.know(still(1, 48, 32).view()), last + 1);
  EXPECT_EQ(find(still(1, 48, 32)), std::to_string(last + 2) + "*") << "there was no room for it";
  EXPECT_EQ(find(flat(0)), "0");
  EXPECT_EQ(find(flat(last)), std::to_string(last + 3) + "*") << "it was the one seen least lately";
  EXPECT_EQ(find(flat(last - 2)), std::to_string(last - 2));
  EXPECT_EQ(find(flat(last - 1)), std::to_string(last + 4) + "*");
  EXPECT_EQ(find(flat(last - 2)), std::to_string(last - 2)) << "it was found a moment ago";
}

}  // namespace
}  // namespace crlsc
