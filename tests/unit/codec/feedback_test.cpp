// SPDX-License-Identifier: LGPL-2.1-or-later
// Decoder to encoder: what was lost is told, and answered by a local refresh.
#include <algorithm>
#include <deque>
#include <random>

#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

constexpr double kEqual = 40;  // dB between the decoding with losses and that without: no eye tells them apart

struct Link {
  bool feedback = true;
  int delay = 2;  // pictures from a loss to the report of it
  std::function<Bytes(int, const Bytes&)> pass = [](int, const Bytes& units) { return units; };  // nothing: all lost
};

struct Outcome {
  std::vector<double> closeness;  // PSNR between both decodings, by picture
  std::vector<int64_t> bits;
  int keys = 0;
  int reports = 0;
};

Outcome transmit(const Clip& clip, EncoderConfig config, int pictures, const Link& link, int moving = 1 << 20) {
  Outcome out;
  Encoder encoder(test_model(), config);
  Decoder good(test_model(), encoder.sequence_header());
  Decoder bad(test_model(), encoder.sequence_header());
  std::deque<std::pair<int, PictureLoss>> on_the_way;
  for (int n = 0; n < pictures; ++n) {
    while (!on_the_way.empty() && on_the_way.front().first <= n) {
      encoder.report_loss(on_the_way.front().second);
      on_the_way.pop_front();
    }
    const EncodedPicture coded = encoder.encode(clip.picture(std::min(n, moving)).view(), 0.1, false);
    out.bits.push_back(static_cast<int64_t>(coded.bytes.size()) * 8);
    out.keys += coded.key ? 1 : 0;
    if (!coded.bytes.empty()) {
      good.decode(coded.bytes);
      const Bytes received = link.pass(n, coded.bytes);
      if (received.empty()) {
        bad.conceal();
      } else {
        const DecodedPicture decoded = bad.decode(received);
        for (const PictureLoss& loss : decoded.losses) {
          ++out.reports;
          if (link.feedback) on_the_way.emplace_back(n + link.delay, loss);
        }
      }
    }
    out.closeness.push_back(psnr(good.picture(), bad.picture()));
  }
  return out;
}

Link burst(int first, int count, bool feedback) {
  Link link;
  link.feedback = feedback;
  link.pass = [=](int n, const Bytes& units) { return n >= first && n < first + count ? Bytes() : units; };
  return link;
}

// Pictures from the end of the burst until the difference is gone for good.
int recovery(const Outcome& outcome, int end) {
  int last = end - 1;
  for (int n = end; n < static_cast<int>(outcome.closeness.size()); ++n) {
    if (outcome.closeness[static_cast<size_t>(n)] < kEqual) last = n;
  }
  return last + 1 - end;
}

TEST(Feedback, NothingIsReportedWithoutLoss) {
  const Outcome outcome = transmit({}, config_for({}, 20000), 30, {});
  EXPECT_EQ(outcome.reports, 0);
}

TEST(Feedback, ABurstIsOneReport) {
  const Outcome outcome = transmit({}, config_for({}, 20000), 45, burst(30, 3, true));
  EXPECT_EQ(outcome.reports, 1);
  EXPECT_EQ(outcome.keys, 1);
}

// Without the plan's own refresh, only feedback can heal.
TEST(Feedback, HealsABurstByItself) {
  const Clip clip;
  EncoderConfig config = config_for(clip, 20000);
  config.refresh_share = 0;
  const Outcome with = transmit(clip, config, 60, burst(30, 3, true), 32);
  const Outcome without = transmit(clip, config, 60, burst(30, 3, false), 32);
  EXPECT_EQ(with.keys, 1);
  EXPECT_LT(with.closeness[32], kEqual) << "the loss is seen at first";
  EXPECT_LE(recovery(with, 33), 10);
  EXPECT_GT(recovery(without, 33), 20);
}

class FeedbackAt : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(FeedbackAt, HealsFasterThanRefreshAlone) {
  const auto [bitrate, first] = GetParam();
  const Clip clip;
  const Outcome with = transmit(clip, config_for(clip, bitrate), first + 63, burst(first, 3, true));
  const Outcome without = transmit(clip, config_for(clip, bitrate), first + 63, burst(first, 3, false));
  const int a = recovery(with, first + 3);
  const int b = recovery(without, first + 3);
  std::printf("%d bit/s, burst at %d: equal again after %d pictures, without feedback after %d\n", bitrate, first, a,
              b);
  EXPECT_LE(a, b);
  EXPECT_EQ(with.keys, 1);
}

INSTANTIATE_TEST_SUITE_P(Feedback, FeedbackAt,
                         testing::Combine(testing::Values(10000, 20000, 50000), testing::Values(25, 37)));

// How long the refresh alone takes for losses at fourteen places of the clip, by rising time; no key picture helps.
class Recovery : public testing::TestWithParam<int> {
 protected:
  static constexpr int kWatched = 16;  // pictures

  void SetUp() override {
    const Clip clip;
    encoder = std::make_unique<Encoder>(test_model(), config_for(clip, GetParam()));
    for (int n = 0; n < 60 + kWatched; ++n) {
      const EncodedPicture coded = encoder->encode(clip.picture(n).view(), 0.1, false);
      EXPECT_EQ(coded.key, n == 0);
      units.push_back(coded.bytes);
      whole.push_back(pad_to_cells(encoder->reconstruction()));
    }
  }
  std::vector<int> recoveries(int lost) const {
    std::vector<int> out;
    for (int first = 20; first < 60; first += 3) {
      Decoder decoder(test_model(), encoder->sequence_header());
      Outcome outcome;
      for (int n = 0; n < first + kWatched; ++n) {
        if (n >= first && n < first + lost) {
          decoder.conceal();
        } else if (!units[static_cast<size_t>(n)].empty()) {
          decoder.decode(units[static_cast<size_t>(n)]);
        }
        const PictureView size = decoder.picture();
        outcome.closeness.push_back(
            psnr(whole[static_cast<size_t>(n)].view(size.width(), size.height()), decoder.picture()));
      }
      out.push_back(recovery(outcome, first + lost));
    }
    std::sort(out.begin(), out.end());
    std::printf("%d bit/s, %d lost: equal again after", GetParam(), lost);
    for (const int pictures : out) std::printf(" %d", pictures);
    std::printf(" pictures\n");
    return out;
  }

  std::unique_ptr<Encoder> encoder;
  std::vector<Bytes> units;
  std::vector<Picture> whole;  // what a receiver shows that lost nothing
};

// Ten pictures a second.
TEST_P(Recovery, TakesSevenTenthsOfASecond) {
  EXPECT_LE(recoveries(1).back(), 7);
  EXPECT_LE(recoveries(3).back(), 7);
}

INSTANTIATE_TEST_SUITE_P(Feedback, Recovery, testing::Values(20000, 50000));

TEST(Feedback, StaysWithinTheRate) {
  const Clip clip;
  Link link;
  std::mt19937 random(3);
  link.pass = [&](int n, const Bytes& units) { return n > 0 && random() % 4 == 0 ? Bytes() : units; };
  const Outcome outcome = transmit(clip, config_for(clip, 20000), 150, link);
  EXPECT_GT(outcome.reports, 10);
  EXPECT_LE(worst_window(outcome.bits, 10, 20000), 1.1);
}

TEST(Feedback, AStormOfReportsNeitherStopsNorKeysTheStream) {
  const Clip clip;
  Encoder encoder(test_model(), config_for(clip, 20000));
  std::mt19937 random(4);
  std::vector<int64_t> bits;
  int keys = 0;
  int dropped = 0;
  for (int n = 0; n < 100; ++n) {
    encoder.report_loss(everything_lost());
    for (int k = 0; k < 20; ++k) {
      encoder.report_loss({static_cast<int>(random() % 64), 1 + static_cast<int>(random() % 63),
                           static_cast<int>(random() % 256), static_cast<int>(random() % 256),
                           static_cast<int>(random() % 4)});
    }
    const EncodedPicture coded = encoder.encode(clip.picture(n).view(), 0.1, false);
    bits.push_back(static_cast<int64_t>(coded.bytes.size()) * 8);
    keys += coded.key ? 1 : 0;
    dropped += coded.bytes.empty() ? 1 : 0;
  }
  EXPECT_EQ(keys, 1);
  EXPECT_EQ(dropped, 0);
  EXPECT_LE(worst_window(bits, 10, 20000), 1.1);
}

// What a decoder tells of one damaged picture.
class DecoderReports : public testing::Test {
 protected:
  DecoderReports() {
    EncoderConfig config = config_for(clip, 60000);
    config.target_unit_size = 150;
    encoder = std::make_unique<Encoder>(test_model(), config);
    decoder = std::make_unique<Decoder>(test_model(), encoder->sequence_header());
    decoder->decode(next());
  }
  Bytes next() { return encoder->encode(clip.picture(number++).view(), 0.1, false).bytes; }
  // Of the next picture, the units for which keep() holds.
  std::vector<PictureLoss> losses(const std::function<bool(const TokenUnit&)>& keep) {
    const Bytes picture = next();
    unsigned kept = 0;
    const std::vector<Bytes> units = split_units(picture);
    for (size_t i = 0; i < units.size(); ++i) {
      const auto unit = parse_token_unit(parse_access_unit(units[i]).units.front(), clip.height / kCellSize);
      kept |= (unit && keep(*unit) ? 1U : 0U) << i;
    }
    EXPECT_LE(units.size(), 32U);
    return decoder->decode(join_units(units, kept)).losses;
  }
  Clip clip{Clip::Kind::kNoise};
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Decoder> decoder;
  int number = 0;
};

TEST_F(DecoderReports, RowsWithoutTheirBaseLayer) {
  const auto told = losses([](const TokenUnit& u) { return u.slice.first_row != 0; });
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first, 1);
  EXPECT_EQ(told[0].first_row, 0);
  EXPECT_GE(told[0].rows, 1);
  EXPECT_EQ(told[0].layer, 0);
}

TEST_F(DecoderReports, RowsWithoutDetail) {
  const auto told = losses([](const TokenUnit& u) { return u.layer == 0 || u.slice.first_row != 0; });
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first_row, 0);
  EXPECT_EQ(told[0].layer, 1);
}

TEST_F(DecoderReports, PicturesThatNeverCame) {
  next();
  next();
  EXPECT_EQ(decoder->decode(next()).losses, (std::vector<PictureLoss>{{1, 2, 0, 0, 0}}));
  EXPECT_EQ(decoder->decode(next()).losses, std::vector<PictureLoss>{}) << "told once";
}

TEST_F(DecoderReports, MoreThanNumbersCanTell) {
  for (int i = 0; i < 70; ++i) {
    next();
    decoder->conceal();
  }
  EXPECT_EQ(decoder->decode(next()).losses, std::vector<PictureLoss>{everything_lost()});
}

TEST_F(DecoderReports, AKeyPictureMakesUpForWhatWasLost) {
  next();
  const Bytes key = encoder->encode(clip.picture(number++).view(), 0.5, true).bytes;
  EXPECT_EQ(decoder->decode(key).losses, std::vector<PictureLoss>{});
}

TEST_F(DecoderReports, LayersThatAreNotWantedAreNotMissing) {
  decoder->set_max_layers(1);
  EXPECT_EQ(losses([](const TokenUnit& u) { return u.layer == 0; }), std::vector<PictureLoss>{});
}

}  // namespace
}  // namespace crlsc
