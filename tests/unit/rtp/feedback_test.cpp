// SPDX-License-Identifier: LGPL-2.1-or-later
// What receivers tell of losses, as bytes and back.
#include "core/rtp/feedback.h"

#include <gtest/gtest.h>

#include <random>

#include "core/error.h"

namespace crlsc {
namespace {

// The kind of Error that `bytes` bring about, or nothing.
std::optional<ErrorKind> error_of(const Bytes& bytes) {
  try {
    (void)parse_feedback(bytes);
  } catch (const Error& e) {
    return e.kind();
  }
  return std::nullopt;
}

TEST(Feedback, ComesBackAsItWas) {
  Feedback feedback;
  feedback.media_ssrc = 0xfedcba98;
  feedback.losses = {{0, 1, 0, 0, 0}, {63, kMostLostPictures, 255, 255, kMaxLayers - 1}, {17, 3, 4, 5, 2}};
  const Bytes bytes = write_feedback(feedback);
  EXPECT_EQ(bytes.size() % 4, 0U);
  const Feedback back = parse_feedback(bytes);
  EXPECT_EQ(back.media_ssrc, feedback.media_ssrc);
  EXPECT_EQ(back.losses, feedback.losses);
}

TEST(Feedback, TheMostLossesFitTheMostBytes) {
  Feedback feedback;
  feedback.losses.assign(kMaxFeedbackLosses, everything_lost());
  const Bytes bytes = write_feedback(feedback);
  EXPECT_LE(bytes.size(), kMaxFeedbackSize);
  EXPECT_EQ(parse_feedback(bytes).losses.size(), kMaxFeedbackLosses);
  feedback.losses.push_back({});
  EXPECT_THROW(write_feedback(feedback), Error);
}

TEST(Feedback, EntriesComeBackAsTheyWere) {
  Feedback feedback;
  feedback.media_ssrc = 5;
  feedback.losses = {{1, 1, 0, 0, 0}};
  const EntryReport most{{1, 2, 3, 4, 5, 6, 7, 8},
                         std::vector<ByteRange>(kMostReportRanges, {kMaxTransferSize - 70000, 70000})};
  feedback.entries = {{{9}, {}}, most, {{10}, {{0, 1}, {kMaxTransferSize - 1, 1}}}, most};
  const Feedback back = parse_feedback(write_feedback(feedback));
  EXPECT_EQ(back.entries, feedback.entries);
  EXPECT_EQ(back.losses, feedback.losses);
}

TEST(Feedback, TheMostEntriesFitAPacketOfTheirOwn) {
  Feedback feedback;
  const EntryReport most{{}, std::vector<ByteRange>(kMostReportRanges, {kMaxTransferSize - 70000, 70000})};
  feedback.entries.assign(kMaxFeedbackEntries, most);
  EXPECT_LE(write_feedback(feedback).size(), kMaxFeedbackSize);
  feedback.losses.assign(kMaxFeedbackLosses, everything_lost());
  EXPECT_THROW(write_feedback(feedback), Error);
  feedback.losses.clear();
  feedback.entries.emplace_back();
  EXPECT_THROW(write_feedback(feedback), Error);
}

TEST(Feedback, EntriesOutOfRangeAreNeitherWrittenNorRead) {
  for (const ByteRange& range : {ByteRange{0, 0}, ByteRange{kMaxTransferSize, 1}, ByteRange{1, kMaxTransferSize}}) {
    EXPECT_THROW(write_feedback({1, {}, {{{}, {range}}}}), Error);
  }
  EXPECT_THROW(write_feedback({1, {}, {{{}, std::vector<ByteRange>(kMostReportRanges + 1, {0, 1})}}}), Error);
  EXPECT_EQ(error_of({0, 0, 0, 1, 2, 7, 1, 2, 3, 4, 5, 6, 7}), ErrorKind::kCorrupt) << "a short name";
  EXPECT_EQ(error_of({0, 0, 0, 1, 2, 9, 1, 2, 3, 4, 5, 6, 7, 8, 1}), ErrorKind::kCorrupt) << "half a range";
  EXPECT_EQ(error_of({0, 0, 0, 1, 2, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0}), ErrorKind::kCorrupt) << "an empty range";
  EXPECT_EQ(error_of({0, 0, 0, 1, 2, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}), std::nullopt);
}

TEST(Feedback, LossesOutOfRangeAreNotWritten) {
  for (const PictureLoss& loss :
       {PictureLoss{64, 1, 0, 0, 0}, PictureLoss{0, 0, 0, 0, 0}, PictureLoss{0, 64, 0, 0, 0},
        PictureLoss{0, 1, 256, 0, 0}, PictureLoss{0, 1, 0, -1, 0}, PictureLoss{0, 1, 0, 0, 4}}) {
    EXPECT_THROW(write_feedback({1, {loss}, {}}), Error);
  }
}

TEST(Feedback, UnknownItemsAreSkippedAndKnownOnesMayGrow) {
  const Feedback feedback = parse_feedback(Bytes{0, 0, 0, 9, 200, 3, 1, 1, 1, 0, 0, 1, 5, 8, 2, 0, 0, 77, 250, 0});
  EXPECT_EQ(feedback.media_ssrc, 9U);
  EXPECT_EQ(feedback.losses, (std::vector<PictureLoss>{{2, 2, 0, 0, 0}}));
}

TEST(Feedback, BrokenBytesAreRefused) {
  EXPECT_EQ(error_of({}), ErrorKind::kCorrupt);
  EXPECT_EQ(error_of({1, 2, 3}), ErrorKind::kCorrupt);
  EXPECT_EQ(error_of({0, 0, 0, 1, 1}), ErrorKind::kCorrupt) << "no size";
  EXPECT_EQ(error_of({0, 0, 0, 1, 1, 4, 0, 1, 0}), ErrorKind::kCorrupt) << "cut short";
  EXPECT_EQ(error_of({0, 0, 0, 1, 1, 3, 0, 1, 0, 0}), ErrorKind::kCorrupt) << "a loss of three bytes";
  EXPECT_EQ(error_of({0, 0, 0, 1, 1, 4, 0, 0, 0, 0}), ErrorKind::kCorrupt) << "no pictures";
  EXPECT_EQ(error_of({0, 0, 0, 1, 1, 4, 0, 64, 0, 0}), ErrorKind::kCorrupt) << "more pictures than there are numbers";
  EXPECT_EQ(error_of(Bytes(kMaxFeedbackSize + 4)), ErrorKind::kCorrupt);
  EXPECT_EQ(error_of(Bytes(kMaxFeedbackSize)), std::nullopt) << "padding";
}

TEST(Feedback, AnyBytesGiveValidLossesOrAnError) {
  std::mt19937 random(1);
  int accepted = 0;
  for (int i = 0; i < 200000; ++i) {
    Bytes bytes(4 + random() % 60);
    // Mostly what items are made of, so that some of it is read.
    for (size_t k = 4; k < bytes.size(); ++k) bytes[k] = static_cast<uint8_t>(random() % (random() % 8 == 0 ? 256 : 6));
    try {
      const Feedback feedback = parse_feedback(bytes);
      ++accepted;
      EXPECT_LE(feedback.losses.size(), kMaxFeedbackLosses);
      for (const PictureLoss& loss : feedback.losses) EXPECT_TRUE(is_valid(loss));
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kCorrupt);
    }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace crlsc
