// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures that both ends have: what they save, and what happens where one end lacks them.
#include "core/codec/scene_memory.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

constexpr PictureName kName = {1, 2, 3, 4, 5, 6, 7, 8};
constexpr PictureName kOther = {8, 7, 6, 5, 4, 3, 2, 1};

// A block wanders over a scene that both ends know.
class Scene : public testing::Test {
 protected:
  Scene() : config(config_for(clip, 30000)) {
    const Clip still{Clip::Kind::kStill, clip.width, clip.height, clip.seed};
    background = std::make_shared<const Picture>(pad_to_cells(still.picture(0).view()));
    memory = std::make_shared<SceneMemory>(SceneMemory{{kName, background}});
  }

  std::unique_ptr<Encoder> encoder(bool knows) const {
    auto out = std::make_unique<Encoder>(full_model(), config);
    if (knows) out->set_scene({{kName, background}});
    return out;
  }
  std::unique_ptr<Decoder> decoder(const Encoder& from, bool knows) const {
    auto out = std::make_unique<Decoder>(full_model(), from.sequence_header());
    if (knows) out->set_scene_memory(memory);
    return out;
  }
  static bool has_scene(const Bytes& access_unit) {
    const AccessUnitView view = parse_access_unit(access_unit);
    return std::any_of(view.units.begin(), view.units.end(),
                       [](const UnitView& unit) { return unit.header.type == UnitType::kScene; });
  }

  Clip clip{Clip::Kind::kBlock, 160, 112};
  EncoderConfig config;
  std::shared_ptr<const Picture> background;
  std::shared_ptr<const SceneMemory> memory;
};

TEST_F(Scene, DecodesToTheEncodersReconstruction) {
  const auto sender = encoder(true);
  const auto receiver = decoder(*sender, true);
  for (int n = 0; n < 30; ++n) {
    const EncodedPicture coded = sender->encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, n == 17);
    ASSERT_FALSE(coded.bytes.empty());
    const DecodedPicture shown = receiver->decode(coded.bytes);
    ASSERT_FALSE(shown.corrupted) << n;
    ASSERT_TRUE(shown.lacking.empty());
    ASSERT_EQ(samples(receiver->picture()), samples(sender->reconstruction())) << n;
  }
}

TEST_F(Scene, AFirstPictureCostsWhatIsNew) {
  config.bitrate = 8000;
  const auto with = encoder(true);
  const auto without = encoder(false);
  const EncodedPicture small = with->encode(clip.picture(0).view(), 0, true);
  const EncodedPicture large = without->encode(clip.picture(0).view(), 0, true);
  EXPECT_LT(small.bytes.size(), large.bytes.size() / 2);
  with->encode(clip.picture(1).view(), 0.1, false);
  without->encode(clip.picture(1).view(), 0.1, false);
  EXPECT_GT(psnr(with->reconstruction(), clip.picture(1).view()),
            psnr(without->reconstruction(), clip.picture(1).view()));
}

// What a first picture could take in excess of others would keep those behind it waiting.
TEST_F(Scene, AFirstPictureLeavesRoomForTheNext) {
  config.bitrate = 6000;
  const auto sender = encoder(true);
  const EncodedPicture first = sender->encode(clip.picture(0).view(), 0, true);
  const double quality = psnr(sender->reconstruction(), clip.picture(0).view());
  EXPECT_TRUE(first.key);
  const size_t headers = 31 + 14;
  EXPECT_LT(first.bytes.size(), headers + 6000 / 8 / 10 * 2);
  const EncodedPicture second = sender->encode(clip.picture(1).view(), 0.1, false);
  EXPECT_GE(second.bytes.size(), 6000 / 8 / 10 / 2U);
  EXPECT_GT(psnr(sender->reconstruction(), clip.picture(1).view()), quality);
}

// So does one behind a cut.
TEST_F(Scene, ACutToAKnownSceneCostsWhatIsNew) {
  const Clip elsewhere{Clip::Kind::kPan, clip.width, clip.height, 91};
  const auto cut = [&](bool knows) {
    const auto sender = encoder(false);
    for (int n = 0; n < 20; ++n) sender->encode(elsewhere.picture(n).view(), n == 0 ? 0 : 0.1, false);
    if (knows) sender->set_scene({{kName, background}});
    const size_t bytes = sender->encode(clip.picture(0).view(), 0.1, false).bytes.size();
    sender->encode(clip.picture(1).view(), 0.1, false);
    return std::make_pair(bytes, psnr(sender->reconstruction(), clip.picture(1).view()));
  };
  const auto [small, good] = cut(true);
  const auto [large, poor] = cut(false);
  EXPECT_LT(small, large / 2);
  EXPECT_GT(good, poor);
}

TEST_F(Scene, WhatIsUncoveredIsCopied) {
  const auto sender = encoder(true);
  int copied = 0;
  for (int n = 0; n < 20; ++n) {
    sender->encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, false);
    if (n == 0) continue;
    for (const Cell& cell : sender->tokens().cells) {
      copied += cell.reference == Reference::kKnowledge0 && !cell.coded ? 1 : 0;
    }
  }
  EXPECT_GT(copied, 5);
}

TEST_F(Scene, IsToldInKeyPicturesAndNowAndThen) {
  const auto sender = encoder(true);
  std::vector<int> told;
  for (int n = 0; n < 60; ++n) {
    if (has_scene(sender->encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, n == 5).bytes)) told.push_back(n);
  }
  EXPECT_EQ(told, (std::vector<int>{0, 5, 25, 45}));
  const auto silent = encoder(false);
  EXPECT_FALSE(has_scene(silent->encode(clip.picture(0).view(), 0, true).bytes));
}

TEST_F(Scene, AReceiverWithoutThePictureKnowsThatItIsWrong) {
  const auto sender = encoder(true);
  const auto receiver = decoder(*sender, false);
  const DecodedPicture first = receiver->decode(sender->encode(clip.picture(0).view(), 0, true).bytes);
  EXPECT_TRUE(first.corrupted);
  EXPECT_EQ(first.lacking, std::vector<PictureName>{kName});
  // It stays so until a picture comes that needs no scene.
  EXPECT_TRUE(receiver->decode(sender->encode(clip.picture(1).view(), 0.1, false).bytes).corrupted);
  sender->set_scene({});
  const DecodedPicture plain = receiver->decode(sender->encode(clip.picture(2).view(), 1, true).bytes);
  EXPECT_FALSE(plain.corrupted);
  EXPECT_EQ(samples(receiver->picture()), samples(sender->reconstruction()));
}

TEST_F(Scene, WhatWasShownStaysUntilNothingIsLacking) {
  const auto sender = encoder(false);
  const auto receiver = decoder(*sender, false);
  EXPECT_FALSE(receiver->decode(sender->encode(clip.picture(0).view(), 0, true).bytes).held);
  const Bytes shown = samples(receiver->picture());
  sender->set_scene({{kName, background}});
  // Later pictures need not refer to the scene to build on what does.
  for (int n = 1; n < 8; ++n) {
    if (n == 4) sender->set_scene({});
    const DecodedPicture lacking = receiver->decode(sender->encode(clip.picture(n).view(), 1, n == 1).bytes);
    EXPECT_TRUE(lacking.held && lacking.corrupted) << n;
    EXPECT_EQ(samples(receiver->picture()), shown) << n;
  }
  EXPECT_FALSE(receiver->decode(sender->encode(clip.picture(8).view(), 1, true).bytes).held);
  EXPECT_EQ(samples(receiver->picture()), samples(sender->reconstruction()));
}

TEST_F(Scene, RefreshedCellsEndTheWaitOnceTheEntryIsThere) {
  config.refresh_share = 0.9;
  config.bitrate = 100000;
  const auto sender = encoder(true);
  const auto receiver = decoder(*sender, false);
  EXPECT_TRUE(receiver->decode(sender->encode(clip.picture(0).view(), 0, true).bytes).held);
  receiver->set_scene_memory(memory);
  int n = 1;
  while (n < 600 && receiver->decode(sender->encode(clip.picture(n).view(), 0.1, false).bytes).held) ++n;
  EXPECT_GT(n, 2);
  EXPECT_LT(n, 600);
  EXPECT_GT(psnr(receiver->picture(), clip.picture(n).view()), 25);
}

TEST_F(Scene, APictureOfAnotherSizeIsLacking) {
  const auto sender = encoder(true);
  const auto receiver = decoder(*sender, false);
  receiver->set_scene_memory(std::make_shared<SceneMemory>(SceneMemory{{kName, std::make_shared<Picture>(64, 64)}}));
  EXPECT_EQ(receiver->decode(sender->encode(clip.picture(0).view(), 0, true).bytes).lacking.size(), 1U);
}

TEST_F(Scene, AMissedChangeIsNoticed) {
  const auto sender = encoder(true);
  auto both = std::make_shared<SceneMemory>(*memory);
  (*both)[kOther] = std::make_shared<const Picture>(background->width(), background->height(), 77);
  const auto receiver = decoder(*sender, true);
  receiver->set_scene_memory(both);
  receiver->decode(sender->encode(clip.picture(0).view(), 0, true).bytes);
  // Another picture comes to stand in the place of the first; the access unit that says so gets lost.
  sender->set_scene({{kOther, both->at(kOther)}, {kName, background}});
  sender->encode(clip.picture(1).view(), 0.1, false);
  receiver->conceal();
  const Bytes shown = samples(receiver->picture());
  int referring = 0;
  for (int n = 2; n < 12; ++n) {
    const EncodedPicture coded = sender->encode(clip.picture(n).view(), 0.1, false);
    for (const Cell& cell : sender->tokens().cells) referring += cell.reference >= Reference::kKnowledge0 ? 1 : 0;
    EXPECT_TRUE(receiver->decode(coded.bytes).corrupted);
  }
  EXPECT_GT(referring, 0);
  // Told again, and drawn anew.
  EXPECT_FALSE(receiver->decode(sender->encode(clip.picture(12).view(), 1, true).bytes).corrupted);
  EXPECT_EQ(samples(receiver->picture()), samples(sender->reconstruction()));
}

class SceneAtRest : public Scene {
 protected:
  // The known picture with grain, another one each time.
  Picture grainy(int number) const {
    Picture out = *background;
    uint32_t state = static_cast<uint32_t>(number) * 7919 + 1;
    for (int p = 0; p < 3; ++p) {
      for (int i = 0; i < out.plane_width(p) * out.plane_height(p); ++i) {
        state = state * 1664525 + 1013904223;
        out.plane(p)[i] = static_cast<uint8_t>(out.plane(p)[i] + static_cast<int>(state >> 24) % 5 / 2 - 1);
      }
    }
    return out;
  }
};

TEST_F(SceneAtRest, CostsTwentyBytesASecond) {
  const auto sender = encoder(true);
  const auto receiver = decoder(*sender, true);
  receiver->decode(sender->encode(grainy(0).view(), 0, true).bytes);
  size_t bytes = 0;
  double silent = 0;
  for (int n = 1; n <= 100; ++n) {
    const EncodedPicture coded = sender->encode(grainy(n).view(), 0.1, false);
    EXPECT_TRUE(coded.rests) << n;
    bytes += coded.bytes.size();
    silent = coded.bytes.empty() ? silent + 0.1 : 0;
    EXPECT_LT(silent, 0.55) << "receivers should hear that the sender is there";
    const bool corrupted = !coded.bytes.empty() && receiver->decode(coded.bytes).corrupted;
    EXPECT_FALSE(corrupted) << n;
    EXPECT_EQ(samples(receiver->picture()), samples(sender->reconstruction())) << n;
    EXPECT_GT(psnr(receiver->picture(), grainy(n).view()), 46);
  }
  EXPECT_LE(bytes, 10 * 20U);
}

TEST_F(SceneAtRest, EndsWithTheFirstChange) {
  const auto sender = encoder(true);
  const auto receiver = decoder(*sender, true);
  for (int n = 0; n < 13; ++n) {
    const EncodedPicture coded = sender->encode(grainy(n).view(), n == 0 ? 0 : 0.1, false);
    if (!coded.bytes.empty()) receiver->decode(coded.bytes);
  }
  Picture changed = grainy(13);
  for (int r = 40; r < 52; ++r) std::fill_n(changed.plane(0) + r * changed.width() + 50, 12, uint8_t{250});
  const EncodedPicture coded = sender->encode(changed.view(), 0.1, false);
  EXPECT_FALSE(coded.rests);
  ASSERT_FALSE(coded.bytes.empty());
  EXPECT_FALSE(receiver->decode(coded.bytes).corrupted);
  EXPECT_EQ(samples(receiver->picture()), samples(sender->reconstruction()));
}

TEST_F(SceneAtRest, EndsWhenAReceiverLostSomething) {
  const auto sender = encoder(true);
  for (int n = 0; n < 30; ++n) sender->encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, false);
  for (int n = 0; n < 60; ++n) sender->encode(grainy(n).view(), 0.1, false);
  ASSERT_TRUE(sender->encode(grainy(60).view(), 0.1, false).rests);
  sender->report_loss(everything_lost());
  bool woken = false;
  for (int n = 61; n < 64; ++n) woken |= !sender->encode(grainy(n).view(), 0.1, false).rests;
  EXPECT_TRUE(woken);
}

TEST_F(SceneAtRest, SaysNothingOfPicturesWithoutAScene) {
  const auto sender = encoder(false);
  for (int n = 0; n < 20; ++n) {
    const EncodedPicture coded = sender->encode(background->view(), n == 0 ? 0 : 0.1, false);
    EXPECT_FALSE(coded.rests);
    EXPECT_FALSE(coded.bytes.empty());
  }
}

// What stands still costs next to nothing once it is good enough, in a known scene and elsewhere.
TEST_F(SceneAtRest, CostsNothingWhenItIsGoodEnough) {
  config.min_quantizer = 40;
  config.refresh_share = 0;
  for (const bool knows : {true, false}) {
    const auto sender = encoder(knows);
    size_t last_second = 0;
    int silent = 0;
    for (int n = 0; n < 60; ++n) {
      const EncodedPicture coded = sender->encode(clip.picture(0).view(), n == 0 ? 0 : 0.1, false);
      EXPECT_TRUE(coded.rests || !coded.bytes.empty());
      if (n < 50) continue;
      last_second += coded.bytes.size();
      silent += coded.bytes.empty() ? 1 : 0;
    }
    EXPECT_LE(last_second, 40U) << knows;
    EXPECT_GE(silent, 7) << knows;
  }
}

TEST_F(SceneAtRest, FinerStepsAreLeftOut) {
  config.refresh_share = 0;
  const auto sum = [&](double step) {
    config.min_quantizer = step;
    const auto sender = encoder(false);
    size_t bytes = 0;
    for (int n = 0; n < 30; ++n) bytes += sender->encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, false).bytes.size();
    return std::make_pair(bytes, psnr(sender->reconstruction(), clip.picture(29).view()));
  };
  const auto [most, best] = sum(0);
  const auto [fewer, good] = sum(20);
  const auto [fewest, poor] = sum(80);
  EXPECT_LT(fewer, most);
  EXPECT_LT(fewest, fewer);
  EXPECT_GT(best, good);
  EXPECT_GT(good, poor);
}

TEST_F(Scene, PicturesMustFit) {
  const auto sender = encoder(false);
  EXPECT_EQ(error_of([&] {
              sender->set_scene({{kName, std::make_shared<const Picture>(16, 16)}});
            }),
            ErrorKind::kSettings);
  EXPECT_EQ(error_of([&] {
              sender->set_scene(std::vector<ScenePicture>(5, {kName, background}));
            }),
            ErrorKind::kSettings);
}

}  // namespace
}  // namespace crlsc
