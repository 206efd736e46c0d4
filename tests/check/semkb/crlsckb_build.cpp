// SPDX-License-Identifier: LGPL-2.1-or-later
// crlsckb adding to a knowledge base, and files that change while they are in use.
#include <algorithm>
#include <cstdio>

#include "private_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

GST_START_TEST(b6_what_is_shown_becomes_an_entry) {
  Private base(__i__ == 0);
  Kb kb(builder(base.path, "label=first interval=0"));
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  fail_unless_equals_int(kb.push(make_colour("red", 1)), GST_FLOW_OK);
  g_object_set(kb.element(), "label", "second", nullptr);
  fail_unless_equals_int(kb.push(make_colour("blue", 2)), GST_FLOW_OK);
  fail_unless(labels_of(kb.pull()[0]) == Labels{"no meta"});
  fail_unless(kb.push(gst_event_new_eos()));
  // Durable before anybody hears of the end.
  fail_unless(base.labels() == Labels({"first", "second"}));
  fail_unless_equals_uint64(kb.stat("added"), 2);
  fail_unless_equals_uint64(kb.stat("duplicates"), 1);
  fail_unless_equals_uint64(kb.stat("entries"), 2);
  KnowledgeBaseFile file(base.path, KnowledgeBaseFile::Access::kRead);
  const auto entry = file.find(1, {false, true});
  fail_unless(entry->picture.empty());
  fail_unless(entry->code == Private::code_of("red"));
  fail_unless(std::abs(entry->first_seen - g_get_real_time() / 1000) < 60000);
  file.verify();
}
GST_END_TEST;

GST_START_TEST(b6_encoded_video_builds_without_a_model) {
  const ColourStream stream({"red", "red", "green"}, "semantic-interval=100");
  Private base;
  Kb kb("mode=build label=seen location=" + base.path);
  kb.set_caps(stream.caps);
  kb.push_all(stream);
  fail_unless(kb.push(gst_event_new_eos()));
  fail_unless(base.labels() == Labels({"seen", "seen"}));
}
GST_END_TEST;

GST_START_TEST(b6_both_finds_what_it_has_added) {
  Private base;
  Kb kb("mode=both interval=0 label=mine min-similarity=0.9 model=" + std::string(kSemanticModel) +
        " location=" + base.path);
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  fail_unless(labels_of(kb.pull()[0]).empty());
  fail_unless(kb.push(gst_event_new_eos()));
  kb.flush();
  fail_unless_equals_int(kb.push(make_colour("red", 1)), GST_FLOW_OK);
  fail_unless(labels_of(kb.pull()[0]) == Labels{"mine"});
}
GST_END_TEST;

GST_START_TEST(b6_entries_are_written_after_some_seconds) {
  Private base;
  Kb kb(builder(base.path, "label=soon interval=0"));
  kb.set_raw();
  push_until(kb, "red", [&] { return kb.stat("added") == 1; });
  fail_unless(base.labels() == Labels{"soon"});
}
GST_END_TEST;

GST_START_TEST(b6_entries_are_written_when_it_stops) {
  Private base;
  {
    Kb kb(builder(base.path, "label=last"));
    kb.set_raw();
    fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  }
  fail_unless(base.labels() == Labels{"last"});
}
GST_END_TEST;

GST_START_TEST(b6_max_entries) {
  Private base;
  Kb kb(builder(base.path, "interval=0 max-entries=2"));
  kb.set_raw();
  int index = 0;
  for (const std::string& colour : colour_names()) {
    fail_unless_equals_int(kb.push(make_colour(colour, index++)), GST_FLOW_OK);
  }
  fail_unless(kb.push(gst_event_new_eos()));
  fail_unless_equals_int(base.labels().size(), 2);
  fail_unless_equals_uint64(kb.stat("rejected"), 3);
  fail_unless_equals_int(kb.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b6_nothing_is_added_to_a_shared_one) {
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", kKnowledge, "model", kSemanticModel, nullptr);
  gst_util_set_object_arg(G_OBJECT(lone.element()), "mode", "build");
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  const Posted posted = lone.pop();
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS), "%s", posted.text.c_str());
  fail_unless(posted.says("`location`"));
}
GST_END_TEST;

GST_START_TEST(b6_a_label_that_is_no_text) {
  Private base;
  Kb kb(builder(base.path));
  g_object_set(kb.element(), "label", "line\nbreak", nullptr);
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_ERROR);
  const Posted posted = kb.pop();
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS) && posted.says("label"), "%s",
              posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b6_changes_of_others_are_found) {
  Private base;
  Kb kb("interval=0 model=" + std::string(kSemanticModel) + " location=" + base.path);
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  fail_unless(labels_of(kb.pull()[0]).empty());
  base.add("from elsewhere", "red");
  push_until(kb, "red", [&] { return kb.stat("reloads") == 1; });
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  fail_unless(labels_of(kb.pull()[0]) == Labels{"from elsewhere"});
}
GST_END_TEST;

GST_START_TEST(b6_the_file_is_replaced_while_it_is_in_use) {
  Private base;
  base.add("old", "red");
  Kb kb("interval=0 model=" + std::string(kSemanticModel) + " location=" + base.path);
  kb.set_raw();
  Private other;
  other.add("new", "red");
  fail_unless_equals_int(std::rename(other.path.c_str(), base.path.c_str()), 0);
  push_until(kb, "red", [&] { return kb.stat("reloads") == 1; });
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  fail_unless(labels_of(kb.pull()[0]) == Labels{"new"});
}
GST_END_TEST;

GST_START_TEST(b6_a_broken_replacement_leaves_what_there_was) {
  Private base;
  base.add("old", "red");
  Kb kb("interval=0 model=" + std::string(kSemanticModel) + " location=" + base.path);
  kb.set_raw();
  const std::string garbage = base.folder.path() + "/garbage";
  fail_unless(g_file_set_contents(garbage.c_str(), "no database", -1, nullptr));
  fail_unless_equals_int(std::rename(garbage.c_str(), base.path.c_str()), 0);
  Posted warning;
  push_until(kb, "red", [&] {
    warning = kb.pop(GST_MESSAGE_WARNING);
    return warning.domain != 0;
  });
  fail_unless(warning.says(base.path));
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  fail_unless(labels_of(kb.pull()[0]) == Labels{"old"});
  fail_unless_equals_int(kb.pop().domain, 0);
}
GST_END_TEST;

// One element builds while another one searches the same file, as two processes would.
GST_START_TEST(b6_one_builds_and_one_searches) {
  Private base;
  Kb writer(builder(base.path, "interval=0 label=shared"));
  Kb reader("interval=0 model=" + std::string(kSemanticModel) + " location=" + base.path);
  writer.set_raw();
  reader.set_raw();
  int index = 0;
  for (const std::string& colour : colour_names()) {
    fail_unless_equals_int(writer.push(make_colour(colour, index)), GST_FLOW_OK);
    fail_unless_equals_int(reader.push(make_colour(colour, index++)), GST_FLOW_OK);
  }
  fail_unless(writer.push(gst_event_new_eos()));
  push_until(reader, "green", [&] { return reader.stat("entries") == 5; });
  fail_unless_equals_int(writer.pop().domain, 0);
  fail_unless_equals_int(reader.pop().domain, 0);
}
GST_END_TEST;

static Suite* crlsckb_build_suite() {
  Suite* suite = suite_create("crlsckb-build");
  TCase* tests = tcase_create("build");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, b6_what_is_shown_becomes_an_entry, 0, 2);
  tcase_add_test(tests, b6_encoded_video_builds_without_a_model);
  tcase_add_test(tests, b6_both_finds_what_it_has_added);
  tcase_add_test(tests, b6_entries_are_written_after_some_seconds);
  tcase_add_test(tests, b6_entries_are_written_when_it_stops);
  tcase_add_test(tests, b6_max_entries);
  tcase_add_test(tests, b6_nothing_is_added_to_a_shared_one);
  tcase_add_test(tests, b6_a_label_that_is_no_text);
  tcase_add_test(tests, b6_changes_of_others_are_found);
  tcase_add_test(tests, b6_the_file_is_replaced_while_it_is_in_use);
  tcase_add_test(tests, b6_a_broken_replacement_leaves_what_there_was);
  tcase_add_test(tests, b6_one_builds_and_one_searches);
  return suite;
}

GST_CHECK_MAIN(crlsckb_build)
