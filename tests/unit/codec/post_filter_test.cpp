// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures shown through a post-filter, which here makes luma brighter by 5.
#include <gtest/gtest.h>

#include "core/codec/shown_cells.h"
#include "core/token/gain.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

Bytes brighter(const PictureView& view) {
  Bytes out = samples(view);
  const auto luma = static_cast<size_t>(view.width()) * static_cast<size_t>(view.height());
  for (size_t i = 0; i < luma; ++i) out[i] = static_cast<uint8_t>(std::min(out[i] + 5, 255));
  return out;
}

// Sizes change in it, and something stands still.
class PostFilters : public testing::TestWithParam<Clip::Kind> {
 protected:
  PostFilters() {
    EncoderConfig config = config_for(clip_, 2000);
    config.resize = ResizeMode::kAuto;
    encoder_ = std::make_unique<Encoder>(post_filter_model(), config);
    plain_ = std::make_unique<Decoder>(post_filter_model(), encoder_->sequence_header());
    filtered_ = std::make_unique<Decoder>(post_filter_model(), encoder_->sequence_header());
    filtered_->set_post_filter(true);
  }
  Bytes next() {
    const int n = number_++;
    if (n == 15) encoder_->set_bitrate(200000);
    if (n == 45) encoder_->set_bitrate(1500);
    sizes_ += n > 0 && encoder_->half() != half_ ? 1 : 0;
    half_ = encoder_->half();
    return encoder_->encode(clip_.picture(n).view(), n == 0 ? 0 : 0.1, false).bytes;
  }
  void decode(const Bytes& bytes) {
    plain_->decode(bytes);
    filtered_->decode(bytes);
  }

  const Clip clip_{GetParam(), 161, 97};
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Decoder> plain_;
  std::unique_ptr<Decoder> filtered_;
  int number_ = 0;
  int sizes_ = 0;
  bool half_ = false;
};

TEST_P(PostFilters, ShowOtherPicturesAndChangeNoReference) {
  for (int n = 0; n < 80; ++n) {
    const Bytes bytes = next();
    if (bytes.empty()) continue;
    decode(bytes);
    // Not all of the pictures are looked at.
    if (n % 3 == 0) continue;
    ASSERT_TRUE(samples(filtered_->picture()) == brighter(plain_->picture())) << n;
  }
  filtered_->set_post_filter(false);
  EXPECT_TRUE(samples(filtered_->picture()) == samples(plain_->picture()));
  filtered_->set_post_filter(true);
  EXPECT_TRUE(samples(filtered_->picture()) == brighter(plain_->picture()));
  EXPECT_GE(sizes_, GetParam() == Clip::Kind::kStill ? 0 : 1);
}

TEST_P(PostFilters, ConcealedPicturesKeepTheirs) {
  decode(next());
  const Bytes shown = samples(filtered_->picture());
  for (int n = 0; n < 5; ++n) {
    next();
    filtered_->conceal();
    EXPECT_TRUE(samples(filtered_->picture()) == shown);
  }
}

INSTANTIATE_TEST_SUITE_P(, PostFilters, testing::Values(Clip::Kind::kStill, Clip::Kind::kBlock, Clip::Kind::kPan));

TEST(PostFilter, ModelsWithoutOneShowWhatWasDecoded) {
  const Clip clip;
  Encoder encoder(deblocking_model(), config_for(clip, 20000));
  Decoder decoder(deblocking_model(), encoder.sequence_header());
  decoder.set_post_filter(true);
  decoder.decode(encoder.encode(clip.picture(0).view(), 0, false).bytes);
  EXPECT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction()));
}

TEST(ShownCells, FollowStepsAlongMotion) {
  const TokenLayout layout = deblocking_model()->file.layout();
  ShownCells cells(4, 2);
  EXPECT_EQ(cells.steps(), std::vector<uint8_t>(8, ShownCells::kNone));
  TokenGrid grid(4, 2, layout);
  for (Cell& c : grid.cells) {
    c.coded = true;
    c.gain = 1;
  }
  grid.cells[2].gain = 3;
  cells.next(grid, layout);
  cells.clear_changes();
  grid = TokenGrid(4, 2, layout);
  grid.cells[1].motion = MotionVector{2 * 10, 0};  // most of it comes from cell 2
  grid.cells[4].reference = Reference::kGrey;
  grid.cells[5].reference = Reference::kKnowledge0;
  cells.next(grid, layout);
  const auto fine = static_cast<uint8_t>(step_value(1));
  const auto coarse = static_cast<uint8_t>(step_value(3));
  EXPECT_EQ(cells.steps(),
            (std::vector<uint8_t>{fine, coarse, coarse, fine, ShownCells::kNone, ShownCells::kKnown, fine, fine}));
  EXPECT_EQ(cells.changed(), (std::vector<uint8_t>{0, 1, 0, 0, 1, 1, 0, 0}));
  EXPECT_TRUE(cells.any_changed());
  cells.clear_changes();
  EXPECT_FALSE(cells.any_changed());
}

}  // namespace
}  // namespace crlsc
