// SPDX-License-Identifier: LGPL-2.1-or-later
// Cameras that shake, and light that changes.
#include "core/codec/scene_adjustment.h"

#include <cmath>
#include <random>

#include "core/codec/active_scene.h"
#include "core/codec/prediction.h"
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
  EXPECT_TRUE(fit_adjustment(scene(0, 0), scene(0, 0), {}).none());
  Picture covered = scene(0, 0);
  cover(covered, 60);
  EXPECT_TRUE(fit_adjustment(covered, scene(0, 0), {}).none());
}

TEST(SceneAdjustment, NoiseIsNoChange) {
  std::mt19937 random(1);
  Picture noisy = scene(0, 0);
  for (int i = 0; i < noisy.width() * noisy.height(); ++i) {
    noisy.plane(0)[i] = static_cast<uint8_t>(noisy.plane(0)[i] + static_cast<int>(random() % 13) - 6);
  }
  EXPECT_TRUE(fit_adjustment(noisy, scene(0, 0), {}).none());
}

TEST(SceneAdjustment, AShakenCamera) {
  for (const auto& [x, y] : {std::pair{3.0, 0.0}, {-3.0, 2.0}, {0.5, -1.5}, {-6.0, 5.0}}) {
    const SceneAdjustment found = fit_adjustment(scene(x, y), scene(0, 0), {});
    EXPECT_NEAR(found.dx, 2 * x, 1) << x << ' ' << y;
    EXPECT_NEAR(found.dy, 2 * y, 1) << x << ' ' << y;
    EXPECT_LT(error(scene(x, y), adjusted(scene(0, 0), found)), 0.1 * error(scene(x, y), scene(0, 0)));
  }
}

TEST(SceneAdjustment, OtherLight) {
  for (const auto& [gain, offset] : {std::pair{1.15, 0.0}, {0.85, 0.0}, {1.0, 20.0}, {0.9, -10.0}}) {
    const Picture now = scene(0, 0, gain, offset);
    const SceneAdjustment found = fit_adjustment(now, scene(0, 0), {});
    EXPECT_NEAR(found.gain, 128 * (gain - 1), 3) << gain;
    EXPECT_EQ(found.dx, 0);
    EXPECT_LT(error(now, adjusted(scene(0, 0), found)), 0.02 * error(now, scene(0, 0))) << gain << ' ' << offset;
  }
}

TEST(SceneAdjustment, BothBehindWhatStandsInFront) {
  Picture now = scene(-3, 1, 1.12, 4);
  cover(now, 48);
  const SceneAdjustment found = fit_adjustment(now, scene(0, 0), {});
  EXPECT_NEAR(found.dx, -6, 1);
  EXPECT_NEAR(found.dy, 2, 1);
  EXPECT_NEAR(found.gain, 15, 4);
}

TEST(SceneAdjustment, StaysAsLongAsItFits) {
  const SceneAdjustment almost{6, 0, 1, 0};
  EXPECT_EQ(fit_adjustment(scene(3, 0), scene(0, 0), almost), almost);
  EXPECT_TRUE(fit_adjustment(scene(0, 0), scene(0, 0), almost).none());
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
      EXPECT_FALSE(decoder.decode(coded.bytes).corrupted);
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

}  // namespace
}  // namespace crlsc
