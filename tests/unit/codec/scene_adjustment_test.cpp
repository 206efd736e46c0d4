// SPDX-License-Identifier: LGPL-2.1-or-later
// Cameras that shake, and light that changes.
#include "core/codec/scene_adjustment.h"

#include <cmath>
#include <random>

#include "core/codec/active_scene.h"
#include "core/codec/scene_fit.h"
#include "core/codec/square_error.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

// A smooth scene, seen from (x, y), in light of this gain and offset.
Picture scene(double x, double y, double gain = 1, double offset = 0) {
  Picture out(192, 128);
  for (int p = 0; p < 3; ++p) {
    const int scale = p == 0 ? 1 : 2;
    for (int r = 0; r < out.plane_height(p); ++r) {
      for (int c = 0; c < out.plane_width(p); ++c) {
        const double u = c * scale + x;
        const double v = r * scale + y;
        const double texture = 30 * std::sin(u / 7 + v / 19) + 25 * std::cos(v / 5 - u / 31) + 0.2 * u;
        const double level = p == 0 ? 90 + texture : 0.4 * texture;
        const double seen = p == 0 ? gain * level + offset : 128 + gain * level;
        out.plane(p)[r * out.plane_width(p) + c] = static_cast<uint8_t>(std::lround(std::clamp(seen, 0.0, 255.0)));
      }
    }
  }
  return out;
}

// As fine as a street: grain, edges at several scales, and much that looks alike next to itself. Seen from (x, y) in
// whole samples; `number` moves blocks in front of it.
uint32_t scrambled(uint32_t v) {
  v = (v ^ v >> 15) * 0x2C1B3C6DU;
  v = (v ^ v >> 12) * 0x297A2D39U;
  return v ^ v >> 15;
}

int street(int u, int v) {
  const auto grain = [](int x, int y, int range) {
    const auto place = (static_cast<uint32_t>(x + 512) << 12) + static_cast<uint32_t>(y + 512);
    return static_cast<int>(scrambled(place) % static_cast<uint32_t>(range));
  };
  int level = 50 + grain(u, v, 60);
  for (const int scale : {5, 17, 43}) level += grain((u + 512) / scale, (v + 512) / scale + scale, 24);
  return level + ((u + 512) / 3 % 2 == 0 ? 40 : 0);  // railings
}

Picture street_from(int x, int y, int number, double gain = 1) {
  Picture out(192, 128);
  for (int p = 0; p < 3; ++p) {
    const int scale = p == 0 ? 1 : 2;
    for (int r = 0; r < out.plane_height(p); ++r) {
      for (int c = 0; c < out.plane_width(p); ++c) {
        const int u = c * scale + x;
        const int v = r * scale + y;
        const bool block = number > 0 && ((u - 5 * number) & 127) < 32 && ((v + 2 * number) & 127) < 24;
        const double level = block ? 200 - street(v, u) / 3.0 : street(u, v);
        const double seen = gain * (p == 0 ? level : (level - 128) / 6) + (p == 0 ? 0 : 128);
        out.plane(p)[r * out.plane_width(p) + c] = static_cast<uint8_t>(std::lround(std::clamp(seen, 0.0, 255.0)));
      }
    }
  }
  return out;
}

SceneAdjustment fit(const Picture& current, const Picture& picture) {
  SeenPicture seen(current);
  return SceneFit().next(seen, picture);
}

// Something large and bright stands in front of the scene.
void cover(Picture& picture, int width) {
  for (int r = 16; r < 112; ++r) std::fill_n(picture.plane(0) + r * picture.width() + 32, width, uint8_t{230});
}

double error(const Picture& a, const Picture& b) {
  double sum = 0;
  const int cols = a.width() / kCellSize;
  for (int i = 0; i < cols * (a.height() / kCellSize); ++i) sum += cell_error(a, b, i % cols, i / cols);
  return sum;
}

TEST(SceneAdjustment, NothingToAdjust) {
  EXPECT_TRUE(fit(scene(0, 0), scene(0, 0)).none());
  Picture covered = scene(0, 0);
  cover(covered, 60);
  EXPECT_TRUE(fit(covered, scene(0, 0)).none());
}

TEST(SceneAdjustment, NoiseIsNoChange) {
  std::mt19937 random(1);
  Picture noisy = scene(0, 0);
  for (int i = 0; i < noisy.width() * noisy.height(); ++i) {
    noisy.plane(0)[i] = static_cast<uint8_t>(noisy.plane(0)[i] + static_cast<int>(random() % 13) - 6);
  }
  EXPECT_TRUE(fit(noisy, scene(0, 0)).none());
}

TEST(SceneAdjustment, AShakenCamera) {
  for (const auto& [x, y] : {std::pair{3.0, 0.0}, {-3.0, 2.0}, {0.5, -1.5}, {-6.0, 5.0}}) {
    const SceneAdjustment found = fit(scene(x, y), scene(0, 0));
    EXPECT_NEAR(found.dx, 2 * x, 1) << x << ' ' << y;
    EXPECT_NEAR(found.dy, 2 * y, 1) << x << ' ' << y;
    EXPECT_LT(error(scene(x, y), adjusted(scene(0, 0), found)), 0.1 * error(scene(x, y), scene(0, 0)));
  }
}

TEST(SceneAdjustment, OtherLight) {
  for (const auto& [gain, offset] : {std::pair{1.15, 0.0}, {0.85, 0.0}, {1.0, 20.0}, {0.9, -10.0}}) {
    const Picture now = scene(0, 0, gain, offset);
    const SceneAdjustment found = fit(now, scene(0, 0));
    EXPECT_NEAR(found.gain, 128 * (gain - 1), 3) << gain;
    EXPECT_EQ(found.dx, 0);
    EXPECT_LT(error(now, adjusted(scene(0, 0), found)), 0.02 * error(now, scene(0, 0))) << gain << ' ' << offset;
  }
}

TEST(SceneAdjustment, BothBehindWhatStandsInFront) {
  Picture now = scene(-3, 1, 1.12, 4);
  cover(now, 48);
  const SceneAdjustment found = fit(now, scene(0, 0));
  EXPECT_NEAR(found.dx, -6, 1);
  EXPECT_NEAR(found.dy, 2, 1);
  EXPECT_NEAR(found.gain, 15, 4);
}

TEST(SceneAdjustment, StaysAsLongAsItFits) {
  const Picture known = scene(0, 0);
  SceneFit follows;
  const auto next = [&](double x) {
    const Picture now = scene(x, 0);
    SeenPicture seen(now);
    return follows.next(seen, known);
  };
  const SceneAdjustment found = next(3);
  EXPECT_EQ(found.dx, 6);
  for (int n = 0; n < 30; ++n) EXPECT_EQ(next(3.1), found);
  EXPECT_EQ(next(1).dx, 2);
  EXPECT_TRUE(next(0).none());
}

// Texture so fine that walking downhill leads nowhere.
TEST(SceneAdjustment, FineTextureShakes) {
  ActiveScene active;
  active.set({{{1}, std::make_shared<const Picture>(street_from(0, 0, 0))}}, 192, 128);
  int number = 1;
  for (const auto& [x, y] : {std::pair{3, -3}, {-3, 2}, {1, 0}, {-2, -3}, {0, 3}, {12, -9}}) {
    for (const double gain : {1.0, 1.15, 0.85}) {
      const Picture now = street_from(x, y, number, gain);
      active.adjust(now);
      const SceneAdjustment found = active.reference().adjustments[0];
      EXPECT_EQ(found.dx, 2 * x) << x << ' ' << y << ' ' << gain;
      EXPECT_EQ(found.dy, 2 * y) << x << ' ' << y << ' ' << gain;
      EXPECT_NEAR(found.gain + found.offset * 128 / 130.0, 128 * (gain - 1), 4);
    }
    ++number;
  }
}

TEST(SceneAdjustment, SmallPicturesAreLeftWhereTheyAre) {
  for (const int side : {16, 32, 48, 64}) {
    const Picture picture(side, side, 100);
    EXPECT_TRUE(fit(Picture(side, side, 140), picture).dx == 0) << side;
  }
}

TEST(SceneAdjustment, AnyBytesAdjust) {
  const Picture picture = scene(0, 0);
  for (const int v : {-128, -127, 127}) {
    const auto extreme = static_cast<int8_t>(v);
    const Picture out = adjusted(picture, {extreme, extreme, extreme, extreme});
    EXPECT_EQ(out.width(), picture.width());
    const int level = picture.plane(0)[0];
    const Picture lit = adjusted(picture, {0, 0, extreme, extreme});
    EXPECT_EQ(lit.plane(0)[0], std::clamp(((level * (128 + v) + 64) >> 7) + v, 0, 255));
    EXPECT_EQ(lit.plane(1)[5], std::clamp((((picture.plane(1)[5] - 128) * (128 + v) + 64) >> 7) + 128, 0, 255));
  }
}

TEST(ActiveScene, IsAdjustedToWhatIsSeen) {
  ActiveScene active;
  active.set({{{1}, std::make_shared<const Picture>(scene(0, 0))}}, 192, 128);
  const uint8_t number = active.reference().number;
  active.adjust(scene(3, 0));
  EXPECT_EQ(active.reference().adjustments[0].dx, 6);
  EXPECT_LT(error(scene(3, 0), active.picture(0)), 0.05 * error(scene(3, 0), scene(0, 0)));
  active.adjust(scene(0, 0));
  EXPECT_TRUE(active.reference().adjustments[0].none());
  EXPECT_EQ(error(scene(0, 0), active.picture(0)), 0);
  EXPECT_EQ(active.reference().number, number) << "the scene is the same";
}

// The same place in two lights: either will do once it is adjusted.
TEST(ActiveScene, ChangesPicturesOnlyWhereThatPays) {
  ActiveScene active;
  active.set({{{1}, std::make_shared<const Picture>(street_from(0, 0, 0, 0.9))},
              {{2}, std::make_shared<const Picture>(street_from(0, 0, 0))}},
             192, 128);
  active.adjust(street_from(2, 1, 3), 5000);
  size_t first = 0;
  for (const ActiveScene::Nearest& n : active.nearest()) first += n.picture == active.nearest()[0].picture ? 1 : 0;
  EXPECT_EQ(active.nearest().size(), 96U);
  EXPECT_EQ(first, 96U);
}

TEST(ActiveScene, TellsOfAdjustmentsThatAreInUse) {
  ActiveScene active;
  const auto known = std::make_shared<const Picture>(street_from(0, 0, 0));
  active.set({{{1}, known}, {{2}, known}}, 192, 128);
  active.adjust(street_from(2, 1, 3));
  EXPECT_EQ(active.reference().adjustments[0].dx, 4);
  EXPECT_EQ(active.reference().adjustments[1].dx, 4);
  TokenGrid grid(12, 8, full_model()->file.layout());
  EXPECT_EQ(active.reference(grid), (SceneReference{active.reference().number, {}}));
  grid.cells[5].reference = static_cast<Reference>(static_cast<size_t>(Reference::kKnowledge0) + 1);
  EXPECT_TRUE(active.reference(grid).adjustments[0].none());
  EXPECT_EQ(active.reference(grid).adjustments[1].dx, 4);
}

// Through encoder and decoder: the known scene shakes, and gets lighter.
TEST(AdjustedScene, CostsLittleMoreThanOneAtRest) {
  const PictureName name{1};
  const auto known = std::make_shared<const Picture>(scene(0, 0));
  EncoderConfig config = config_for(Clip{Clip::Kind::kStill, 192, 128}, 60000);
  config.refresh_share = 0;
  const auto bytes_of = [&](const std::function<Picture(int)>& picture) {
    Encoder encoder(full_model(), config);
    encoder.set_scene({{name, known}});
    Decoder decoder(full_model(), encoder.sequence_header());
    decoder.set_scene_memory(std::make_shared<SceneMemory>(SceneMemory{{name, known}}));
    size_t bytes = 0;
    for (int n = 0; n < 10; ++n) {
      const EncodedPicture coded = encoder.encode(picture(n).view(), n == 0 ? 0 : 0.1, false);
      EXPECT_TRUE(coded.rests || !coded.bytes.empty());
      EXPECT_FALSE(!coded.bytes.empty() && decoder.decode(coded.bytes).corrupted);
      EXPECT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction()));
      EXPECT_GT(psnr(decoder.picture(), picture(n).view()), 34);
      bytes += coded.bytes.size();
    }
    return bytes;
  };
  const size_t shaken = bytes_of([](int n) { return scene(n % 4 < 2 ? 0 : 3, n % 3 == 0 ? 0 : -3); });
  const size_t lit = bytes_of([](int n) { return scene(0, 0, 1 + 0.015 * n); });
  EXPECT_LT(shaken, 10 * 120U) << "there are always new borders";
  EXPECT_LT(lit, 10 * 60U);
}

// When a street shakes, cells show the known scene where it is now, although each of them has to say so.
TEST(AdjustedScene, ShakenCellsAreTakenFromTheScene) {
  const PictureName name{1};
  const auto known = std::make_shared<const Picture>(street_from(0, 0, 0));
  EncoderConfig config = config_for(Clip{Clip::Kind::kStill, 192, 128}, 8000);
  const auto quality_of = [&](int shake) {
    Encoder encoder(full_model(), config);
    encoder.set_scene({{name, known}});
    Decoder decoder(full_model(), encoder.sequence_header());
    decoder.set_scene_memory(std::make_shared<SceneMemory>(SceneMemory{{name, known}}));
    double sum = 0;
    for (int n = 0; n < 30; ++n) {
      const int x = n % 3 - 1;
      const int y = n % 5 - 2;
      const Picture now = street_from(shake * x, shake * y, n + 1);
      const EncodedPicture coded = encoder.encode(now.view(), n == 0 ? 0 : 0.1, false);
      EXPECT_FALSE(decoder.decode(coded.bytes).corrupted);
      EXPECT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction()));
      if (n >= 10) sum += ssim(decoder.picture(), now.view()) / 20;
    }
    return sum;
  };
  const double still = quality_of(0);
  EXPECT_GT(still, 0.85);
  EXPECT_GT(quality_of(1), still - 0.015);
}

}  // namespace
}  // namespace crlsc
