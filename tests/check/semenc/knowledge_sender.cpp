// SPDX-License-Identifier: LGPL-2.1-or-later
// Entries that come into the encoder's file while it runs: offered, sent and referred to like those that were there.
#include "../../../plugins/semenc/knowledge_sender.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <random>

#include "core/bitstream/unit.h"
#include "semkb/transfer_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

GST_DEBUG_CATEGORY(crlscenc_debug);

namespace {

struct File {
  File() : path(folder.path() + "/sender.crlsckb") { write_sender_knowledge(path, {}); }
  Folder folder;
  std::string path;
};

Picture drawn(const GstVideoInfo& info) {
  GstBuffer* frame = make_frame(info, 0);
  Picture picture(info.width, info.height);
  gst_buffer_extract(frame, 0, picture.plane(0), picture.data().size());
  gst_buffer_unref(frame);
  return picture;
}

// The transfer of what comes in so many seconds.
std::optional<TransferEntry> collect(KnowledgeSender& sender, int seconds) {
  EntryCollector collector;
  for (int i = 0; i < seconds; ++i) {
    Bytes units;
    sender.append_pieces(units, 1, 20000, 0.1);
    for (const UnitView& unit : parse_access_unit(units).units) {
      if (auto entry = collector.take(parse_knowledge_unit(unit.payload).value())) return entry;
    }
  }
  return std::nullopt;
}

// All of an entry, twice; behind each pass comes a pause.
void send_twice(KnowledgeSender& sender) {
  fail_unless(collect(sender, 60));
  fail_unless(collect(sender, 60));
}

// A receiver of the stream's pieces at the other end of a network that loses packets both ways. Everything happens in
// the stream's time.
class FarEnd {
 public:
  FarEnd(double loss, uint32_t seed) : loss_(loss), random_(seed) {}

  // An access unit, which is one packet.
  void take(const Bytes& units, double now) {
    if (lost()) return;
    for (const UnitView& unit : parse_access_unit(units).units) {
      const KnowledgeUnit piece = parse_knowledge_unit(unit.payload).value();
      if (!entry_) entry_ = collector_.take(piece);
      if (!piece.asks || lost()) continue;
      const auto missing = collector_.report(piece.name, kMostReportRanges);
      if (missing || entry_) reports_.push_back({now + kWayBack, missing.value_or(EntryReport{piece.name, {}})});
    }
  }
  // What arrives at the sender by now.
  void answer(KnowledgeSender& sender, double now) {
    for (; !reports_.empty() && reports_.front().first <= now; reports_.pop_front()) {
      sender.report(reports_.front().second);
    }
  }
  const std::optional<TransferEntry>& entry() const { return entry_; }

 private:
  static constexpr double kWayBack = 1;  // seconds: RTCP waits for its turn

  bool lost() { return random_() < loss_ * 4294967296.0; }

  double loss_;
  std::mt19937 random_;
  EntryCollector collector_;
  std::optional<TransferEntry> entry_;
  std::deque<std::pair<double, EntryReport>> reports_;
};

// One that takes as many bytes as those of cameras do.
Picture textured(int width, int height) {
  std::mt19937 random(3);
  Picture picture(width, height);
  std::generate_n(picture.plane(0), picture.data().size(), [&] { return static_cast<uint8_t>(random() % 64 + 96); });
  return picture;
}

// Seconds of a stream of 10 pictures/s until the other end has all of the entry in `path`, as it is.
double seconds_of_trickle(const std::string& path, const TransferEntry& entry, const Picture& picture, int bitrate,
                          double loss, uint32_t seed) {
  constexpr double kStep = 0.1;
  KnowledgeSender sender({path, picture.width(), picture.height(), true});
  FarEnd far_end(loss, seed);
  double now = 0;
  for (; !far_end.entry() && now < 10000; now += kStep) {
    far_end.answer(sender, now);
    sender.next(picture.view(), kStep);
    Bytes units;
    sender.append_pieces(units, kStep, bitrate, 0.1);
    if (!units.empty()) far_end.take(units, now);
  }
  fail_unless(far_end.entry() && name_of(*far_end.entry()) == name_of(entry), "it did not arrive");
  return now;
}

}  // namespace

GST_START_TEST(an_added_entry_is_sent_and_referred_to) {
  const File file;
  const GstVideoInfo info = video_info();
  const TransferEntry entry = scene_entry(info, 0);
  const Picture picture = drawn(info);
  KnowledgeSender sender({file.path, info.width, info.height, true});
  fail_unless_equals_int(sender.pictures(), 0);
  fail_unless(!sender.next(picture.view(), 0.1));
  add_entries(file.path, {entry});
  fail_unless(!sender.next(picture.view(), 2), "nobody has it yet");
  fail_unless_equals_int(sender.pictures(), 1);
  const auto sent = collect(sender, 20);
  fail_unless(sent && sent->label == entry.label && sent->picture == entry.picture);
  sender.report({name_of(entry), {}});
  const auto scene = sender.next(picture.view(), 0.1);
  fail_unless(scene && scene->size() == 1 && scene->at(0).name == name_of(entry));
  fail_unless_equals_int(sender.known(), 1);
  fail_unless(!collect(sender, 60), "it is sent again");
}
GST_END_TEST;

GST_START_TEST(a_removed_entry_is_not_sent) {
  const File file;
  const GstVideoInfo info = video_info();
  const Picture picture = drawn(info);
  add_entries(file.path, {scene_entry(info, 0)});
  KnowledgeSender sender({file.path, info.width, info.height, true});
  fail_unless_equals_int(sender.pictures(), 1);
  {
    KnowledgeBaseFile other(file.path, KnowledgeBaseFile::Access::kWrite);
    std::vector<EntryId> ids;
    other.for_each([&ids](const StoredEntry& entry) { ids.push_back(entry.id); });
    other.remove(ids);
  }
  fail_unless(!sender.next(picture.view(), 0.1));
  fail_unless(!collect(sender, 20));
}
GST_END_TEST;

GST_START_TEST(pictures_that_do_not_fit_are_passed_over) {
  const File file;
  const GstVideoInfo info = video_info();
  const Picture picture = drawn(info);
  TransferEntry damaged = scene_entry(info, 0);
  damaged.picture.at(13) = 'Q';
  KnowledgeSender sender({file.path, info.width, info.height, true});
  add_entries(file.path, {scene_entry(video_info(80, 64), 0), damaged});
  fail_unless(!sender.next(picture.view(), 2));
  fail_unless_equals_int(sender.pictures(), 0);
  fail_unless(!collect(sender, 20));
}
GST_END_TEST;

GST_START_TEST(no_doubt_where_nothing_is_referred_to) {
  const File file;
  const GstVideoInfo info = video_info();
  const Picture picture = drawn(info);
  {
    KnowledgeSender sender({file.path, info.width, info.height, false});
    fail_unless(!sender.key_requested(true));
  }
  add_entries(file.path, {scene_entry(info, 0)});
  KnowledgeSender sender({file.path, info.width, info.height, false});
  for (int doubts = 0; doubts < 2; ++doubts) {
    fail_unless(sender.next(picture.view(), 0.1)->size() == 1);
    fail_unless(!sender.key_requested(false), "a request is no doubt");
    fail_unless(sender.key_requested(true));
    fail_unless(sender.next(picture.view(), 0.1)->empty());
    fail_unless(!sender.key_requested(true));
    fail_unless(!sender.next(picture.view(), 40));
  }
  fail_unless(!sender.next(picture.view(), 10000), "it is tried a third time");
}
GST_END_TEST;

// It has no file, or another one: what it says of one entry holds for that.
GST_START_TEST(what_a_receiver_lacks_is_not_referred_to_any_more) {
  const File file;
  const GstVideoInfo info = video_info();
  const Picture picture = drawn(info);
  const TransferEntry entry = scene_entry(info, 0);
  add_entries(file.path, {entry});
  KnowledgeSender sender({file.path, info.width, info.height, false});
  fail_unless(sender.next(picture.view(), 0.1)->size() == 1);
  sender.report({PictureName{1}, {{0, 1}}});
  sender.report({name_of(entry), {}});
  fail_unless(!sender.next(picture.view(), 6));
  sender.report({name_of(entry), {{0, kMaxTransferSize}}});
  fail_unless(sender.next(picture.view(), 0.1)->empty());
  fail_unless(!sender.next(picture.view(), 10000));
}
GST_END_TEST;

// Nobody ever answers.
GST_START_TEST(a_request_sends_what_is_not_acknowledged_once_more) {
  const File file;
  const GstVideoInfo info = video_info();
  const Picture picture = drawn(info);
  add_entries(file.path, {scene_entry(info, 0)});
  KnowledgeSender sender({file.path, info.width, info.height, true});
  sender.next(picture.view(), 0.1);
  // Receivers that come late ask for a key picture each.
  for (int i = 0; i < 5; ++i) {
    send_twice(sender);
    fail_unless(sender.next(picture.view(), 0.1)->size() == 1);
    fail_unless(!sender.next(picture.view(), 60));
    fail_unless(sender.key_requested(false));
    fail_unless(sender.next(picture.view(), 0.1)->empty());
    fail_unless(!sender.key_requested(true));
  }
  // One that keeps nothing asks whenever the entry is referred to.
  for (int i = 0; i < 2; ++i) {
    send_twice(sender);
    fail_unless(sender.next(picture.view(), 0.1)->size() == 1);
    fail_unless(sender.key_requested(false));
    fail_unless(sender.next(picture.view(), 0.1)->empty());
  }
  fail_unless(!collect(sender, 60));
  fail_unless(!sender.next(picture.view(), 60));
}
GST_END_TEST;

GST_START_TEST(a_request_changes_nothing_that_is_acknowledged) {
  const File file;
  const GstVideoInfo info = video_info();
  const Picture picture = drawn(info);
  const TransferEntry entry = scene_entry(info, 0);
  add_entries(file.path, {entry});
  KnowledgeSender sender({file.path, info.width, info.height, true});
  sender.next(picture.view(), 0.1);
  sender.report({name_of(entry), {}});
  fail_unless(sender.next(picture.view(), 0.1)->size() == 1);
  fail_unless(!sender.key_requested(false));
  fail_unless(!sender.next(picture.view(), 0.1));
  // Another receiver lacks it whenever the stream refers to it.
  for (int i = 0; i < 4; ++i) {
    sender.report({name_of(entry), {{0, kMaxTransferSize}}});
    fail_unless(sender.next(picture.view(), 0.1)->empty(), "denial %d", i);
    sender.report({name_of(entry), {}});
    const auto scene = sender.next(picture.view(), 0.1);
    fail_unless(i < 3 ? scene && scene->size() == 1 : !scene, "denial %d", i);
  }
}
GST_END_TEST;

// A packet in ten is lost, and a report in ten.
GST_START_TEST(losses_hardly_delay_an_entry) {
  constexpr uint32_t kSeeds = 20;
  constexpr double kMost = 1.5;
  const Picture picture = textured(160, 128);
  const TransferEntry entry{"scene", Bytes(16, 1), encode_reference_picture(picture, 50)};
  const File file;
  add_entries(file.path, {entry});
  const auto bytes = write_transfer(entry).size();
  for (const int bitrate : {5000, 10000, 20000, 100000}) {
    const double without = seconds_of_trickle(file.path, entry, picture, bitrate, 0, 1);
    double worst = 0;
    double sum = 0;
    std::printf("%zu bytes at %d bit/s: %.1f s without losses; with them, times", bytes, bitrate, without);
    for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
      const double ratio = seconds_of_trickle(file.path, entry, picture, bitrate, 0.1, seed) / without;
      std::printf(" %.2f", ratio);
      worst = std::max(worst, ratio);
      sum += ratio;
    }
    std::printf("; %.2f on average\n", sum / kSeeds);
    fail_unless(worst <= kMost, "%d bit/s: %f times as long as without losses", bitrate, worst);
  }
}
GST_END_TEST;

static Suite* knowledge_sender_suite(void) {
  GST_DEBUG_CATEGORY_INIT(crlscenc_debug, "crlscenc", 0, "CRLSC encoder");
  Suite* suite = suite_create("knowledge-sender");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, an_added_entry_is_sent_and_referred_to);
  tcase_add_test(tests, a_removed_entry_is_not_sent);
  tcase_add_test(tests, pictures_that_do_not_fit_are_passed_over);
  tcase_add_test(tests, no_doubt_where_nothing_is_referred_to);
  tcase_add_test(tests, what_a_receiver_lacks_is_not_referred_to_any_more);
  tcase_add_test(tests, a_request_sends_what_is_not_acknowledged_once_more);
  tcase_add_test(tests, a_request_changes_nothing_that_is_acknowledged);
  // Hundreds of streams: the sanitizers need a minute for them.
  TCase* many = tcase_create("many streams");
  tcase_set_timeout(many, 600);
  suite_add_tcase(suite, many);
  tcase_add_test(many, losses_hardly_delay_an_entry);
  return suite;
}

GST_CHECK_MAIN(knowledge_sender)
