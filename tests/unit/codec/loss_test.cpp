// SPDX-License-Identifier: LGPL-2.1-or-later
// Streams heal by themselves: no feedback, no key pictures.
#include <random>

#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

constexpr double kHealed = 0.98;

struct Outcome {
  std::vector<double> closeness;  // SSIM against the loss-free decoding, by picture
  int shown = 0;
  int keys = 0;
};

// Decodes a clip twice, once without the pictures for which lost(n) holds.
Outcome with_losses(const Clip& clip, const EncoderConfig& config, int pictures, const std::function<bool(int)>& lost) {
  Outcome outcome;
  std::unique_ptr<Decoder> good;
  std::unique_ptr<Decoder> bad;
  encode_clip(clip, config, pictures, [&](int n, const EncodedPicture& coded, const Encoder& encoder) {
    if (!good) {
      good = std::make_unique<Decoder>(test_model(), encoder.sequence_header());
      bad = std::make_unique<Decoder>(test_model(), encoder.sequence_header());
    }
    if (!coded.bytes.empty()) {
      good->decode(coded.bytes);
      if (lost(n)) {
        bad->conceal();
      } else {
        bad->decode(coded.bytes);
      }
    }
    outcome.keys += coded.key ? 1 : 0;
    ++outcome.shown;
    outcome.closeness.push_back(ssim(good->picture(), bad->picture()));
  });
  return outcome;
}

class Burst : public testing::TestWithParam<std::tuple<std::string, int, int>> {};

// Three pictures in a row are lost; from two seconds later on, the picture is what it would have been.
TEST_P(Burst, HealsWithinTwoSeconds) {
  const auto& [kind, bitrate, first] = GetParam();
  const Clip clip{kind_named(kind), 160, 112};
  const Outcome outcome = with_losses(clip, config_for(clip, bitrate), first + 45,
                                      [first = first](int n) { return n >= first && n < first + 3; });
  EXPECT_EQ(outcome.keys, 1);
  for (int n = first + 3 + 20; n < first + 45; ++n) {
    EXPECT_GE(outcome.closeness[static_cast<size_t>(n)], kHealed) << n - first - 3 << " pictures after the loss";
  }
}

INSTANTIATE_TEST_SUITE_P(Loss, Burst,
                         testing::Combine(testing::Values("block"), testing::Values(20000, 50000),
                                          testing::Values(25, 37, 52)),
                         [](const auto& param) {
                           return std::get<0>(param.param) + "_" + std::to_string(std::get<1>(param.param)) + "_at" +
                                  std::to_string(std::get<2>(param.param));
                         });

TEST(Loss, TheLossIsSeenAtFirst) {
  // Otherwise the tests above would show nothing.
  const Clip clip;
  const Outcome outcome = with_losses(clip, config_for(clip, 20000), 45, [](int n) { return n >= 37 && n < 40; });
  EXPECT_EQ(outcome.closeness[36], 1.0);
  EXPECT_LT(outcome.closeness[39], kHealed - 0.01);
}

TEST(Loss, HealsAlsoWhenTheSceneComesToRest) {
  // The block stops where it is when the burst begins: what was lost is never touched again by the scene itself.
  const Clip clip;
  Encoder encoder(test_model(), config_for(clip, 20000));
  Decoder good(test_model(), encoder.sequence_header());
  Decoder bad(test_model(), encoder.sequence_header());
  for (int n = 0; n < 80; ++n) {
    const EncodedPicture coded = encoder.encode(clip.picture(std::min(n, 32)).view(), 0.1, false);
    if (coded.bytes.empty()) continue;
    good.decode(coded.bytes);
    if (n >= 30 && n < 33) {
      bad.conceal();
    } else {
      bad.decode(coded.bytes);
    }
    if (n >= 53) {
      EXPECT_GE(ssim(good.picture(), bad.picture()), kHealed) << n;
    }
  }
}

// Mean SSIM lost against the original when every tenth unit is missing.
double random_loss(const Clip& clip, const EncoderConfig& config, int pictures, uint32_t seed) {
  std::mt19937 random(seed);
  std::unique_ptr<Decoder> good;
  std::unique_ptr<Decoder> bad;
  double lost = 0;
  encode_clip(clip, config, pictures, [&](int n, const EncodedPicture& coded, const Encoder& encoder) {
    if (!good) {
      good = std::make_unique<Decoder>(test_model(), encoder.sequence_header());
      bad = std::make_unique<Decoder>(test_model(), encoder.sequence_header());
    }
    if (!coded.bytes.empty()) {
      good->decode(coded.bytes);
      unsigned kept = 0;
      for (unsigned i = 0; i < 32; ++i) kept |= (n == 0 || random() % 10 != 0 ? 1U : 0U) << i;
      const Bytes rest = join_units(split_units(coded.bytes), kept);
      if (error_of([&] { bad->decode(rest); })) bad->conceal();
    }
    const Picture original = clip.picture(n);
    lost += ssim(original.view(), good->picture()) - ssim(original.view(), bad->picture());
  });
  return lost / pictures;
}

TEST(Loss, EveryTenthUnitAtRandom) {
  const Clip clip;
  EncoderConfig config = config_for(clip, 30000);
  config.target_unit_size = 300;
  double with_refresh = 0;
  double without = 0;
  for (uint32_t seed = 0; seed < 4; ++seed) with_refresh += random_loss(clip, config, 120, seed) / 4;
  config.refresh_share = 0;
  for (uint32_t seed = 0; seed < 4; ++seed) without += random_loss(clip, config, 120, seed) / 4;
  EXPECT_LE(with_refresh, 0.1);
  EXPECT_LT(with_refresh, without * 0.7);
}

TEST(Loss, WithoutRefreshItWouldStay) {
  const Clip clip;
  EncoderConfig config = config_for(clip, 20000);
  config.refresh_share = 0;
  Encoder encoder(test_model(), config);
  Decoder good(test_model(), encoder.sequence_header());
  Decoder bad(test_model(), encoder.sequence_header());
  for (int n = 0; n < 70; ++n) {
    const EncodedPicture coded = encoder.encode(clip.picture(std::min(n, 32)).view(), 0.1, false);
    if (coded.bytes.empty()) continue;
    good.decode(coded.bytes);
    if (n < 30 || n > 32) bad.decode(coded.bytes);
  }
  EXPECT_LT(ssim(good.picture(), bad.picture()), 0.995);
}

}  // namespace
}  // namespace crlsc
