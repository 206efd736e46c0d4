// SPDX-License-Identifier: LGPL-2.1-or-later
// A knowledge base with a picture of the scene: at both ends, at one, and at none.
#include <cstdio>
#include <filesystem>

#include "core/kb/knowledge_base_file.h"
#include "core/kb/reference_picture.h"
#include "crlsc/entry_event.h"
#include "support.h"
#include "support/test_knowledge.h"

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
    const GstVideoInfo info = video_info(96, 80);
    GstBuffer* frame = make_frame(info, 0);
    crlsc::Picture picture(96, 80);
    gst_buffer_extract(frame, 0, picture.plane(0), picture.data().size());
    gst_buffer_unref(frame);
    crlsc::KnowledgeBaseFile file(with, crlsc::KnowledgeBaseFile::Access::kWrite);
    fail_unless(file.set_picture(1, crlsc::encode_reference_picture(picture, 95)));
  }
  ~Knowledge() { std::filesystem::remove_all(folder); }
  std::string folder;
  std::string with;
  std::string without;
};

std::string element(const char* name, const std::string& knowledge) {
  std::string out = std::string(name) + " model=" + kFullModel;
  if (!knowledge.empty()) out += " knowledge-base=" + knowledge;
  return out;
}

void ask_for_key_picture(GstHarness* h) {
  gst_harness_push_upstream_event(h, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 1));
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
  Harness sender(element("crlscenc bitrate=100000", knowledge.with));
  Harness receiver(element("crlscdec", lacking));
  const GstVideoInfo info = video_info(96, 80);
  gst_harness_set_src_caps(sender.h(), gst_video_info_to_caps(&info));
  int good_from = -1;
  for (int i = 0; i < 60; ++i) {
    fail_unless_equals_int(sender.push(make_frame(info, i)), GST_FLOW_OK);
    const Buffers sent = sender.pull();
    if (i == 0) gst_harness_set_src_caps(receiver.h(), gst_pad_get_current_caps(sender.h()->sinkpad));
    fail_unless_equals_int(receiver.push(sent.copy(0)), GST_FLOW_OK);
    while (GstEvent* event = gst_harness_try_pull_upstream_event(receiver.h())) {
      if (gst_event_has_name(event, "GstForceKeyUnit")) ask_for_key_picture(sender.h());
      if (feedback && crlsc::is_entry_event(event)) {
        gst_harness_push_upstream_event(sender.h(), gst_event_ref(event));
      }
      gst_event_unref(event);
    }
    const Buffers shown = receiver.pull();
    const bool good = shown.size() == 1 && !has_flag(shown[0], GST_BUFFER_FLAG_CORRUPTED);
    if (!good) good_from = -1;
    if (good && good_from < 0) good_from = i;
    fail_unless(good || shown.size() == 0, "garbage is shown");
    g_usleep(20000);  // requests are throttled by the clock on the wall
  }
  fail_unless(good_from > 0 && good_from < 55, "good from picture %d on", good_from);
  fail_unless(!feedback || good_from == 1, "good from picture %d on", good_from);
}
GST_END_TEST;

static Suite* scene_suite(void) {
  Suite* suite = suite_create("scene");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, a_known_scene_costs_less);
  tcase_add_test(tests, both_ends_see_the_same);
  tcase_add_loop_test(tests, who_lacks_the_picture_gets_one_without_it, 0, 4);
  return suite;
}

GST_CHECK_MAIN(scene)
