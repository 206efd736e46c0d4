// SPDX-License-Identifier: LGPL-2.1-or-later
// What the encoder and the decoder have in common: metadata, states, and how they deal with models. Each test runs for
// both.
#include <string>
#include <vector>

#include "core/model/model_delta.h"
#include "core/model/safetensors.h"
#include "support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

constexpr const char* kElements[] = {"crlscenc", "crlscdec"};
constexpr const char* kKlasses[] = {"Codec/Encoder/Video", "Codec/Decoder/Video"};

const std::vector<std::vector<GstState>> kOrders = {
    {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_NULL},
    {GST_STATE_PLAYING, GST_STATE_NULL, GST_STATE_PAUSED, GST_STATE_NULL},
    {GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_READY, GST_STATE_PLAYING, GST_STATE_NULL}};

// NULL to READY fails with one error and leaves the element in NULL.
Posted fail_to_load(Lone& lone, const std::string& model) {
  lone.set_model(model);
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  GstState state = GST_STATE_READY;
  gst_element_get_state(lone.element(), &state, nullptr, GST_CLOCK_TIME_NONE);
  fail_unless_equals_int(state, GST_STATE_NULL);
  const Posted posted = lone.pop();
  fail_unless(posted.domain != 0, "no error was posted");
  fail_unless(posted.says("`model`"), "property not named: %s", posted.text.c_str());
  fail_unless_equals_int(lone.pop().domain, 0);
  return posted;
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  fail_unless_equals_int(from.size(), to.size());
  const size_t at = text.find(from);
  fail_unless(at != std::string::npos, "no %s", from.c_str());
  text.replace(at, from.size(), to);
}

// A delta for `model`, a name on the model path, that changes nothing.
std::string delta_for(const Folder& folder, const char* model) {
  const ModelFile file(find_model(model));
  const std::string path = folder.path() + "/delta.safetensors";
  save_delta(path, file, file, {});
  return path;
}

guint64 milliseconds_to_ready(Lone& lone) {
  const gint64 begin = g_get_monotonic_time();
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  return static_cast<guint64>(g_get_monotonic_time() - begin) / 1000;
}

}  // namespace

GST_START_TEST(b1_02_class_and_rank) {
  GstElementFactory* factory = gst_element_factory_find(kElements[__i__]);
  fail_unless(factory != nullptr);
  fail_unless_equals_string(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS), kKlasses[__i__]);
  fail_unless(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_AUTHOR) != nullptr);
  fail_unless(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_LONGNAME) != nullptr);
  fail_unless_equals_int(gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory)), GST_RANK_PRIMARY);
  fail_unless_equals_int(gst_element_factory_get_num_pad_templates(factory), 2);
  gst_object_unref(factory);
}
GST_END_TEST;

GST_START_TEST(b1_02_defaults_are_what_the_description_says) {
  Lone lone(kElements[__i__]);
  guint count = 0;
  int own = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(lone.element()), &count);
  for (guint i = 0; i < count; ++i) {
    const bool readable = (specs[i]->flags & G_PARAM_READABLE) != 0;
    if (!readable || G_IS_PARAM_SPEC_BOXED(specs[i]) || G_IS_PARAM_SPEC_OBJECT(specs[i])) continue;
    if (g_str_equal(specs[i]->name, "name")) continue;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, specs[i]->value_type);
    g_object_get_property(G_OBJECT(lone.element()), specs[i]->name, &value);
    fail_unless(g_param_value_defaults(specs[i], &value), "%s", specs[i]->name);
    g_value_unset(&value);
    own += specs[i]->owner_type == G_OBJECT_TYPE(lone.element()) ? 1 : 0;
  }
  fail_unless(own >= 3);
  g_free(specs);
}
GST_END_TEST;

GST_START_TEST(b1_06_mutability_is_stated) {
  Lone lone(kElements[__i__]);
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(lone.element()), &count);
  for (guint i = 0; i < count; ++i) {
    if (specs[i]->owner_type != G_OBJECT_TYPE(lone.element()) || (specs[i]->flags & G_PARAM_WRITABLE) == 0) continue;
    const guint stated = specs[i]->flags & (GST_PARAM_MUTABLE_READY | GST_PARAM_MUTABLE_PLAYING);
    fail_unless(stated == GST_PARAM_MUTABLE_READY || stated == GST_PARAM_MUTABLE_PLAYING, "%s", specs[i]->name);
  }
  g_free(specs);
}
GST_END_TEST;

GST_START_TEST(b1_03_states_with_a_model) {
  Lone lone(kElements[__i__]);
  lone.set_model(kModel);
  for (int round = 0; round < 2; ++round) {
    for (const auto& order : kOrders) {
      for (const GstState state : order) fail_unless_equals_int(lone.go(state), GST_STATE_CHANGE_SUCCESS);
    }
  }
  fail_unless_equals_int(lone.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_03_states_without_a_model) {
  Lone lone(kElements[__i__]);
  for (int round = 0; round < 2; ++round) {
    for (const auto& order : kOrders) {
      for (const GstState state : order) {
        const auto expected = state == GST_STATE_NULL ? GST_STATE_CHANGE_SUCCESS : GST_STATE_CHANGE_FAILURE;
        fail_unless_equals_int(lone.go(state), expected);
        fail_unless_equals_int(lone.go(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
      }
    }
  }
}
GST_END_TEST;

GST_START_TEST(b1_04_a_missing_file) {
  Lone lone(kElements[__i__]);
  const Posted posted = fail_to_load(lone, "/nowhere/at-all.safetensors");
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND), "%s", posted.text.c_str());
  fail_unless(posted.says("/nowhere/at-all.safetensors"));
}
GST_END_TEST;

GST_START_TEST(b1_04_no_default_model) {
  Lone lone(kElements[__i__]);
  const Posted posted = fail_to_load(lone, "");
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND), "%s", posted.text.c_str());
  fail_unless(posted.says("default.safetensors"));
  fail_unless(posted.says("CRLSC_MODEL_PATH"));
}
GST_END_TEST;

GST_START_TEST(b1_04_the_default_model_is_found) {
  Folder folder;
  folder.changed_model("default.safetensors", [](std::string&) {});
  const std::string before = g_getenv("CRLSC_MODEL_PATH");
  g_setenv("CRLSC_MODEL_PATH", folder.path().c_str(), TRUE);
  Lone lone(kElements[__i__]);
  const GstStateChangeReturn result = lone.go(GST_STATE_READY);
  g_setenv("CRLSC_MODEL_PATH", before.c_str(), TRUE);
  fail_unless_equals_int(result, GST_STATE_CHANGE_SUCCESS);
}
GST_END_TEST;

GST_START_TEST(b1_04_a_truncated_file) {
  Folder folder;
  const std::string path =
      folder.changed_model("short.safetensors", [](std::string& text) { text.resize(text.size() / 2); });
  Lone lone(kElements[__i__]);
  const Posted posted = fail_to_load(lone, path);
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ), "%s", posted.text.c_str());
  fail_unless(posted.says(path));
}
GST_END_TEST;

GST_START_TEST(b1_04_a_file_that_contradicts_its_hash) {
  Folder folder;
  const std::string path = folder.changed_model(
      "bent.safetensors", [](std::string& text) { text.back() = static_cast<char>(~text.back()); });
  Lone lone(kElements[__i__]);
  const Posted posted = fail_to_load(lone, path);
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ), "%s", posted.text.c_str());
  fail_unless(posted.says(path));
}
GST_END_TEST;

GST_START_TEST(b1_04_another_format_version) {
  Folder folder;
  const std::string path = folder.changed_model("new.safetensors", [](std::string& text) {
    replace(text, "\"format_version\":\"1\"", "\"format_version\":\"9\"");
  });
  Lone lone(kElements[__i__]);
  const Posted posted = fail_to_load(lone, path);
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b1_04_something_else_than_a_model) {
  Folder folder;
  const std::string path =
      folder.changed_model("other.safetensors", [](std::string& text) { replace(text, "crlsc-model", "other-thing"); });
  Lone lone(kElements[__i__]);
  const Posted posted = fail_to_load(lone, path);
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b1_04_an_absent_backend) {
  Folder folder;
  Lone lone(kElements[__i__]);
  const Posted posted = fail_to_load(lone, folder.model_for_backend("nobody-has-it"));
  fail_unless(posted.is(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT), "%s", posted.text.c_str());
  fail_unless(posted.says("nobody-has-it"));
}
GST_END_TEST;

GST_START_TEST(b1_04_a_model_with_a_delta) {
  Folder folder;
  Lone lone(kElements[__i__]);
  lone.set_model(kModel + ("+" + delta_for(folder, kModel)));
  fail_unless_equals_int(lone.go(GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int(lone.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_04_a_delta_for_another_model) {
  Folder folder;
  Lone lone(kElements[__i__]);
  const Posted posted = fail_to_load(lone, kOtherModel + ("+" + delta_for(folder, kModel)));
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
  for (const char* model : {kModel, kOtherModel}) fail_unless(posted.says(ModelFile(find_model(model)).hash()));
}
GST_END_TEST;

GST_START_TEST(b1_04_a_delta_alone_and_a_delta_that_is_missing) {
  Folder folder;
  const std::string delta = delta_for(folder, kModel);
  Lone lone(kElements[__i__]);
  Posted posted = fail_to_load(lone, delta);
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
  posted = fail_to_load(lone, kModel + std::string("+/nowhere/at-all.safetensors"));
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND), "%s", posted.text.c_str());
  posted = fail_to_load(lone, kModel + ("+" + delta + "+" + delta));
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b1_05_failing_and_then_mended) {
  Lone lone(kElements[__i__]);
  for (int round = 0; round < 3; ++round) {
    fail_to_load(lone, "/nowhere/at-all.safetensors");
    lone.set_model(kModel);
    fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int(lone.go(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }
}
GST_END_TEST;

GST_START_TEST(b1_05_ready_and_null_again_and_again) {
  Lone lone(kElements[__i__]);
  lone.set_model(kModel);
  for (int round = 0; round < 10; ++round) {
    fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int(lone.go(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }
}
GST_END_TEST;

GST_START_TEST(b1_05_a_model_set_in_ready_counts_from_paused_on) {
  Lone lone(kElements[__i__]);
  lone.set_model(kModel);
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  lone.set_model("/nowhere/at-all.safetensors");
  fail_unless_equals_int(lone.go(GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  fail_unless(lone.pop().is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND));
  lone.set_model(kOtherModel);
  fail_unless_equals_int(lone.go(GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
}
GST_END_TEST;

GST_START_TEST(b1_07_properties_can_be_read_while_loading) {
  Folder folder;
  const std::string model = folder.model_for_backend("faulty");
  const Fault fault("slow-load");
  Lone lone(kElements[__i__]);
  lone.set_model(model);
  const auto load = [](gpointer data) -> gpointer {
    return GINT_TO_POINTER(static_cast<Lone*>(data)->go(GST_STATE_READY));
  };
  GThread* thread = g_thread_new("load", load, &lone);
  gint64 slowest = 0;
  for (int i = 0; i < 20; ++i) {
    g_usleep(10000);
    const gint64 begin = g_get_monotonic_time();
    GstStructure* stats = nullptr;
    gchar* text = nullptr;
    g_object_get(lone.element(), "stats", &stats, "model", &text, nullptr);
    slowest = std::max(slowest, g_get_monotonic_time() - begin);
    gst_structure_free(stats);
    g_free(text);
  }
  fail_unless_equals_int(GPOINTER_TO_INT(g_thread_join(thread)), GST_STATE_CHANGE_SUCCESS);
  fail_unless(slowest < 150 * G_TIME_SPAN_MILLISECOND, "%" G_GINT64_FORMAT " us", slowest);
}
GST_END_TEST;

GST_START_TEST(b1_08_an_exception_while_loading) {
  Folder folder;
  const std::string model = folder.model_for_backend("faulty");
  Lone lone(kElements[__i__]);
  {
    const Fault fault("load");
    const Posted posted = fail_to_load(lone, model);
    fail_unless(posted.is(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED), "%s", posted.text.c_str());
    fail_unless(posted.says("fault on demand"));
  }
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
}
GST_END_TEST;

GST_START_TEST(b1_11_elements_share_a_model) {
  Folder folder;
  const std::string model = folder.model_for_backend("faulty");
  const Fault fault("slow-load");
  Lone one(kElements[__i__]);
  Lone other(kElements[1 - __i__]);
  one.set_model(model);
  other.set_model(model);
  fail_unless(milliseconds_to_ready(one) >= 400);
  fail_unless(milliseconds_to_ready(other) < 300);
  // The second one holds it on its own.
  fail_unless_equals_int(one.go(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  fail_unless(milliseconds_to_ready(one) < 300);
  one.go(GST_STATE_NULL);
  other.go(GST_STATE_NULL);
  fail_unless(milliseconds_to_ready(one) >= 400, "nobody held the model, and yet it was not loaded anew");
}
GST_END_TEST;

// Both are for READY only: nothing changes, and a line in the log says so.
GST_START_TEST(b1_13_the_model_stays_while_data_may_flow) {
  Lone lone(kElements[__i__]);
  lone.set_model(kModel);
  g_object_set(lone.element(), "threads", 1U, nullptr);
  for (const GstState state : {GST_STATE_PAUSED, GST_STATE_PLAYING}) {
    fail_unless_equals_int(lone.go(state), GST_STATE_CHANGE_SUCCESS);
    const LogCounter log(kElements[__i__]);
    lone.set_model(kOtherModel);
    g_object_set(lone.element(), "threads", 2U, nullptr);
    fail_unless_equals_int(log.lines(), 2);
    gchar* model = nullptr;
    guint threads = 0;
    g_object_get(lone.element(), "model", &model, "threads", &threads, nullptr);
    fail_unless_equals_string(model, kModel);
    fail_unless_equals_int(threads, 1);
    g_free(model);
  }
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  lone.set_model(kOtherModel);
  fail_unless_equals_int(lone.go(GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
}
GST_END_TEST;

static Suite* models_suite(void) {
  Suite* suite = suite_create("models");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, b1_02_class_and_rank, 0, 2);
  tcase_add_loop_test(tests, b1_02_defaults_are_what_the_description_says, 0, 2);
  tcase_add_loop_test(tests, b1_03_states_with_a_model, 0, 2);
  tcase_add_loop_test(tests, b1_03_states_without_a_model, 0, 2);
  tcase_add_loop_test(tests, b1_04_a_missing_file, 0, 2);
  tcase_add_loop_test(tests, b1_04_no_default_model, 0, 2);
  tcase_add_loop_test(tests, b1_04_the_default_model_is_found, 0, 2);
  tcase_add_loop_test(tests, b1_04_a_truncated_file, 0, 2);
  tcase_add_loop_test(tests, b1_04_a_file_that_contradicts_its_hash, 0, 2);
  tcase_add_loop_test(tests, b1_04_another_format_version, 0, 2);
  tcase_add_loop_test(tests, b1_04_something_else_than_a_model, 0, 2);
  tcase_add_loop_test(tests, b1_04_an_absent_backend, 0, 2);
  tcase_add_loop_test(tests, b1_04_a_model_with_a_delta, 0, 2);
  tcase_add_loop_test(tests, b1_04_a_delta_for_another_model, 0, 2);
  tcase_add_loop_test(tests, b1_04_a_delta_alone_and_a_delta_that_is_missing, 0, 2);
  tcase_add_loop_test(tests, b1_05_failing_and_then_mended, 0, 2);
  tcase_add_loop_test(tests, b1_05_ready_and_null_again_and_again, 0, 2);
  tcase_add_loop_test(tests, b1_05_a_model_set_in_ready_counts_from_paused_on, 0, 2);
  tcase_add_loop_test(tests, b1_06_mutability_is_stated, 0, 2);
  tcase_add_loop_test(tests, b1_07_properties_can_be_read_while_loading, 0, 2);
  tcase_add_loop_test(tests, b1_08_an_exception_while_loading, 0, 2);
  tcase_add_loop_test(tests, b1_11_elements_share_a_model, 0, 2);
  tcase_add_loop_test(tests, b1_13_the_model_stays_while_data_may_flow, 0, 2);
  return suite;
}

GST_CHECK_MAIN(models)
