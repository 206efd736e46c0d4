// SPDX-License-Identifier: LGPL-2.1-or-later
// A knowledge base with a picture of the scene: at both ends, at one, at none, and at one in an older state.
#include <algorithm>
#include <filesystem>

#include "core/bitstream/scene_unit.h"
#include "crlsc/entry_event.h"
#include "semkb/transfer_support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace

namespace {

constexpr int kPictures = 12;
constexpr const char* kFullModel = "test-full.safetensors";

// A knowledge base whose first entry has the scene's picture, and one of the same entries without it.
struct Knowledge {
  Knowledge() {
    std::string name = (std::filesystem::temp_directory_path() / "crlsc-scene-XXXXXX").string();
    fail_unless(mkdtemp(name.data()) != nullptr);
    folder = name;
    with = folder + "/with.crlsckb";
    without = folder + "/without.crlsckb";
    const auto model = crlsc::acquire_model(crlsc::find_model("test-model-semantic.safetensors"), 1);
    crlsc::write_test_knowledge(with, *model);
    crlsc::write_test_knowledge(without, *model);
    crlsc::KnowledgeBaseFile file(with, crlsc::KnowledgeBaseFile::Access::kWrite);
    fail_unless(file.set_picture(1, scene_entry(video_info(96, 80), 0).picture));
    first = crlsc::name_of(file.find(1, {})->content_hash);
  }
  ~Knowledge() { std::filesystem::remove_all(folder); }
  std::string folder;
  std::string with;
  std::string without;
  crlsc::PictureName first{};  // of the entry with the picture
};

std::string element(const char* name, const std::string& knowledge) {
  std::string out = std::string(name) + " model=" + kFullModel;
  if (!knowledge.empty()) out += " knowledge-base=" + knowledge;
  return out;
}

void ask_for_key_picture(GstHarness* h) {
  gst_harness_push_upstream_event(h, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 1));
}

// A sender and a receiver, with requests for key pictures as the way back, and perhaps reports of entries.
class Call {
 public:
  Call(const std::string& sender, const std::string& receiver, bool feedback)
      : sender_(element("crlscenc bitrate=100000", sender)),
        receiver_(element("crlscdec", receiver)),
        feedback_(feedback) {
    gst_harness_set_src_caps(sender_.h(), gst_video_info_to_caps(&info_));
  }
  const GstVideoInfo& info() const { return info_; }

  // What is shown for the next picture; takes it.
  Buffers push(GstBuffer* picture) {
    fail_unless_equals_int(sender_.push(picture), GST_FLOW_OK);
    const Buffers sent = sender_.pull();
    note_scene(sent[0]);
    if (pictures_++ == 0) gst_harness_set_src_caps(receiver_.h(), gst_pad_get_current_caps(sender_.h()->sinkpad));
    fail_unless_equals_int(receiver_.push(sent.copy(0)), GST_FLOW_OK);
    while (GstEvent* event = gst_harness_try_pull_upstream_event(receiver_.h())) {
      if (gst_event_has_name(event, "GstForceKeyUnit")) ask_for_key_picture(sender_.h());
      if (feedback_ && crlsc::is_entry_event(event)) {
        gst_harness_push_upstream_event(sender_.h(), gst_event_ref(event));
      }
      gst_event_unref(event);
    }
    g_usleep(20000);  // requests are throttled by the clock on the wall
    return receiver_.pull();
  }
  // Whether the stream refers to the entry.
  bool refers_to(const crlsc::PictureName& name) const {
    return std::find(scene_.begin(), scene_.end(), name) != scene_.end();
  }

 private:
  void note_scene(GstBuffer* access_unit) {
    const crlsc::Bytes bytes = to_bytes(access_unit);
    if (is_key(access_unit)) scene_.clear();
    for (const crlsc::UnitView& unit : crlsc::parse_access_unit(bytes).units) {
      if (unit.header.type != crlsc::UnitType::kScene) continue;
      scene_ = crlsc::parse_scene_unit(unit.payload).value().pictures;
    }
  }

  const GstVideoInfo info_ = video_info(96, 80);
  Harness sender_;
  Harness receiver_;
  bool feedback_;
  int pictures_ = 0;
  std::vector<crlsc::PictureName> scene_;
};

bool is_good(GstBuffer* picture) { return !has_flag(picture, GST_BUFFER_FLAG_CORRUPTED); }

// Another scene, in which the same moves.
GstBuffer* other_picture(const GstVideoInfo& info, int index) {
  GstBuffer* buffer = make_frame(info, index);
  GstMapInfo map;
  fail_unless(gst_buffer_map(buffer, &map, GST_MAP_READWRITE));
  const auto width = static_cast<size_t>(info.width);
  for (size_t i = 0; i < width * static_cast<size_t>(info.height); ++i) {
    map.data[i] = static_cast<guint8>(235 - map.data[i] + 4 * (i % width % 20));
  }
  gst_buffer_unmap(buffer, &map);
  return buffer;
}

crlsc::TransferEntry other_entry(const GstVideoInfo& info) {
  GstBuffer* buffer = other_picture(info, 0);
  crlsc::Picture picture(info.width, info.height);
  gst_buffer_extract(buffer, 0, picture.plane(0), picture.data().size());
  gst_buffer_unref(buffer);
  return {"other", crlsc::Bytes(16, 9), crlsc::encode_reference_picture(picture, 95)};
}

}  // namespace

GST_START_TEST(a_known_scene_costs_less) {
  const Knowledge knowledge;
  size_t bytes[2];
  for (const bool known : {false, true}) {
    Harness sender(element("crlscenc bitrate=100000", known ? knowledge.with : ""));
    const GstVideoInfo info = video_info(96, 80);
    gst_harness_set_src_caps(sender.h(), gst_video_info_to_caps(&info));
    fail_unless_equals_int(sender.push(make_frame(info, 0)), GST_FLOW_OK);
    bytes[known ? 1 : 0] = sender.pull().bytes();
  }
  fail_unless(bytes[1] * 3 < bytes[0], "%zu bytes, without the picture %zu", bytes[1], bytes[0]);
}
GST_END_TEST;

GST_START_TEST(both_ends_see_the_same) {
  const Knowledge knowledge;
  Harness sender(element("crlscenc bitrate=50000", knowledge.with));
  Harness receiver(element("crlscdec", knowledge.with));
  const GstVideoInfo info = video_info(96, 80);
  gst_harness_set_src_caps(sender.h(), gst_video_info_to_caps(&info));
  for (int i = 0; i < kPictures; ++i) {
    fail_unless_equals_int(sender.push(make_frame(info, i)), GST_FLOW_OK);
    const Buffers sent = sender.pull();
    if (i == 0) gst_harness_set_src_caps(receiver.h(), gst_pad_get_current_caps(sender.h()->sinkpad));
    fail_unless_equals_int(receiver.push(sent.copy(0)), GST_FLOW_OK);
    const Buffers shown = receiver.pull();
    fail_unless_equals_int(shown.size(), 1);
    fail_unless(!has_flag(shown[0], GST_BUFFER_FLAG_CORRUPTED));
    GstBuffer* original = make_frame(info, i);
    fail_unless(psnr(original, info, shown[0], info) > 25);
    gst_buffer_unref(original);
  }
}
GST_END_TEST;

// With feedback it says what it lacks and gets a key picture without it; with nothing but requests for key pictures it
// gets one that refers to the scene once more, asks again and gets one that does not. Until then, nothing is shown.
GST_START_TEST(who_lacks_the_picture_gets_one_without_it) {
  const Knowledge knowledge;
  const std::string lacking = __i__ % 2 == 0 ? "" : knowledge.without;
  const bool feedback = __i__ >= 2;
  Call call(knowledge.with, lacking, feedback);
  int good_from = -1;
  for (int i = 0; i < 60; ++i) {
    const Buffers shown = call.push(make_frame(call.info(), i));
    const bool good = shown.size() == 1 && is_good(shown[0]);
    if (!good) good_from = -1;
    if (good && good_from < 0) good_from = i;
    fail_unless(good || shown.size() == 0, "garbage is shown");
  }
  fail_unless(good_from > 0 && good_from < 55, "good from picture %d on", good_from);
  fail_unless(!feedback || good_from == 1, "good from picture %d on", good_from);
}
GST_END_TEST;

// The receiver's file is a copy that was made before the latest entry came. When the stream refers to that one, the
// picture before it stays until a key picture comes that does not.
GST_START_TEST(an_older_file_lacks_only_what_is_new) {
  const bool feedback = __i__ == 1;
  const Knowledge knowledge;
  const std::string older = knowledge.folder + "/older.crlsckb";
  std::filesystem::copy_file(knowledge.with, older);
  const crlsc::TransferEntry latest = other_entry(video_info(96, 80));
  add_entries(knowledge.with, {latest});
  Call call(knowledge.with, older, feedback);
  constexpr int kCut = 10;
  constexpr int kReturn = 70;
  crlsc::Bytes last_good;
  int good_from = -1;
  for (int i = 0; i < kReturn + 10; ++i) {
    const bool other = i >= kCut && i < kReturn;
    GstBuffer* original = other ? other_picture(call.info(), i % 2) : make_frame(call.info(), i % 2);
    GST_BUFFER_PTS(original) = static_cast<guint64>(i) * kInterval;
    const Buffers shown = call.push(gst_buffer_ref(original));
    fail_unless_equals_int(shown.size(), 1);
    if (is_good(shown[0])) {
      const double quality = psnr(original, call.info(), shown[0], call.info());
      fail_unless(quality > 25, "picture %d: %f dB", i, quality);
      fail_unless(!call.refers_to(name_of(latest)), "picture %d", i);
      last_good = to_bytes(shown[0]);
      if (other && good_from < 0) good_from = i;
    } else {
      fail_unless(other, "picture %d needs what the receiver has", i);
      fail_unless(to_bytes(shown[0]) == last_good, "garbage is shown in picture %d", i);
      good_from = -1;
    }
    fail_unless(i != kCut || call.refers_to(name_of(latest)), "the stream does not refer to the entry");
    gst_buffer_unref(original);
  }
  fail_unless(good_from > kCut && good_from < kReturn - 5, "good from picture %d on", good_from);
  if (!feedback) return;  // the sender cannot know which entry it is, and does without any for a while
  fail_unless(good_from == kCut + 1, "good from picture %d on", good_from);
  fail_unless(call.refers_to(knowledge.first), "what both have is of no use any more");
}
GST_END_TEST;

static Suite* scene_suite(void) {
  Suite* suite = suite_create("scene");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, a_known_scene_costs_less);
  tcase_add_test(tests, both_ends_see_the_same);
  tcase_add_loop_test(tests, who_lacks_the_picture_gets_one_without_it, 0, 4);
  tcase_add_loop_test(tests, an_older_file_lacks_only_what_is_new, 0, 2);
  return suite;
}

GST_CHECK_MAIN(scene)
