// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder with the integer backend: rates, sizes, and agreement with the decoder.
#include "core/codec/encoder.h"

#include <numeric>

#include "core/codec/picture_reader.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

int64_t bits_of(const EncodedPicture& coded) { return static_cast<int64_t>(coded.bytes.size()) * 8; }

// A model, a kind of clip and a bit rate, and what such a test is called.
using ClipParam = std::tuple<std::string, std::string, int>;
const auto kClipName = [](const testing::TestParamInfo<ClipParam>& info) {
  const auto& [model, kind, bitrate] = info.param;
  return model + "_" + kind + "_" + std::to_string(bitrate);
};

class Bitrate : public testing::TestWithParam<ClipParam> {};

TEST_P(Bitrate, IsACeiling) {
  constexpr int kPictures = 70;  // the first second, and six more
  const auto& [model, kind, bitrate] = GetParam();
  const Clip clip{kind_named(kind), 128, 96};
  std::vector<int64_t> bits;
  int64_t incomplete = 0;
  const auto count = [&](int, const EncodedPicture& coded, const Encoder&) {
    bits.push_back(bits_of(coded));
    incomplete += coded.complete ? 0 : 1;
  };
  encode_clip(clip, config_for(clip, bitrate), kPictures, count, model_named(model));
  EXPECT_LE(worst_window(bits, 10, bitrate), 1.1);
  // Below the rate only where nothing was left to send.
  const double mean = static_cast<double>(std::accumulate(bits.begin() + 10, bits.end(), int64_t{0})) / 6;
  if (incomplete == kPictures) {
    EXPECT_GT(mean, 0.9 * bitrate);
  }
}

INSTANTIATE_TEST_SUITE_P(Encoder, Bitrate,
                         testing::Combine(testing::Values("vector", "scalar"),
                                          testing::Values("still", "block", "pan", "noise", "cuts"),
                                          testing::Values(10000, 20000, 100000)),
                         kClipName);

TEST(Encoder, BitrateChangesWhileRunning) {
  const Clip clip{Clip::Kind::kNoise, 192, 160};
  Encoder encoder(test_model(), config_for(clip, 50000));
  std::vector<int64_t> bits;
  const auto run = [&](int pictures) {
    bits.clear();
    for (int n = 0; n < pictures; ++n) bits.push_back(bits_of(encoder.encode(clip.picture(n).view(), 0.1, false)));
    return static_cast<double>(std::accumulate(bits.begin(), bits.end(), int64_t{0})) * 10 / pictures;
  };
  run(30);
  EXPECT_NEAR(run(50), 50000, 4000);
  encoder.set_bitrate(12000);
  EXPECT_NEAR(run(70), 12000, 4000);
  EXPECT_LE(worst_window(bits, 10, 12000), 1.1);
  encoder.set_bitrate(80000);
  EXPECT_NEAR(run(50), 80000, 7000);
}

TEST(Encoder, VariableFrameTimes) {
  const Clip clip{Clip::Kind::kNoise, 192, 160};
  EncoderConfig config = config_for(clip, 20000);
  config.sequence.framerate_num = 0;
  Encoder encoder(test_model(), config);
  const double steps[] = {0.04, 0.04, 0.5, 0.1, 0.02, 0.3};
  double time = 0;
  double bits = 0;
  for (int n = 0; n < 90; ++n) {
    const double step = n == 0 ? 0 : steps[n % 6];
    time += step;
    bits += static_cast<double>(bits_of(encoder.encode(clip.picture(n).view(), step, false)));
  }
  EXPECT_LE(bits, 20000 * (time + 1.1));
  // The bucket runs empty in the longest gaps.
  EXPECT_GE(bits, 0.55 * 20000 * time);
}

// A link that becomes narrower gets what it can carry half a second later.
TEST(Encoder, ALowerRateHoldsAfterHalfASecond) {
  for (const auto kind : {Clip::Kind::kBlock, Clip::Kind::kPan, Clip::Kind::kNoise}) {
    const Clip clip{kind, 160, 112};
    Encoder encoder(full_model(), config_for(clip, 20000));
    double bits = 0;
    for (int n = 0; n < 65; ++n) {
      if (n == 50) encoder.set_bitrate(8000);
      const EncodedPicture coded = encoder.encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, false);
      if (n >= 55) bits += static_cast<double>(coded.bytes.size()) * 8;
    }
    EXPECT_LE(bits, 1.1 * 8000) << static_cast<int>(kind);
    EXPECT_GT(bits, 0) << static_cast<int>(kind);
  }
}

TEST(Encoder, NoPictureButTheFirstTakesMoreThanFourOfTheMean) {
  for (const auto kind : {Clip::Kind::kBlock, Clip::Kind::kPan, Clip::Kind::kCuts, Clip::Kind::kNoise}) {
    const Clip clip{kind, 160, 112};
    double sum = 0;
    double most = 0;
    encode_clip(
        clip, config_for(clip, 20000), 80,
        [&](int n, const EncodedPicture& coded, const Encoder&) {
          sum += static_cast<double>(coded.bytes.size());
          if (n > 0) most = std::max(most, static_cast<double>(coded.bytes.size()));
        },
        full_model());
    EXPECT_LE(most, 4 * sum / 80) << static_cast<int>(kind);
  }
}

class EveryClip : public testing::TestWithParam<ClipParam> {};

// The heart of it: sender and receiver show the same, sample by sample, for ever.
TEST_P(EveryClip, DecodesToTheEncodersReconstruction) {
  const auto& [name, kind, bitrate] = GetParam();
  const TestModel model = model_named(name);
  const Clip clip{kind_named(kind), 151, 109};
  std::unique_ptr<Decoder> decoder;
  const auto compare = [&](int n, const EncodedPicture& coded, const Encoder& encoder) {
    if (!decoder) decoder = std::make_unique<Decoder>(model, encoder.sequence_header());
    if (!coded.bytes.empty()) {
      const DecodedPicture decoded = decoder->decode(coded.bytes);
      EXPECT_EQ(decoded.key, coded.key);
      EXPECT_FALSE(decoded.corrupted) << n;
    }
    ASSERT_TRUE(samples(decoder->picture()) == samples(encoder.reconstruction())) << "picture " << n;
  };
  encode_clip(clip, config_for(clip, bitrate), 60, compare, model);
}

INSTANTIATE_TEST_SUITE_P(Encoder, EveryClip,
                         testing::Combine(testing::Values("vector", "scalar"),
                                          testing::Values("still", "block", "pan", "noise", "cuts"),
                                          testing::Values(8000, 60000)),
                         kClipName);

class Sizes : public testing::TestWithParam<std::tuple<int, int, int>> {};

TEST_P(Sizes, EncodeAndDecode) {
  const auto [width, height, pictures] = GetParam();
  const Clip clip{Clip::Kind::kBlock, width, height};
  const EncoderConfig config = config_for(clip, 50000 + width * height);
  std::unique_ptr<Decoder> decoder;
  double before = 0;
  encode_clip(clip, config, pictures, [&](int n, const EncodedPicture& coded, const Encoder& encoder) {
    if (!decoder) decoder = std::make_unique<Decoder>(test_model(), encoder.sequence_header());
    ASSERT_FALSE(coded.bytes.empty());
    decoder->decode(coded.bytes);
    const PictureView shown = decoder->picture();
    ASSERT_EQ(shown.width(), width);
    ASSERT_EQ(shown.height(), height);
    ASSERT_EQ(shown.planes[1].width, (width + 1) / 2);
    ASSERT_TRUE(samples(shown) == samples(encoder.reconstruction()));
    if (n == 0) before = psnr(clip.picture(n).view(), Picture(width, height).view());
    EXPECT_GT(psnr(clip.picture(n).view(), shown), before + 1) << "better than grey";
  });
}

INSTANTIATE_TEST_SUITE_P(Encoder, Sizes,
                         testing::Values(std::tuple{16, 16, 5}, std::tuple{17, 16, 5}, std::tuple{16, 17, 5},
                                         std::tuple{33, 31, 5}, std::tuple{176, 144, 4}, std::tuple{319, 241, 3},
                                         std::tuple{16, 1088, 2}, std::tuple{1920, 16, 2}, std::tuple{1919, 1087, 2},
                                         std::tuple{1920, 1088, 2}),
                         [](const auto& param) {
                           return std::to_string(std::get<0>(param.param)) + "x" +
                                  std::to_string(std::get<1>(param.param));
                         });

TEST(Encoder, TheFirstPictureIsAKeyPicture) {
  const Clip clip;
  encode_clip(clip, config_for(clip, 20000), 5, [](int n, const EncodedPicture& coded, const Encoder&) {
    EXPECT_EQ(coded.key, n == 0);
    const AccessUnitView view = parse_access_unit(coded.bytes);
    EXPECT_EQ(view.units.at(0).header.type == UnitType::kSequenceHeader, n == 0);
    for (const UnitView& unit : view.units) EXPECT_EQ(unit.header.key, n == 0);
  });
}

TEST(Encoder, KeyPicturesOnRequest) {
  const Clip clip;
  Encoder encoder(test_model(), config_for(clip, 40000));
  std::unique_ptr<Decoder> late;
  for (int n = 0; n < 30; ++n) {
    const EncodedPicture coded = encoder.encode(clip.picture(n).view(), n == 0 ? 0 : 0.1, n == 20);
    EXPECT_EQ(coded.key, n == 0 || n == 20);
    if (n == 20) {
      const AccessUnitView view = parse_access_unit(coded.bytes);
      ASSERT_EQ(view.units.at(0).header.type, UnitType::kSequenceHeader);
      late = std::make_unique<Decoder>(test_model(), parse_sequence_header(view.units[0].payload));
    }
    if (!late) continue;
    // Who joins here misses nothing.
    EXPECT_FALSE(late->decode(coded.bytes).corrupted);
    ASSERT_TRUE(samples(late->picture()) == samples(encoder.reconstruction())) << n;
  }
}

// A scene for whose cells, all coded, the bucket never has room: key pictures come all the same, with grey in them.
TEST(Encoder, KeyPicturesThatAreTooLargeCome) {
  const Clip clip{Clip::Kind::kNoise, 320, 240};
  Encoder encoder(test_model(), config_for(clip, 4000));
  int keys = 0;
  int shown = 0;
  bool owed = false;
  for (int i = 0; i < 60; ++i) {
    owed |= i % 15 == 0;
    const EncodedPicture coded = encoder.encode(clip.picture(i).view(), i == 0 ? 0 : 0.1, owed);
    owed &= !coded.key;
    keys += coded.key ? 1 : 0;
    shown += coded.bytes.empty() ? 0 : 1;
  }
  EXPECT_EQ(keys, 4);
  EXPECT_GE(shown, 40);
}

// Where not even that fits, the stream goes on without.
TEST(Encoder, KeyPicturesThatCannotBeHadDoNotStopTheStream) {
  const Clip clip{Clip::Kind::kBlock, 320, 240};
  Encoder encoder(test_model(), config_for(clip, 1000));
  int shown = 0;
  for (int i = 0; i < 40; ++i) {
    shown += encoder.encode(clip.picture(i).view(), i == 0 ? 0 : 0.1, true).bytes.empty() ? 0 : 1;
  }
  EXPECT_GE(shown, 7);
}

TEST(Encoder, SequenceHeaderNamesModelAndLayers) {
  const Clip clip;
  EncoderConfig config = config_for(clip, 20000, 25);
  config.layers = 2;
  const SequenceHeader header = Encoder(test_model(), config).sequence_header();
  EXPECT_EQ(header.model_id, test_model()->file.id());
  EXPECT_EQ(header.layers, 2);
  EXPECT_EQ(header.width, clip.width);
  EXPECT_EQ(header.framerate_num, 25U);
  config.layers = kMaxLayers;
  EXPECT_EQ(Encoder(test_model(), config).sequence_header().layers, 3) << "no more than the model has";
}

TEST(Encoder, IsDeterministic) {
  for (const TestModel& model : {test_model(), scalar_model()}) {
    for (const char* kind : {"block", "noise"}) {
      const Clip clip{kind_named(kind), 120, 90};
      const EncoderConfig config = config_for(clip, 30000);
      EXPECT_EQ(encode_clip(clip, config, 15, model), encode_clip(clip, config, 15, model)) << kind;
    }
  }
}

// What a vector quantiser cannot do: the quality follows the rate, since the steps do.
TEST(Encoder, MoreBitsMakeCoefficientsFiner) {
  const Clip clip{Clip::Kind::kNoise, 96, 80};
  double last = 0;
  for (const int bitrate : {20000, 80000, 320000, 1280000}) {
    double sum = 0;
    const auto measure = [&](int n, const EncodedPicture&, const Encoder& encoder) {
      sum += psnr(clip.picture(n).view(), encoder.reconstruction());
    };
    encode_clip(clip, config_for(clip, bitrate), 12, measure, scalar_model());
    EXPECT_GT(sum / 12, last + 0.5) << bitrate;
    last = sum / 12;
  }
}

TEST(Encoder, AStillSceneTakesItsRefreshAndNoMore) {
  const Clip clip{Clip::Kind::kStill, 320, 240};
  size_t bytes = 0;
  encode_clip(clip, config_for(clip, 100000), 80, [&bytes](int n, const EncodedPicture& coded, const Encoder&) {
    if (n >= 50) bytes += coded.bytes.size();
  });
  EXPECT_LE(bytes * 8, 3U * 100000 / 2);
}

TEST(Encoder, WhatIsCalledCompleteIsGood) {
  // Few bits for much noise: something worth sending is always left.
  const Clip clip{Clip::Kind::kNoise, 192, 160};
  encode_clip(clip, config_for(clip, 12000), 40,
              [](int n, const EncodedPicture& coded, const Encoder&) { EXPECT_FALSE(coded.complete) << n; });
}

TEST(Encoder, EqualPicturesWithoutRefreshTakeTenBytes) {
  const Clip clip{Clip::Kind::kStill, 320, 240};
  EncoderConfig config = config_for(clip, 400000);
  config.refresh_share = 0;
  encode_clip(clip, config, 30, [](int n, const EncodedPicture& coded, const Encoder&) {
    if (n < 25) return;
    EXPECT_TRUE(coded.complete) << n;
    EXPECT_LE(coded.bytes.size(), 10U) << n;
  });
}

TEST(Encoder, MoreBitsAreBetter) {
  const Clip clip{Clip::Kind::kPan, 128, 96};
  double last = 0;
  for (const int bitrate : {2000, 5000, 12000}) {
    double sum = 0;
    EncoderConfig config = config_for(clip, bitrate);
    config.refresh_share = 0;  // or it grows with the rate
    encode_clip(clip, config, 30, [&](int n, const EncodedPicture&, const Encoder& encoder) {
      sum += psnr(clip.picture(n).view(), encoder.reconstruction());
    });
    EXPECT_GT(sum, last + 30 * 0.3) << bitrate;
    last = sum;
  }
}

// As many pictures at one moment as it takes until the bucket is full.
TEST(Encoder, ADroppedPictureLeavesNoTrace) {
  const Clip clip{Clip::Kind::kNoise, 96, 96};
  const EncoderConfig config = config_for(clip, 1500);
  Encoder encoder(test_model(), config);
  Decoder decoder(test_model(), encoder.sequence_header());
  int dropped = 0;
  for (int n = 0; n < 120; ++n) {
    const Bytes before = samples(encoder.reconstruction());
    const EncodedPicture coded = encoder.encode(clip.picture(n).view(), n % 40 == 39 ? 2.0 : 0.0, false);
    if (coded.bytes.empty()) {
      ++dropped;
      EXPECT_FALSE(coded.complete);
      ASSERT_TRUE(samples(encoder.reconstruction()) == before);
      continue;
    }
    EXPECT_FALSE(decoder.decode(coded.bytes).corrupted) << "picture numbers count sent pictures";
    ASSERT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction())) << n;
  }
  EXPECT_GT(dropped, 20);
  EXPECT_LT(dropped, 119);
}

TEST(Encoder, AFullBucketTakesHardlyAnything) {
  // Of pictures at one moment, the last ones find no room for more than "no change".
  const Clip clip{Clip::Kind::kNoise, 640, 480};
  Encoder encoder(test_model(), config_for(clip, 60000));
  EncodedPicture coded;
  for (int n = 0; n < 12; ++n) coded = encoder.encode(clip.picture(n).view(), 0, false);
  ASSERT_FALSE(coded.bytes.empty());
  EXPECT_FALSE(coded.complete);
  EXPECT_LE(coded.bytes.size(), 20U);
}

// 1,200 cells that all move, at a rate that does not pay for their vectors: some must stand still, not the stream.
TEST(Encoder, VectorsThatDoNotFitAreLeftOut) {
  const Clip clip{Clip::Kind::kPan, 640, 480};
  int empty = 0;
  encode_clip(clip, config_for(clip, 8000), 30, [&empty](int, const EncodedPicture& coded, const Encoder&) {
    if (coded.bytes.size() < 20) ++empty;
  });
  EXPECT_LT(empty, 10);
}

TEST(Encoder, TokensAreThoseThatADecoderReads) {
  const Clip clip{Clip::Kind::kBlock, 128, 96};
  PictureReader reader(test_model()->file, 8, 6);
  encode_clip(clip, config_for(clip, 40000), 10, [&](int, const EncodedPicture& coded, const Encoder& encoder) {
    ASSERT_TRUE(reader.read(coded.bytes, kMaxLayers).readable);
    const TokenGrid& sent = encoder.tokens();
    for (size_t i = 0; i < sent.cells.size(); ++i) {
      const Cell& a = sent.cells[i];
      const Cell& b = reader.grid().cells[i];
      ASSERT_EQ(a.coded, b.coded);
      ASSERT_EQ(a.stages, b.stages);
      ASSERT_EQ(a.reference, b.reference);
      ASSERT_EQ(a.motion, b.motion);
      if (a.coded) {
        ASSERT_EQ(sent.structure[i], reader.grid().structure[i]);
      }
    }
  });
}

TEST(Encoder, MotionIsUsedForPans) {
  const Clip clip{Clip::Kind::kPan, 160, 112};
  int moved = 0;
  encode_clip(clip, config_for(clip, 20000), 20, [&moved](int n, const EncodedPicture&, const Encoder& encoder) {
    if (n < 10) return;
    for (const Cell& cell : encoder.tokens().cells) moved += cell.motion != MotionVector{} ? 1 : 0;
  });
  EXPECT_GT(moved, 10 * 70 / 2) << "of 70 cells";
}

// Steps are chosen for the price that fits the picture's bits, whatever the guess was.
TEST(Encoder, MoreBitsMakeABetterFirstPicture) {
  const Clip clip{Clip::Kind::kBlock, 160, 112};
  const Picture picture = clip.picture(0);
  double before = 0;
  for (const int bitrate : {6000, 9000, 13500, 20000, 30000, 45000, 67000}) {
    Encoder encoder(full_model(), config_for(clip, bitrate));
    ASSERT_FALSE(encoder.encode(picture.view(), 0, true).bytes.empty()) << bitrate;
    const double now = psnr(encoder.reconstruction(), picture.view());
    EXPECT_GT(now, before - 0.2) << bitrate;
    before = now;
  }
  EXPECT_GT(before, 25);
}

TEST(Encoder, CellsAreDrawnAnewBehindACut) {
  const Clip clip{Clip::Kind::kCuts, 160, 112};
  std::array<int, 16> on_grey{};
  const auto count = [&on_grey](int n, const EncodedPicture& coded, const Encoder& encoder) {
    for (const Cell& cell : encoder.tokens().cells) {
      if (!coded.key && cell.coded && cell.reference == Reference::kGrey) ++on_grey[static_cast<size_t>(n)];
    }
  };
  encode_clip(clip, config_for(clip, 40000), 16, count, full_model());
  EXPECT_GT(on_grey[12], 20) << "of 70 cells";
  EXPECT_LT(on_grey[11], 10);
}

// What was shown before is of no use then: with the same bytes, a new scene looks as it would as a first picture.
TEST(Encoder, ACutLooksLikeAFirstPicture) {
  const Clip clip{Clip::Kind::kCuts, 160, 112};
  const Clip before{Clip::Kind::kPan, 160, 112, 77};
  Encoder running(full_model(), config_for(clip, 20000));
  for (int n = 0; n < 20; ++n) running.encode(before.picture(n).view(), n == 0 ? 0 : 0.1, false);
  const EncodedPicture cut = running.encode(clip.picture(0).view(), 0.1, false);
  // A first picture takes 0.7 s worth of bits.
  const auto rate = static_cast<int>(static_cast<double>(cut.bytes.size()) * 8 / 0.7);
  Encoder fresh(full_model(), config_for(clip, rate));
  const EncodedPicture first = fresh.encode(clip.picture(0).view(), 0, false);
  EXPECT_LE(first.bytes.size(), cut.bytes.size());
  EXPECT_GT(psnr(running.reconstruction(), clip.picture(0).view()),
            psnr(fresh.reconstruction(), clip.picture(0).view()) - 1);
}

TEST(Encoder, CellsAreSplitWhereSomethingMovesOverAStillScene) {
  const Clip clip{Clip::Kind::kBlock, 160, 112};
  const auto split_cells = [&clip](const TestModel& model) {
    int split = 0;
    const auto count = [&split](int, const EncodedPicture&, const Encoder& encoder) {
      for (const Cell& cell : encoder.tokens().cells) split += cell.motion.split() ? 1 : 0;
    };
    encode_clip(clip, config_for(clip, 40000), 20, count, model);
    return split;
  };
  EXPECT_GT(split_cells(full_model()), 20);
  EXPECT_EQ(split_cells(scalar_model()), 0);
}

TEST(Encoder, SettingsOutOfRangeAreRefused) {
  const auto refused = [](int width, int height, int bitrate) {
    Clip clip;
    clip.width = width;
    clip.height = height;
    return error_of([&] { Encoder encoder(test_model(), config_for(clip, bitrate)); });
  };
  EXPECT_EQ(refused(160, 120, 20000), std::nullopt);
  EXPECT_EQ(refused(15, 120, 20000), ErrorKind::kSettings);
  EXPECT_EQ(refused(160, 15, 20000), ErrorKind::kSettings);
  EXPECT_EQ(refused(1921, 120, 20000), ErrorKind::kSettings);
  EXPECT_EQ(refused(160, 1089, 20000), ErrorKind::kSettings);
  EXPECT_EQ(refused(0, 0, 20000), ErrorKind::kSettings);
  EXPECT_EQ(refused(160, 120, 0), ErrorKind::kSettings);
  EXPECT_EQ(refused(160, 120, -5), ErrorKind::kSettings);
}

TEST(Encoder, PicturesOfAnotherSizeAreRefused) {
  const Clip clip{Clip::Kind::kBlock, 64, 64};
  Encoder encoder(test_model(), config_for(clip, 20000));
  EXPECT_EQ(error_of([&] { encoder.encode(Picture(48, 64).view(), 0, false); }), ErrorKind::kSettings);
  EXPECT_EQ(error_of([&] { encoder.encode(Picture(64, 80).view(), 0, false); }), ErrorKind::kSettings);
  EXPECT_FALSE(encoder.encode(clip.picture(0).view(), 0, false).bytes.empty());
}

// Behind a cut, pictures may take nothing for a while; what they do not take of it is no price.
TEST(Encoder, PriceStaysOneWhereAPictureMayTakeNothing) {
  for (const int bitrate : {4000, 10000, 30000, 100000}) {
    EncoderConfig config = config_for(Clip{}, bitrate, 50);
    config.refresh_share = 0;
    Encoder encoder(scalar_model(), config);
    for (int n = 0; n < 150; ++n) {
      const Clip scene{Clip::Kind::kStill, 160, 112, static_cast<uint32_t>(1 + n / 25)};
      encoder.encode(scene.picture(0).view(), n == 0 ? 0 : 0.02, false);
      ASSERT_TRUE(encoder.lambda() >= 0.25 && encoder.lambda() < 1e6) << "picture " << n << ": " << encoder.lambda();
    }
  }
}

}  // namespace
}  // namespace crlsc
