// SPDX-License-Identifier: LGPL-2.1-or-later
// Entries that a stream brings, in the decoder: stored, referred to, refused.
#include <cstring>
#include <filesystem>

#include "core/kb/received_entries.h"
#include "core/kb/reference_picture.h"
#include "crlsc/entry_event.h"
#include "semkb/kb_support.h"
#include "semkb/transfer_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

constexpr int kPictures = 8;

std::string receiving(const std::string& path, const std::string& rest = "") {
  return "knowledge-updates=true knowledge-base=" + path + " " + rest;
}

// A decoder that gets the same pictures again and again, with something beside them.
class Receiver : public Decoder {
 public:
  Receiver(const Stream& stream, const std::string& properties)
      : Decoder(stream.caps(), properties, kSemanticModel), stream_(stream) {}
  // The next picture, and `unit` with it. Returns what is shown.
  Buffers push_with(const Bytes& unit) {
    GstBuffer* picture = stream_.copy(static_cast<size_t>(number_ % kPictures));
    const bool key = is_key(picture);
    Bytes bytes = to_bytes(picture);
    gst_buffer_unref(picture);
    bytes.insert(bytes.end(), unit.begin(), unit.end());
    fail_unless_equals_int(push(to_buffer(bytes, static_cast<GstClockTime>(number_++) * kInterval, key)), GST_FLOW_OK);
    return pull();
  }
  void push_entry(const TransferEntry& entry, size_t piece = 300) {
    for (const Bytes& unit : units_of(entry, piece)) push_with(unit);
  }
  // Pushes pictures until so many entries are stored; that takes as long as the disk does.
  void wait_for(guint64 entries) {
    for (int i = 0; i < 3000 && stat("entries") < entries; ++i) {
      push_with({});
      g_usleep(10000);
    }
    fail_unless_equals_uint64(stat("entries"), entries);
  }
  // Whether one pass through the pictures shows all of them as they were sent.
  bool shows_all() {
    while (number_ % kPictures != 0) push_with({});
    bool good = true;
    for (int i = 0; i < kPictures; ++i) {
      const Buffers shown = push_with({});
      good &= shown.size() == 1 && !has_flag(shown[0], GST_BUFFER_FLAG_CORRUPTED);
    }
    return good;
  }
  Posted wait_for_warning() {
    for (int i = 0; i < 3000; ++i) {
      const Posted posted = pop(GST_MESSAGE_WARNING);
      if (posted.domain != 0) return posted;
      g_usleep(10000);
    }
    return {};
  }

 private:
  const Stream& stream_;
  int number_ = 0;
};

// What upstream was told of entries since the last call.
std::vector<EntryReport> reports_to(Receiver& receiver) {
  std::vector<EntryReport> reports;
  while (GstEvent* event = gst_harness_try_pull_upstream_event(receiver.h())) {
    if (const auto report = parse_entry_event(event)) reports.push_back(*report);
    gst_event_unref(event);
  }
  return reports;
}

void expect_report(Receiver& receiver, const EntryReport& expected) {
  const std::vector<EntryReport> reports = reports_to(receiver);
  fail_unless(reports.size() == 1, "%zu reports, where %zu ranges should be missing", reports.size(),
              expected.missing.size());
  fail_unless(reports[0] == expected, "%zu ranges are missing", reports[0].missing.size());
}

struct Sender {
  // Its stream refers to `entries` that show the scene.
  explicit Sender(const std::vector<TransferEntry>& entries) : path(folder.path() + "/sender.crlsckb") {
    write_sender_knowledge(path, entries);
    stream = std::make_unique<Stream>(kPictures, "bitrate=500000 knowledge-base=" + path, video_info(), kSemanticModel);
  }
  Folder folder;
  std::string path;
  std::unique_ptr<Stream> stream;
};

}  // namespace

GST_START_TEST(entries_are_stored_and_referred_to) {
  const TransferEntry entry = scene_entry(video_info(), 0);
  const Sender sender({entry});
  const Folder folder;
  const std::string path = folder.path() + "/new.crlsckb";
  {
    Receiver receiver(*sender.stream, receiving(path));
    fail_unless(!receiver.shows_all(), "the stream does not refer to the entry");
    receiver.push_entry(entry);
    receiver.wait_for(1);
    fail_unless(receiver.shows_all());
    fail_unless_equals_int(receiver.pop(GST_MESSAGE_WARNING).domain, 0);
  }
  fail_unless(held_names(path) == std::vector<PictureName>{name_of(entry)});
  Receiver restarted(*sender.stream, receiving(path));
  fail_unless(restarted.shows_all());
  Receiver plain(*sender.stream, "knowledge-base=" + path);
  fail_unless(plain.shows_all());
}
GST_END_TEST;

GST_START_TEST(what_is_complete_is_stored_at_the_end) {
  const TransferEntry entry = scene_entry(video_info(), 0);
  const Sender sender({entry});
  const Folder folder;
  const std::string path = folder.path() + "/new.crlsckb";
  { Receiver(*sender.stream, receiving(path)).push_entry(entry); }
  fail_unless_equals_int(held_names(path).size(), 1);
}
GST_END_TEST;

// The bus once, upstream as what is missing: all of it. Nothing is shown, for there is nothing good.
GST_START_TEST(a_missing_entry_is_told) {
  const TransferEntry entry = scene_entry(video_info(), 0);
  const Sender sender({entry});
  Receiver receiver(*sender.stream, "");
  for (int i = 0; i < 2 * kPictures; ++i) fail_unless_equals_int(receiver.push_with({}).size(), 0);
  fail_unless_equals_uint64(receiver.stat("discarded"), 2 * kPictures);
  fail_unless_equals_uint64(receiver.stat("frames"), 2 * kPictures);
  int messages = 0;
  int warnings = 0;
  constexpr auto kTypes = static_cast<GstMessageType>(GST_MESSAGE_ELEMENT | GST_MESSAGE_WARNING);
  while (GstMessage* message = gst_bus_pop_filtered(receiver.bus(), kTypes)) {
    const GstStructure* fields = gst_message_get_structure(message);
    warnings += GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING ? 1 : 0;
    messages += gst_structure_has_name(fields, "crlsc-entry-missing") ? 1 : 0;
    const gchar* name = gst_structure_get_string(fields, "entry");
    if (name != nullptr) {
      fail_unless(name == to_hex(name_of(entry)), "%s", name);
      fail_unless_equals_int(strlen(gst_structure_get_string(fields, "knowledge-base")), 16);
    }
    gst_message_unref(message);
  }
  fail_unless_equals_int(messages, 1);
  fail_unless_equals_int(warnings, 1);
  int requests = 0;
  std::vector<EntryReport> reports;
  while (GstEvent* event = gst_harness_try_pull_upstream_event(receiver.h())) {
    requests += gst_event_has_name(event, "GstForceKeyUnit") ? 1 : 0;
    if (const auto report = parse_entry_event(event)) reports.push_back(*report);
    gst_event_unref(event);
  }
  fail_unless(requests >= 1);
  fail_unless(!reports.empty() && reports[0] == EntryReport({name_of(entry), {{0, kMaxTransferSize}}}));
}
GST_END_TEST;

// Good pictures, then some that refer to what is missing, and a key picture that does not.
GST_START_TEST(the_last_good_picture_stays) {
  const TransferEntry entry = scene_entry(video_info(), 0);
  const Sender sender({entry});
  const Stream good(2, "bitrate=500000", video_info(), kSemanticModel);
  Decoder decoder(sender.stream->caps(), "", kSemanticModel);
  decoder.push_all(good, 0, 2);
  const Buffers before = decoder.pull();
  fail_unless_equals_int(before.size(), 2);
  decoder.push_all(*sender.stream, 0, kPictures);
  const Buffers held = decoder.pull();
  fail_unless_equals_int(held.size(), kPictures);
  for (GstBuffer* buffer : held) {
    fail_unless(has_flag(buffer, GST_BUFFER_FLAG_CORRUPTED));
    fail_unless(to_bytes(buffer) == to_bytes(before[1]), "garbage is shown");
  }
  fail_unless_equals_uint64(decoder.stat("concealed"), kPictures);
  decoder.push_all(good, 0, 2);
  const Buffers after = decoder.pull();
  for (size_t i = 0; i < 2; ++i) {
    fail_unless(!has_flag(after[i], GST_BUFFER_FLAG_CORRUPTED));
    fail_unless(to_bytes(after[i]) == to_bytes(before[i]));
  }
}
GST_END_TEST;

GST_START_TEST(nothing_is_stored_unless_the_user_asks) {
  const TransferEntry entry = scene_entry(video_info(), 0);
  const Sender sender({entry});
  const Folder folder;
  const std::string path = folder.path() + "/own.crlsckb";
  write_sender_knowledge(path, {});
  { Receiver(*sender.stream, "knowledge-base=" + path).push_entry(entry); }
  { Receiver(*sender.stream, "").push_entry(entry); }
  fail_unless(held_names(path).empty());
}
GST_END_TEST;

GST_START_TEST(no_more_entries_than_wanted) {
  const Sender sender({});
  const Folder folder;
  const std::string path = folder.path() + "/new.crlsckb";
  {
    Receiver receiver(*sender.stream, receiving(path, "max-entries=2"));
    for (int i = 1; i <= 4; ++i) {
      receiver.push_entry(scene_entry(video_info(), i));
      receiver.wait_for(static_cast<guint64>(i));
    }
  }
  const std::vector<PictureName> expected = {name_of(scene_entry(video_info(), 3)),
                                             name_of(scene_entry(video_info(), 4))};
  fail_unless(held_names(path) == expected);
}
GST_END_TEST;

// The stream refers to the first of all.
GST_START_TEST(what_is_in_use_goes_last) {
  const TransferEntry used = scene_entry(video_info(), 0);
  const Sender sender({used});
  const Folder folder;
  const std::string path = folder.path() + "/new.crlsckb";
  for (const bool restarted : {false, true}) {
    Receiver receiver(*sender.stream, receiving(path, "max-entries=2"));
    if (!restarted) {
      receiver.push_entry(used);
      receiver.wait_for(1);
    }
    fail_unless(receiver.shows_all());
    for (int i = 1; i <= 3; ++i) {
      receiver.push_entry(scene_entry(video_info(), restarted ? 3 + i : i));
      receiver.wait_for(static_cast<guint64>(restarted ? i : 1 + i));
    }
    fail_unless(receiver.shows_all());
    const std::vector<PictureName> expected = {name_of(used), name_of(scene_entry(video_info(), restarted ? 6 : 3))};
    fail_unless(held_names(path) == expected);
    fail_unless_equals_int(receiver.pop(GST_MESSAGE_WARNING).domain, 0);
  }
}
GST_END_TEST;

GST_START_TEST(what_cannot_be_stored_is_told_and_pictures_go_on) {
  const TransferEntry entry = scene_entry(video_info(), 0);
  const Sender sender({});
  const Folder folder;
  const std::string path = folder.path() + "/new.crlsckb";
  struct Case {
    std::string path;
    TransferEntry entry;
    GQuark domain;
    gint code;
    std::string text;
  };
  TransferEntry damaged = entry;
  damaged.picture.at(60) ^= 0xFF;
  damaged.picture.at(13) = 'Q';
  TransferEntry long_code = entry;
  long_code.code.push_back(0);
  const Case cases[] = {
      {folder.path() + "/none/new.crlsckb", entry, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE, "none/new.crlsckb"},
      {path, scene_entry(video_info(80, 64), 0), GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE, "80x64"},
      {path, damaged, GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE, ""},
      {path, long_code, GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE, "17 bytes"}};
  for (const Case& c : cases) {
    std::filesystem::create_directory(folder.path() + "/none");
    Receiver receiver(*sender.stream, receiving(c.path));
    std::filesystem::remove(folder.path() + "/none");
    receiver.push_entry(c.entry);
    const Posted warning = receiver.wait_for_warning();
    fail_unless(warning.is(c.domain, c.code) && warning.says(c.text), "%s", warning.text.c_str());
    fail_unless(warning.says("`knowledge-base`"));
    fail_unless_equals_int(receiver.push_with({}).size(), 1);
    fail_unless_equals_uint64(receiver.stat("errors"), 0);
    fail_unless_equals_uint64(receiver.stat("entries"), 0);
  }
}
GST_END_TEST;

// The file is taken away, and one of other codebooks put in its place.
GST_START_TEST(a_file_that_changes_is_looked_at_anew) {
  const Sender sender({scene_entry(video_info(), 0)});
  const Folder folder;
  const std::string path = folder.path() + "/new.crlsckb";
  Receiver receiver(*sender.stream, receiving(path));
  receiver.push_entry(scene_entry(video_info(), 1));
  receiver.wait_for(1);
  std::filesystem::remove(path);
  receiver.push_entry(scene_entry(video_info(), 2));
  receiver.wait_for(2);
  fail_unless(held_names(path) == std::vector<PictureName>{name_of(scene_entry(video_info(), 2))});
  std::filesystem::remove(path);
  write_private_knowledge(path, find_knowledge_base("test-other.crlsckb", "knowledge-base"), true);
  receiver.push_entry(scene_entry(video_info(), 3));
  const Posted warning = receiver.wait_for_warning();
  fail_unless(warning.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", warning.text.c_str());
  fail_unless(held_names(path).empty());
}
GST_END_TEST;

GST_START_TEST(settings_that_cannot_work_are_refused) {
  for (const char* knowledge : {"", kKnowledge}) {
    Lone decoder("crlscdec");
    decoder.set_model(kSemanticModel);
    g_object_set(decoder.element(), "knowledge-updates", TRUE, "knowledge-base", knowledge, nullptr);
    fail_unless_equals_int(decoder.go(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
    const Posted error = decoder.pop();
    fail_unless(error.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS), "%s", error.text.c_str());
  }
  Lone decoder("crlscdec");
  decoder.set_model(kSemanticModel);
  g_object_set(decoder.element(), "knowledge-updates", TRUE, "knowledge-base", "/no/folder/x.crlsckb", nullptr);
  fail_unless_equals_int(decoder.go(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  const Posted error = decoder.pop();
  fail_unless(error.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND), "%s", error.text.c_str());
  fail_unless(error.says("no folder '/no/folder'"), "%s", error.text.c_str());
}
GST_END_TEST;

GST_START_TEST(upstream_is_told_what_arrived) {
  const TransferEntry entry = scene_entry(video_info(), 0);
  const PictureName name = name_of(entry);
  const Sender sender({});
  const Folder folder;
  const std::string path = folder.path() + "/new.crlsckb";
  const std::vector<Bytes> units = units_of(entry, 40);
  Receiver receiver(*sender.stream, receiving(path));
  reports_to(receiver);
  for (size_t i = 0; i < units.size(); ++i) {
    if (i != 2) receiver.push_with(units[i]);
  }
  expect_report(receiver, {name, {{80, 40}}});
  receiver.push_with(units[2]);
  receiver.wait_for(1);
  expect_report(receiver, {name, {}});
  receiver.push_with(units[1]);
  fail_unless(reports_to(receiver).empty(), "it is told again");
  receiver.push_with(units.back());
  fail_unless_equals_int(reports_to(receiver).size(), 1);
  // After a restart, whatever comes of an entry that is here shows that its sender does not know.
  Receiver restarted(*sender.stream, receiving(path));
  restarted.push_with({});
  fail_unless(reports_to(restarted).empty());
  restarted.push_with(units[0]);
  expect_report(restarted, {name, {}});
  // Whoever stores nothing says nothing.
  Receiver plain(*sender.stream, "knowledge-base=" + path);
  for (const Bytes& unit : units) plain.push_with(unit);
  fail_unless(reports_to(plain).empty());
}
GST_END_TEST;

GST_START_TEST(pieces_alone_show_nothing) {
  const TransferEntry entry = scene_entry(video_info(), 0);
  const Sender sender({});
  for (const char* properties : {"", "max-layers=1"}) {
    Decoder decoder(sender.stream->caps(), properties, kSemanticModel);
    fail_unless_equals_int(decoder.push(sender.stream->copy(0)), GST_FLOW_OK);
    fail_unless_equals_int(decoder.push(to_buffer(units_of(entry, 300)[0], kInterval / 2, false)), GST_FLOW_OK);
    fail_unless_equals_int(decoder.pull().size(), 1);
    fail_unless_equals_uint64(decoder.stat("errors"), 0);
    fail_unless_equals_uint64(decoder.stat("concealed"), 0);
  }
}
GST_END_TEST;

GST_START_TEST(pieces_that_fit_nothing_do_no_harm) {
  const TransferEntry entry = scene_entry(video_info(), 0);
  const Sender sender({scene_entry(video_info(), 1)});
  const Folder folder;
  const std::string path = folder.path() + "/new.crlsckb";
  Receiver receiver(*sender.stream, receiving(path));
  for (uint8_t i = 0; i < 50; ++i) {
    Bytes unit;
    const Bytes bytes(100, i);
    append_knowledge_unit(unit, {PictureName{i}, i % 2 == 0 ? bytes.size() : kMaxTransferSize, 0, bytes}, false);
    receiver.push_with(unit);
    unit.clear();
    append_unit(unit, {UnitType::kKnowledgeUpdate, 0, false, false}, ByteView(bytes).sub(0, i));
    receiver.push_with(unit);
  }
  // Through all of them, an entry.
  receiver.push_entry(entry);
  receiver.wait_for(1);
  fail_unless_equals_int(receiver.pop(GST_MESSAGE_WARNING).domain, 0);
}
GST_END_TEST;

static Suite* knowledge_suite(void) {
  Suite* suite = suite_create("crlscdec-knowledge");
  TCase* tests = tcase_create("general");
  tcase_set_timeout(tests, 200);
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, entries_are_stored_and_referred_to);
  tcase_add_test(tests, what_is_complete_is_stored_at_the_end);
  tcase_add_test(tests, a_missing_entry_is_told);
  tcase_add_test(tests, the_last_good_picture_stays);
  tcase_add_test(tests, nothing_is_stored_unless_the_user_asks);
  tcase_add_test(tests, no_more_entries_than_wanted);
  tcase_add_test(tests, what_is_in_use_goes_last);
  tcase_add_test(tests, what_cannot_be_stored_is_told_and_pictures_go_on);
  tcase_add_test(tests, a_file_that_changes_is_looked_at_anew);
  tcase_add_test(tests, settings_that_cannot_work_are_refused);
  tcase_add_test(tests, upstream_is_told_what_arrived);
  tcase_add_test(tests, pieces_alone_show_nothing);
  tcase_add_test(tests, pieces_that_fit_nothing_do_no_harm);
  return suite;
}

GST_CHECK_MAIN(knowledge)
