// SPDX-License-Identifier: LGPL-2.1-or-later
// crlsckb keeping scenes with pictures of their backgrounds.
#include <algorithm>

#include "core/kb/reference_picture.h"
#include "core/kb/scene_pictures.h"
#include "private_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

constexpr int kFirst = 21;   // pictures, one a second, until a new scene that goes on is kept
constexpr int kWindow = 61;  // and until it is looked at again

std::string keeper(const std::string& path, const std::string& rest = "") {
  return builder(path, "scenes=true interval=1000 " + rest);
}

// One picture a second; what it shows is known by its colour.
class Camera {
 public:
  explicit Camera(Kb& kb) : kb_(kb) {}
  void show(const std::string& colour, int seconds, const GstVideoInfo& info = video_info()) {
    for (int i = 0; i < seconds; ++i, ++time_) {
      GstBuffer* buffer = make_colour(colour, 0, info);
      GST_BUFFER_PTS(buffer) = static_cast<guint64>(time_) * GST_SECOND;
      fail_unless_equals_int(kb_.push(buffer), GST_FLOW_OK);
    }
  }

 private:
  Kb& kb_;
  int time_ = 0;
};

std::vector<StoredEntry> entries_of(const std::string& path) {
  std::vector<StoredEntry> all;
  KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kRead);
  file.for_each([&](const StoredEntry& entry) { all.push_back(entry); }, {false, true});
  return all;
}

// An entry, with a picture or without, that was last seen long ago.
void add_old(const std::string& path, bool with_picture) {
  KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kWrite);
  NewEntry entry;
  entry.code = Private::code_of("green");
  entry.label = with_picture ? "scene" : "thing";
  entry.first_seen = entry.last_seen = 1000;
  if (with_picture) entry.picture = encode_reference_picture(colour_picture("green", 64, 48), 80);
  AddSettings settings;
  settings.near_duplicate = 1.0F;
  file.add({entry}, settings);
}

}  // namespace

GST_START_TEST(a_scene_becomes_an_entry_with_its_picture) {
  Private base(__i__ == 0);
  Kb kb(keeper(base.path, "label=yard"));
  kb.set_raw();
  Camera camera(kb);
  camera.show("red", kFirst - 1);
  fail_unless(base.labels().empty());
  camera.show("red", 1);
  // Durable at once.
  const auto entries = entries_of(base.path);
  fail_unless_equals_int(entries.size(), 1);
  fail_unless(entries[0].label == "yard");
  fail_unless(entries[0].code == Private::code_of("red"));
  const Picture picture = decode_reference_picture(entries[0].picture);
  fail_unless_equals_int(picture.width(), 64);
  fail_unless_equals_int(picture.height(), 48);
  fail_unless(std::abs(picture.plane(0)[0] - 81) <= 4 && std::abs(picture.plane(2)[0] - 240) <= 4);
  fail_unless(std::abs(entries[0].last_seen - g_get_real_time() / 1000) < 60000);
  fail_unless_equals_int(entries[0].last_seen - entries[0].first_seen, 1000 * (kFirst - 2));
  fail_unless_equals_uint64(kb.stat("added"), 1);
  fail_unless_equals_uint64(kb.stat("entries"), 1);
  KnowledgeBaseFile file(base.path, KnowledgeBaseFile::Access::kRead);
  fail_unless_equals_int(read_scene_memory(file, 64, 48).size(), 1);
  file.verify();
}
GST_END_TEST;

GST_START_TEST(each_scene_is_kept_once) {
  Private base;
  Kb kb(keeper(base.path));
  kb.set_raw();
  Camera camera(kb);
  for (const char* colour : {"red", "green", "red", "green"}) camera.show(colour, 20);
  camera.show("blue", 5);  // too short
  fail_unless(kb.push(gst_event_new_eos()));
  fail_unless_equals_int(entries_of(base.path).size(), 2);
  fail_unless_equals_uint64(kb.stat("added"), 2);
}
GST_END_TEST;

GST_START_TEST(the_last_scene_is_kept_at_the_end) {
  Private base;
  {
    Kb kb(keeper(base.path));
    kb.set_raw();
    Camera camera(kb);
    camera.show("red", 20);
    if (__i__ == 0) fail_unless(kb.push(gst_event_new_eos()));
    if (__i__ == 1) {
      const GstVideoInfo other = video_info(96, 80);
      kb.set_raw(other);
      camera.show("red", 1, other);
    }
    fail_unless_equals_int(entries_of(base.path).size(), __i__ < 2 ? 1 : 0);
  }
  fail_unless_equals_int(entries_of(base.path).size(), 1);
}
GST_END_TEST;

GST_START_TEST(a_known_scene_is_seen_again) {
  Private base;
  add_old(base.path, true);
  Kb kb(keeper(base.path));
  kb.set_raw();
  Camera(kb).show("green", 20);
  fail_unless(kb.push(gst_event_new_eos()));
  const auto entries = entries_of(base.path);
  fail_unless_equals_int(entries.size(), 1);
  fail_unless_equals_int(entries[0].first_seen, 1000);
  fail_unless(std::abs(entries[0].last_seen - g_get_real_time() / 1000) < 60000);
  fail_unless_equals_uint64(kb.stat("added"), 0);
}
GST_END_TEST;

GST_START_TEST(scenes_are_searched_for_meanwhile) {
  Private base;
  Kb kb("mode=both scenes=true label=mine min-similarity=0.9 model=" + std::string(kSemanticModel) +
        " location=" + base.path);
  kb.set_raw();
  Camera(kb).show("red", kFirst + 1);
  const Buffers out = kb.pull();
  fail_unless(labels_of(out[kFirst - 2]).empty());
  fail_unless(labels_of(out[kFirst]) == Labels{"mine"});
  fail_unless_equals_uint64(kb.stat("searches"), kFirst + 1);
}
GST_END_TEST;

GST_START_TEST(old_scenes_are_removed) {
  Private base;
  add_old(base.path, true);
  add_old(base.path, false);
  Kb kb(keeper(base.path, __i__ == 0 ? "max-age=3600" : ""));
  kb.set_raw();
  Camera camera(kb);
  camera.show("green", 1);
  fail_unless(base.labels() == (__i__ == 0 ? Labels({"thing"}) : Labels({"scene", "thing"})));
  fail_unless_equals_uint64(kb.stat("removed"), __i__ == 0 ? 1 : 0);
  fail_unless_equals_uint64(kb.stat("entries"), __i__ == 0 ? 1 : 2);
  camera.show("green", 20);
  fail_unless(kb.push(gst_event_new_eos()));
  fail_unless_equals_uint64(kb.stat("added"), __i__ == 0 ? 1 : 0);
}
GST_END_TEST;

GST_START_TEST(no_more_scenes_than_entries) {
  Private base;
  Kb kb(keeper(base.path, "max-entries=1"));
  kb.set_raw();
  Camera camera(kb);
  for (const char* colour : {"red", "green", "red"}) camera.show(colour, 20);
  fail_unless(kb.push(gst_event_new_eos()));
  fail_unless_equals_int(entries_of(base.path).size(), 1);
  fail_unless_equals_uint64(kb.stat("rejected"), 1);
  fail_unless_equals_int(kb.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(a_scene_that_was_removed_by_others_is_new_again) {
  Private base;
  Kb kb(keeper(base.path));
  kb.set_raw();
  Camera camera(kb);
  camera.show("red", kFirst);
  fail_unless_equals_uint64(kb.stat("added"), 1);
  fail_unless_equals_int(KnowledgeBaseFile(base.path, KnowledgeBaseFile::Access::kWrite).remove({1}), 1);
  // Whether the change was noticed in the meantime or not.
  if (__i__ == 1) push_until(kb, "red", [&] { return kb.stat("reloads") == 1; });
  camera.show("red", 2 * kWindow);
  fail_unless(kb.push(gst_event_new_eos()));
  fail_unless_equals_int(entries_of(base.path).size(), 1);
  fail_unless_equals_uint64(kb.stat("added"), 2);
}
GST_END_TEST;

GST_START_TEST(a_file_that_cannot_be_written_is_tried_again) {
  Private base;
  Kb kb(keeper(base.path));
  kb.set_raw();
  Camera camera(kb);
  camera.show("red", kFirst - 1);
  const std::string garbage = base.folder.path() + "/garbage";
  const std::string kept = base.folder.path() + "/kept";
  fail_unless(g_file_set_contents(garbage.c_str(), "no database", -1, nullptr));
  fail_unless_equals_int(std::rename(base.path.c_str(), kept.c_str()), 0);
  fail_unless_equals_int(std::rename(garbage.c_str(), base.path.c_str()), 0);
  camera.show("red", 1);
  fail_unless(kb.pop(GST_MESSAGE_WARNING).domain != 0);
  fail_unless_equals_int(std::rename(kept.c_str(), base.path.c_str()), 0);
  camera.show("red", kWindow);
  fail_unless_equals_int(entries_of(base.path).size(), 1);
  fail_unless_equals_int(kb.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(pictures_too_large_for_a_scene) {
  Private base;
  Kb kb(keeper(base.path));
  const GstVideoInfo wide = video_info(2064, 16);
  kb.set_raw(wide);
  kb.push(make_colour("red", 0, wide));
  const Posted posted = kb.pop();
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS) && posted.says("scenes"), "%s",
              posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(a_label_that_is_no_text) {
  Private base;
  Kb kb(keeper(base.path));
  g_object_set(kb.element(), "label", "line\nbreak", nullptr);
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_ERROR);
  const Posted posted = kb.pop();
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS) && posted.says("label"), "%s",
              posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(scenes_are_not_kept_in_mode_query) {
  Private base;
  for (const char* mode : {"query", "build", "both"}) {
    Lone kb("crlsckb");
    kb.set_model(kSemanticModel);
    g_object_set(kb.element(), "location", base.path.c_str(), "scenes", TRUE, nullptr);
    gst_util_set_object_arg(G_OBJECT(kb.element()), "mode", mode);
    fail_unless_equals_int(kb.go(GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    const Posted warning = kb.pop(GST_MESSAGE_WARNING);
    if (std::string(mode) != "query") {
      fail_unless_equals_int(warning.domain, 0);
      continue;
    }
    fail_unless(warning.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS) && warning.says("mode=build"), "%s",
                warning.text.c_str());
  }
}
GST_END_TEST;

static Suite* crlsckb_scenes_suite() {
  Suite* suite = suite_create("crlsckb-scenes");
  TCase* tests = tcase_create("scenes");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, a_scene_becomes_an_entry_with_its_picture, 0, 2);
  tcase_add_test(tests, each_scene_is_kept_once);
  tcase_add_loop_test(tests, the_last_scene_is_kept_at_the_end, 0, 3);
  tcase_add_test(tests, a_known_scene_is_seen_again);
  tcase_add_test(tests, scenes_are_searched_for_meanwhile);
  tcase_add_loop_test(tests, old_scenes_are_removed, 0, 2);
  tcase_add_test(tests, no_more_scenes_than_entries);
  tcase_add_loop_test(tests, a_scene_that_was_removed_by_others_is_new_again, 0, 2);
  tcase_add_test(tests, a_file_that_cannot_be_written_is_tried_again);
  tcase_add_test(tests, pictures_too_large_for_a_scene);
  tcase_add_test(tests, a_label_that_is_no_text);
  tcase_add_test(tests, scenes_are_not_kept_in_mode_query);
  return suite;
}

GST_CHECK_MAIN(crlsckb_scenes)
