// SPDX-License-Identifier: LGPL-2.1-or-later
// Entries that are not in the encoder's file: offered, sent and referred to like those that are.
#include "../../../plugins/semenc/knowledge_sender.h"

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

}  // namespace

GST_START_TEST(an_added_entry_is_sent_and_referred_to) {
  const File file;
  const GstVideoInfo info = video_info();
  const TransferEntry entry = scene_entry(info, 0);
  const Picture picture = drawn(info);
  KnowledgeSender sender({file.path, info.width, info.height, true});
  fail_unless_equals_int(sender.pictures(), 0);
  fail_unless(!sender.next(picture.view(), 0.1));
  sender.add(entry);
  fail_unless_equals_int(sender.pictures(), 1);
  fail_unless(!sender.next(picture.view(), 0.1), "nobody has it yet");
  const auto sent = collect(sender, 20);
  fail_unless(sent && sent->label == entry.label && sent->picture == entry.picture);
  sender.report({name_of(entry), {}});
  const auto scene = sender.next(picture.view(), 0.1);
  fail_unless(scene && scene->size() == 1 && scene->at(0).name == name_of(entry));
  fail_unless_equals_int(sender.known(), 1);
  fail_unless(!collect(sender, 60), "it is sent again");
}
GST_END_TEST;

GST_START_TEST(what_cannot_be_sent_is_refused) {
  const File file;
  const GstVideoInfo info = video_info();
  KnowledgeSender sender({file.path, info.width, info.height, true});
  TransferEntry damaged = scene_entry(info, 0);
  damaged.picture.at(13) = 'Q';
  TransferEntry no_code = scene_entry(info, 0);
  no_code.code.clear();
  const TransferEntry refused[] = {scene_entry(video_info(80, 64), 0), damaged, no_code};
  for (const TransferEntry& entry : refused) {
    bool thrown = false;
    try {
      sender.add(entry);
    } catch (const Error&) {
      thrown = true;
    }
    fail_unless(thrown);
  }
  fail_unless_equals_int(sender.pictures(), 0);
}
GST_END_TEST;

GST_START_TEST(no_doubt_where_nothing_is_referred_to) {
  const File file;
  const GstVideoInfo info = video_info();
  const Picture picture = drawn(info);
  KnowledgeSender sender({file.path, info.width, info.height, false});
  fail_unless(!sender.doubt());
  sender.add(scene_entry(info, 0));
  fail_unless(sender.next(picture.view(), 0.1)->size() == 1);
  fail_unless(sender.doubt());
  fail_unless(sender.next(picture.view(), 0.1)->empty());
  fail_unless(!sender.doubt());
}
GST_END_TEST;

static Suite* knowledge_sender_suite(void) {
  GST_DEBUG_CATEGORY_INIT(crlscenc_debug, "crlscenc", 0, "CRLSC encoder");
  Suite* suite = suite_create("knowledge-sender");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, an_added_entry_is_sent_and_referred_to);
  tcase_add_test(tests, what_cannot_be_sent_is_refused);
  tcase_add_test(tests, no_doubt_where_nothing_is_referred_to);
  return suite;
}

GST_CHECK_MAIN(knowledge_sender)
