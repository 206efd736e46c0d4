// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures at half size (docs/bitstream.md, section "Half size"), and when the encoder chooses it.
#include <gtest/gtest.h>

#include "core/area_resize.h"
#include "core/codec/resize_choice.h"
#include "core/codec/shown.h"
#include "core/enlarge.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

Picture ramp(int width, int height) {
  Picture picture(width, height);
  for (int p = 0; p < 3; ++p) {
    for (int y = 0; y < picture.plane_height(p); ++y) {
      for (int x = 0; x < picture.plane_width(p); ++x) {
        picture.plane(p)[y * picture.plane_width(p) + x] = static_cast<uint8_t>(20 + 3 * x + 2 * y);
      }
    }
  }
  return picture;
}

TEST(Enlarge, FlatPicturesStayFlat) {
  for (const uint8_t value : {uint8_t{0}, uint8_t{77}, uint8_t{255}}) {
    const Picture large = enlarge(Picture(9, 7, value).view(), 17, 13);
    for (const uint8_t sample : large.data()) ASSERT_EQ(sample, value);
  }
}

TEST(Enlarge, SamplesLieWhereTheyLay) {
  const Picture large = enlarge(ramp(24, 20).view(), 48, 40);
  // Away from the borders, a ramp goes on at half the slope: at sample 2 i it has come a quarter less far than at i.
  for (int y = 8; y < 32; ++y) {
    for (int x = 8; x < 40; ++x) {
      const double expected = 20 + 3 * (x / 2.0 - 0.25) + 2 * (y / 2.0 - 0.25);
      ASSERT_NEAR(large.plane(0)[y * 48 + x], expected, 1.0) << x << ' ' << y;
    }
  }
}

TEST(Enlarge, HalvingUndoesIt) {
  const Clip clip{Clip::Kind::kPan, 96, 80};
  const Picture picture = resize_area(clip.picture(0).view(), 48, 40);
  const Picture back = resize_area(enlarge(picture.view(), 96, 80).view(), 48, 40);
  for (size_t i = 0; i < picture.data().size(); ++i) ASSERT_NEAR(picture.data()[i], back.data()[i], 40) << i;
}

class HalfSize : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(HalfSize, EncoderAndDecoderShowTheSame) {
  const Clip clip{Clip::Kind::kBlock, GetParam().first, GetParam().second};
  EncoderConfig config = config_for(clip, 20000);
  config.resize = ResizeMode::kHalf;
  config.target_unit_size = 200;  // several slices
  Encoder encoder(deblocking_model(), config);
  Decoder decoder(deblocking_model(), encoder.sequence_header());
  for (int n = 0; n < 12; ++n) {
    const EncodedPicture coded = encoder.encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, false);
    ASSERT_TRUE(encoder.half());
    if (coded.bytes.empty()) continue;
    EXPECT_FALSE(decoder.decode(coded.bytes).corrupted);
    EXPECT_EQ(decoder.picture().width(), clip.width);
    EXPECT_EQ(decoder.picture().height(), clip.height);
    ASSERT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction())) << n;
  }
}

INSTANTIATE_TEST_SUITE_P(, HalfSize,
                         testing::Values(std::pair{160, 112}, std::pair{161, 97}, std::pair{16, 16},
                                         std::pair{17, 33}));

// A clip of which the first pictures want many more bits than the others: full size follows half size.
class Resized : public testing::Test {
 protected:
  Resized() {
    EncoderConfig config = config_for(clip_, 2500);
    config.resize = ResizeMode::kAuto;
    config.refresh_share = 0;
    encoder_ = std::make_unique<Encoder>(deblocking_model(), config);
  }
  EncodedPicture next() {
    const int n = number_++;
    if (n == 15) encoder_->set_bitrate(200000);
    if (n == 45) encoder_->set_bitrate(1500);
    EncodedPicture coded = encoder_->encode(clip_.picture(n).view(), n == 0 ? 0 : 0.1, false);
    EXPECT_EQ(coded.key, n == 0 && !coded.bytes.empty());
    switches_ += n > 0 && encoder_->half() != half_ ? 1 : 0;
    half_ = encoder_->half();
    return coded;
  }

  const Clip clip_{Clip::Kind::kPan, 160, 112};
  std::unique_ptr<Encoder> encoder_;
  int number_ = 0;
  int switches_ = 0;
  bool half_ = false;
};

TEST_F(Resized, GoesOnWithoutAKeyPicture) {
  Decoder decoder(deblocking_model(), encoder_->sequence_header());
  for (int n = 0; n < 90; ++n) {
    const EncodedPicture coded = next();
    EXPECT_TRUE(encoder_->half() || n > 0);
    if (coded.bytes.empty()) continue;
    EXPECT_FALSE(decoder.decode(coded.bytes).corrupted) << n;
    ASSERT_TRUE(samples(decoder.picture()) == samples(encoder_->reconstruction())) << n;
  }
  EXPECT_GE(switches_, 2);
}

TEST_F(Resized, ALossThenIsReportedAndMended) {
  Decoder decoder(deblocking_model(), encoder_->sequence_header());
  int seen = 0;
  int after = 0;
  for (int n = 0; n < 90; ++n) {
    const EncodedPicture coded = next();
    if (coded.bytes.empty()) continue;
    if (switches_ > seen && switches_ == 1) {
      seen = switches_;  // the very picture that the size changes with
      decoder.conceal();
      continue;
    }
    const DecodedPicture picture = decoder.decode(coded.bytes);
    for (const PictureLoss& loss : picture.losses) encoder_->report_loss(loss);
    after += seen == 1 ? 1 : 0;
    if (after == 25) break;
  }
  ASSERT_EQ(after, 25);
  EXPECT_GT(psnr(decoder.picture(), encoder_->reconstruction()), 30);
}

TEST(Resizing, WhatWasReportedBeforeIsMendedBehind) {
  const Clip before{Clip::Kind::kStill, 160, 112, 1};
  const Clip after{Clip::Kind::kStill, 160, 112, 2};
  EncoderConfig config = config_for(before, 2000);
  config.resize = ResizeMode::kAuto;
  config.refresh_share = 0;
  Encoder encoder(deblocking_model(), config);
  Decoder decoder(deblocking_model(), encoder.sequence_header());
  decoder.decode(encoder.encode(before.picture(0).view(), 0, false).bytes);
  const auto next = [&](int n) { return encoder.encode(after.picture(n).view(), 0.1, false).bytes; };
  for (int n = 1; n < 20; ++n) next(n);
  ASSERT_TRUE(encoder.half());
  EXPECT_LT(psnr(decoder.picture(), encoder.reconstruction()), 25);
  encoder.report_loss({1, 19, 0, 0, 0});
  const auto grey = std::make_shared<const Picture>(160, 112);
  encoder.set_scene({{{1}, grey}});  // needs full size
  decoder.set_scene_memory(std::make_shared<const SceneMemory>(SceneMemory{{{1}, grey}}));
  encoder.set_bitrate(40000);
  for (int n = 20; n < 40; ++n) {
    const Bytes bytes = next(n);
    ASSERT_FALSE(encoder.half());
    if (!bytes.empty()) decoder.decode(bytes);
  }
  EXPECT_GT(psnr(decoder.picture(), encoder.reconstruction()), 35);
}

TEST(Resizing, AStreamThatChangesItsSizeAllTheTimeIsDecoded) {
  const Clip clip{Clip::Kind::kPan, 161, 97};
  std::vector<std::vector<Bytes>> streams;
  for (const ResizeMode mode : {ResizeMode::kNone, ResizeMode::kHalf}) {
    EncoderConfig config = config_for(clip, 20000);
    config.resize = mode;
    streams.push_back(encode_clip(clip, config, 12, deblocking_model()));
  }
  SequenceHeader header = Encoder(deblocking_model(), config_for(clip, 20000)).sequence_header();
  Decoder decoder(deblocking_model(), header);
  for (size_t n = 0; n < 12; ++n) {
    const Bytes& unit = streams[n % 2][n];
    if (!unit.empty()) decoder.decode(unit);
    EXPECT_EQ(decoder.picture().width(), 161);
  }
  // Units of both sizes in one access unit: the first one decides, the others are damage.
  Bytes both = streams[1][0];
  both.insert(both.end(), streams[0][0].begin(), streams[0][0].end());
  EXPECT_TRUE(decoder.decode(both).corrupted);
}

TEST(Resizing, KnownPicturesNeedFullSize) {
  const Clip clip{Clip::Kind::kStill, 160, 112};
  const auto known = std::make_shared<const Picture>(pad_to_cells(clip.picture(0).view()));
  EncoderConfig config = config_for(clip, 2000);
  config.resize = ResizeMode::kAuto;
  Encoder encoder(deblocking_model(), config);
  Decoder decoder(deblocking_model(), encoder.sequence_header());
  decoder.decode(encoder.encode(clip.picture(0).view(), 0, false).bytes);
  EXPECT_TRUE(encoder.half());
  encoder.set_scene({{{1}, known}});
  decoder.set_scene_memory(std::make_shared<const SceneMemory>(SceneMemory{{{1}, known}}));
  for (int n = 1; n < 10; ++n) {
    const EncodedPicture coded = encoder.encode(clip.picture(n).view(), 0.1, false);
    EXPECT_FALSE(encoder.half());
    if (!coded.bytes.empty()) decoder.decode(coded.bytes);
  }
  EXPECT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction()));
  config.resize = ResizeMode::kHalf;
  Encoder half(deblocking_model(), config);
  EXPECT_THROW(half.set_scene({{{1}, known}}), Error);
}

TEST(ResizeChoice, FollowsThePriceOfBits) {
  ResizeChoice choice(ResizeMode::kAuto, 0.1);
  EXPECT_FALSE(choice.half());
  for (int n = 0; n < 4; ++n) choice.sent(2500, 0.5, 0.1);
  EXPECT_FALSE(choice.half()) << "too early to tell";
  for (int n = 0; n < 8; ++n) choice.sent(2500, 0.5, 0.1);
  EXPECT_FALSE(choice.half()) << "not far off";
  for (int n = 0; n < 30; ++n) choice.sent(2500, 0.5, 0.1);
  EXPECT_TRUE(choice.half());
  for (int n = 0; n < 100; ++n) choice.sent(1000, 0.5, 0.1);
  EXPECT_TRUE(choice.half());
  for (int n = 0; n < 100; ++n) choice.sent(20, 0.5, 0.1);
  EXPECT_FALSE(choice.half());
}

TEST(ResizeChoice, SeesAtOnceWhatIsFarOff) {
  ResizeChoice choice(ResizeMode::kAuto, 0.001);
  EXPECT_TRUE(choice.half());
  for (int n = 0; n < 6; ++n) choice.sent(100, 0.05, 0.1);
  EXPECT_FALSE(choice.half());
}

TEST(ResizeChoice, DoesNotTakeItsOwnChangesForMotion) {
  ResizeChoice choice(ResizeMode::kAuto, 0.001);
  for (int n = 0; n < 6; ++n) choice.sent(100, 0.05, 0.1);
  EXPECT_FALSE(choice.half());
  choice.sent(2500, 1, 0.1);
  for (int n = 0; n < 30; ++n) choice.sent(2500, 0.05, 0.1);
  EXPECT_FALSE(choice.half());
}

TEST(ResizeChoice, KeepsToItsMode) {
  ResizeChoice none(ResizeMode::kNone, 0.001);
  ResizeChoice half(ResizeMode::kHalf, 10);
  for (int n = 0; n < 100; ++n) {
    none.sent(1e6, 1, 0.1);
    half.sent(1, 0, 0.1);
  }
  EXPECT_FALSE(none.half());
  EXPECT_TRUE(half.half());
}

}  // namespace
}  // namespace crlsc
