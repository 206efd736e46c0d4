// SPDX-License-Identifier: LGPL-2.1-or-later
// Entries on their way from an encoder's knowledge base to a decoder's, and the stream that refers to them.
#include <algorithm>

#include "core/bitstream/scene_unit.h"
#include "crlsc/entry_event.h"
#include "semkb/transfer_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

constexpr int kMostPictures = 3000;
constexpr const char* kSharing = "knowledge-updates=true knowledge-base=";

// What access units hold beside tokens.
struct Contents {
  void add(GstBuffer* buffer) {
    const Bytes bytes = to_bytes(buffer);
    for (const UnitView& unit : parse_access_unit(bytes).units) {
      if (unit.header.type == UnitType::kKnowledgeUpdate) entry_bytes += unit.bytes.size();
      if (unit.header.type == UnitType::kKnowledgeUpdate && unit.header.key) ++entries_in_key_pictures;
      refers |= unit.header.type == UnitType::kScene;
    }
  }
  size_t entry_bytes = 0;
  int entries_in_key_pictures = 0;
  bool refers = false;  // to some picture of a knowledge base
};

size_t bytes_of(GstBuffer* buffer, UnitType type) {
  const Bytes bytes = to_bytes(buffer);
  size_t sum = 0;
  for (const UnitView& unit : parse_access_unit(bytes).units) {
    if (unit.header.type == type) sum += unit.bytes.size();
  }
  return sum;
}

// The scene of the entry, in which little moves.
GstBuffer* scene_picture(const GstVideoInfo& info, int number) {
  return make_frame(info, number % 2, static_cast<GstClockTime>(number) * kInterval);
}

class Sender : public Encoder {
 public:
  Sender(const std::string& knowledge, const std::string& properties, const GstVideoInfo& info = video_info())
      : Encoder(kSharing + knowledge + " " + properties, info, kSemanticModel) {}
  Contents push_next(int pictures = 1) {
    Contents contents;
    for (int i = 0; i < pictures; ++i, ++number_) {
      fail_unless_equals_int(push(scene_picture(info(), number_)), GST_FLOW_OK);
    }
    for (GstBuffer* buffer : pull()) contents.add(buffer);
    return contents;
  }
  void tell(const EntryReport& report) { fail_unless(gst_harness_push_upstream_event(h(), make_entry_event(report))); }
  // Pictures until the stream refers to an entry; a report or a key picture on the way changes what comes.
  int pictures_until_it_refers() {
    for (int i = 1; i < kMostPictures; ++i) {
      if (push_next().refers) return i;
    }
    return 0;
  }
  double seconds() const { return number_ / 10.0; }

 private:
  int number_ = 0;
};

struct Knowledge {
  explicit Knowledge(const GstVideoInfo& info = video_info())
      : entry(scene_entry(info, 0)), path(folder.path() + "/sender.crlsckb") {
    write_sender_knowledge(path, {entry});
  }
  Folder folder;
  TransferEntry entry;
  std::string path;
};

// An encoder, a channel and a decoder in a row.
class Link : public Harness {
 public:
  Link(const std::string& sender, const std::string& receiver, const std::string& channel)
      : Harness(std::string("crlscenc name=crlscenc model=") + kSemanticModel + " bitrate=20000 " + kSharing + sender +
                " ! rtpcrlscpay mtu=300 ! " + channel +
                " ! rtpcrlscdepay ! crlscdec name=crlscdec model=" + kSemanticModel + " " + kSharing + receiver) {
    decoder_ = gst_harness_find_element(h(), "crlscdec");
    gst_harness_set_src_caps(h(), gst_video_info_to_caps(&info_));
    GstPad* pad = gst_element_get_static_pad(element(), "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, look, &contents_, nullptr);
    gst_object_unref(pad);
  }
  ~Link() { gst_object_unref(decoder_); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  Buffers push_next() {
    fail_unless_equals_int(push(scene_picture(info_, number_++)), GST_FLOW_OK);
    return pull();
  }
  // Pushes pictures until an entry is stored, and the stream refers to it; the disk takes its time.
  void run_until_it_refers() {
    for (int i = 0; i < kMostPictures && !contents_.refers; ++i) {
      push_next();
      g_usleep(contents_.entry_bytes > 0 ? 2000 : 0);
    }
    fail_unless(contents_.refers, "%zu bytes of entries were sent in vain", contents_.entry_bytes);
  }
  const Contents& contents() const { return contents_; }
  GstElement* decoder() { return decoder_; }

 private:
  static GstPadProbeReturn look(GstPad*, GstPadProbeInfo* info, gpointer contents) {
    static_cast<Contents*>(contents)->add(GST_PAD_PROBE_INFO_BUFFER(info));
    return GST_PAD_PROBE_OK;
  }
  GstVideoInfo info_ = video_info();
  GstElement* decoder_ = nullptr;
  Contents contents_;
  int number_ = 0;
};

GstPadProbeReturn drop_entry_events(GstPad*, GstPadProbeInfo* info, gpointer) {
  return is_entry_event(GST_PAD_PROBE_INFO_EVENT(info)) ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

}  // namespace

// Over a channel that loses a packet in ten, with and without a way back.
GST_START_TEST(an_entry_arrives_and_the_stream_refers_to_it) {
  const bool answers = __i__ == 0;
  const Knowledge knowledge;
  const Folder folder;
  const std::string path = folder.path() + "/receiver.crlsckb";
  {
    Link link(knowledge.path, path, "crlscchannel loss=0.1 seed=5");
    if (!answers) {
      GstPad* pad = gst_element_get_static_pad(link.decoder(), "sink");
      gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, drop_entry_events, nullptr, nullptr);
      gst_object_unref(pad);
    }
    link.run_until_it_refers();
    fail_unless_equals_uint64(link.stat("entries"), 1);
    fail_unless_equals_uint64(link.stat("entry-bytes"), link.contents().entry_bytes);
    const size_t once = write_transfer(knowledge.entry).size();
    fail_unless(answers || link.contents().entry_bytes > 2 * once, "%zu bytes", link.contents().entry_bytes);
  }
  fail_unless(held_names(path) == std::vector<PictureName>{name_of(knowledge.entry)});
  // Both ends begin anew: pieces of it show the receiver that the sender does not know yet.
  Link again(knowledge.path, path, "crlscchannel");
  int shown = 0;
  int good = 0;
  again.run_until_it_refers();
  for (int i = 0; i < 20; ++i) {
    for (GstBuffer* buffer : again.push_next()) {
      ++shown;
      good += has_flag(buffer, GST_BUFFER_FLAG_CORRUPTED) ? 0 : 1;
    }
  }
  fail_unless_equals_int(shown, 20);
  fail_unless_equals_int(good, 20);
}
GST_END_TEST;

GST_START_TEST(nothing_is_referred_to_before_it_is_acknowledged) {
  const Knowledge knowledge;
  const PictureName name = name_of(knowledge.entry);
  Sender sender(knowledge.path, "bitrate=50000");
  fail_unless(!sender.push_next(3).refers);
  sender.tell({PictureName{1, 2, 3}, {}});  // of another one: somebody answers
  fail_unless(!sender.push_next(300).refers);
  sender.tell({name, {{0, 1}}});
  fail_unless(!sender.push_next(50).refers);
  sender.tell({name, {}});
  fail_unless(sender.push_next(10).refers);
  fail_unless_equals_uint64(sender.stat("entries"), 1);
  fail_unless_equals_int(sender.push_next(60).entry_bytes, 0);
  // The receiver has lost it.
  sender.tell({name, {{0, 100}}});
  fail_unless(sender.push_next(10).entry_bytes > 0);
  fail_unless_equals_uint64(sender.stat("entries"), 0);
}
GST_END_TEST;

GST_START_TEST(receivers_that_never_answer_get_it_twice) {
  const Knowledge knowledge;
  Sender sender(knowledge.path, "bitrate=50000");
  const size_t once = write_transfer(knowledge.entry).size();
  Contents sent;
  for (int i = 0; i < kMostPictures && !sent.refers; ++i) {
    const Contents now = sender.push_next();
    sent.refers = now.refers;
    sent.entry_bytes += now.entry_bytes;
  }
  fail_unless(sent.refers && sent.entry_bytes > 2 * once && sent.entry_bytes < 3 * once, "%zu bytes", sent.entry_bytes);
  fail_unless_equals_int(sender.push_next(200).entry_bytes, 0);
}
GST_END_TEST;

GST_START_TEST(entries_keep_to_their_share) {
  const GstVideoInfo info = video_info(128, 96);
  const Knowledge knowledge(info);
  for (const double share : {0.0, 0.1, 0.5}) {
    Sender sender(knowledge.path, "bitrate=8000 knowledge-share=" + std::to_string(share), info);
    sender.tell({PictureName{1}, {}});
    const auto sent = static_cast<double>(sender.push_next(60).entry_bytes);
    const double most = share * 8000 / 8 * sender.seconds();
    fail_unless(sent <= most, "%f bytes, more than %f", sent, most);
    fail_unless(share == 0 || sent >= 0.5 * std::min(most, 1.0 * write_transfer(knowledge.entry).size()),
                "only %f bytes of %f", sent, most);
    fail_unless(static_cast<double>(sender.stat("bytes")) <= 8000 / 8 * (sender.seconds() + 1.5));
  }
}
GST_END_TEST;

GST_START_TEST(without_updates_no_entries_are_sent) {
  const Knowledge knowledge;
  Sender sender(knowledge.path, "bitrate=50000 knowledge-updates=false");
  const Contents sent = sender.push_next(100);
  fail_unless(sent.refers);
  fail_unless_equals_int(sent.entry_bytes, 0);
}
GST_END_TEST;

GST_START_TEST(key_pictures_keep_their_room) {
  const Knowledge knowledge(video_info(128, 96));
  Sender sender(knowledge.path, "bitrate=20000 gop-size=7 knowledge-share=0.5", video_info(128, 96));
  const Contents sent = sender.push_next(100);
  fail_unless(sent.entry_bytes > 0);
  fail_unless_equals_int(sent.entries_in_key_pictures, 0);
}
GST_END_TEST;

// Receivers that lack the entry ask for key pictures, one after the other.
GST_START_TEST(doubts_send_it_again_but_not_for_ever) {
  const Knowledge knowledge;
  Sender sender(knowledge.path, "bitrate=50000");
  for (int doubts = 0; doubts < 2; ++doubts) {
    fail_unless(sender.pictures_until_it_refers() > 0, "after %d doubts", doubts);
    // The very picture that was asked for refers to nothing.
    sender.request_key();
    fail_unless(!sender.push_next(1).refers);
    fail_unless_equals_uint64(sender.stat("entries"), 0);
  }
  const Contents later = sender.push_next(500);
  fail_unless(!later.refers);
  fail_unless_equals_int(later.entry_bytes, 0);
}
GST_END_TEST;

GST_START_TEST(events_that_make_no_sense_change_nothing) {
  const Knowledge knowledge;
  Sender sender(knowledge.path, "bitrate=50000");
  sender.push_next(3);
  for (const char* fields : {"GstCrlscEntry", "GstCrlscEntry, entry=(string)zz, missing=(uint)<>",
                             "GstCrlscEntry, entry=(string)0123456789abcdef, missing=(uint)<5>"}) {
    gst_harness_push_upstream_event(
        sender.h(), gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, gst_structure_from_string(fields, nullptr)));
  }
  for (int i = 0; i < 1000; ++i) sender.tell({PictureName{static_cast<uint8_t>(i)}, {{0, 5}}});
  fail_unless(!sender.push_next(20).refers);
  fail_unless_equals_int(sender.pop().domain, 0);
}
GST_END_TEST;

// A picture every two seconds, at rates where a semantic unit and a piece of an entry take as much as it may.
GST_START_TEST(no_picture_gives_way_to_an_entry) {
  GstVideoInfo info = video_info();
  info.fps_n = 1;
  info.fps_d = 2;
  const Knowledge knowledge(info);
  for (const int bitrate : {2000, 4000}) {
    Sender sender(knowledge.path, "min-unit-size=400 bitrate=" + std::to_string(bitrate), info);
    constexpr int kPictures = 60;
    for (int i = 0; i < kPictures; ++i) {
      GstBuffer* picture = make_frame(info, i, static_cast<GstClockTime>(i) * 2 * GST_SECOND);
      fail_unless_equals_int(sender.push(picture), GST_FLOW_OK);
    }
    size_t pictures = 0;
    size_t beside = 0;  // with a piece of an entry
    size_t bytes = 0;   // of all pictures
    size_t bytes_beside = 0;
    for (GstBuffer* buffer : sender.pull()) {
      const size_t tokens = bytes_of(buffer, UnitType::kToken);
      const bool piece = bytes_of(buffer, UnitType::kKnowledgeUpdate) > 0;
      ++pictures;
      bytes += tokens;
      beside += piece ? 1 : 0;
      bytes_beside += piece ? tokens : 0;
    }
    fail_unless(pictures == kPictures && beside > 3, "%zu pictures, %zu pieces", pictures, beside);
    const double mean = static_cast<double>(bytes) / static_cast<double>(pictures);
    const double mean_beside = static_cast<double>(bytes_beside) / static_cast<double>(beside);
    fail_unless(mean_beside > 0.7 * mean, "%f bytes beside pieces, %f on average", mean_beside, mean);
    fail_unless(sender.stat("bytes") <= static_cast<guint64>(bitrate) / 8 * 2 * kPictures);
  }
}
GST_END_TEST;

GST_START_TEST(updates_need_a_knowledge_base) {
  Lone encoder("crlscenc");
  encoder.set_model(kSemanticModel);
  g_object_set(encoder.element(), "knowledge-updates", TRUE, nullptr);
  fail_unless_equals_int(encoder.go(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  const Posted error = encoder.pop();
  fail_unless(error.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS) && error.says("knowledge-updates"), "%s",
              error.text.c_str());
}
GST_END_TEST;

GST_START_TEST(knowledge_that_is_of_no_use_is_told) {
  const Knowledge knowledge;
  struct Case {
    std::string path;
    GstVideoInfo info;
    std::vector<std::string> texts;
  };
  const Case cases[] = {{knowledge.path, video_info(), {}},
                        {knowledge.path, video_info(80, 64), {"80x64", "crlsc pkb"}},
                        {kKnowledge, video_info(), {"shared", "crlsc pkb create"}}};
  for (const Case& c : cases) {
    Sender sender(c.path, "", c.info);
    const Posted warning = sender.pop(GST_MESSAGE_WARNING);
    fail_unless(c.texts.empty() == (warning.domain == 0), "%s", warning.text.c_str());
    fail_unless(c.texts.empty() || warning.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
    for (const std::string& text : c.texts) fail_unless(warning.says(text), "%s", warning.text.c_str());
  }
}
GST_END_TEST;

static Suite* knowledge_updates_suite(void) {
  Suite* suite = suite_create("knowledge-updates");
  TCase* tests = tcase_create("general");
  tcase_set_timeout(tests, 200);
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, an_entry_arrives_and_the_stream_refers_to_it, 0, 2);
  tcase_add_test(tests, nothing_is_referred_to_before_it_is_acknowledged);
  tcase_add_test(tests, receivers_that_never_answer_get_it_twice);
  tcase_add_test(tests, entries_keep_to_their_share);
  tcase_add_test(tests, without_updates_no_entries_are_sent);
  tcase_add_test(tests, key_pictures_keep_their_room);
  tcase_add_test(tests, doubts_send_it_again_but_not_for_ever);
  tcase_add_test(tests, events_that_make_no_sense_change_nothing);
  tcase_add_test(tests, no_picture_gives_way_to_an_entry);
  tcase_add_test(tests, updates_need_a_knowledge_base);
  tcase_add_test(tests, knowledge_that_is_of_no_use_is_told);
  return suite;
}

GST_CHECK_MAIN(knowledge_updates)
