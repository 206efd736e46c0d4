// SPDX-License-Identifier: LGPL-2.1-or-later
// crlsckb as an element: metadata, states, and how it deals with files that are not what they should be.
#include "kb_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

const std::vector<std::vector<GstState>> kOrders = {
    {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_NULL},
    {GST_STATE_PLAYING, GST_STATE_NULL, GST_STATE_PAUSED, GST_STATE_NULL},
    {GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_READY, GST_STATE_PLAYING, GST_STATE_NULL}};

// NULL to READY fails with one error, which names the property, and leaves the element in NULL.
Posted fail_to_load(Lone& lone, const std::string& property) {
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  GstState state = GST_STATE_READY;
  gst_element_get_state(lone.element(), &state, nullptr, GST_CLOCK_TIME_NONE);
  fail_unless_equals_int(state, GST_STATE_NULL);
  const Posted posted = lone.pop();
  fail_unless(posted.says("`" + property + "`"), "property not named: %s", posted.text.c_str());
  fail_unless_equals_int(lone.pop().domain, 0);
  return posted;
}

}  // namespace

GST_START_TEST(b1_02_class_and_rank) {
  GstElementFactory* factory = gst_element_factory_find("crlsckb");
  fail_unless(factory != nullptr);
  fail_unless_equals_string(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS),
                            "Filter/Analyzer/Video");
  fail_unless_equals_int(gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory)), GST_RANK_NONE);
  fail_unless_equals_int(gst_element_factory_get_num_pad_templates(factory), 3);
  gst_object_unref(factory);
}
GST_END_TEST;

GST_START_TEST(b1_02_defaults_are_what_the_description_says) {
  Lone lone("crlsckb");
  guint count = 0;
  int own = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(lone.element()), &count);
  for (guint i = 0; i < count; ++i) {
    if (specs[i]->owner_type != G_OBJECT_TYPE(lone.element())) continue;
    ++own;
    if (G_IS_PARAM_SPEC_BOXED(specs[i])) continue;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, specs[i]->value_type);
    g_object_get_property(G_OBJECT(lone.element()), specs[i]->name, &value);
    fail_unless(g_param_value_defaults(specs[i], &value), "%s", specs[i]->name);
    g_value_unset(&value);
  }
  fail_unless_equals_int(own, 13);
  g_free(specs);
}
GST_END_TEST;

GST_START_TEST(b1_06_mutability_is_stated) {
  Lone lone("crlsckb");
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

GST_START_TEST(b1_03_states) {
  Lone lone("crlsckb");
  if (__i__ > 0) g_object_set(lone.element(), "location", kKnowledge, nullptr);
  if (__i__ > 1) g_object_set(lone.element(), "model", kSemanticModel, nullptr);
  for (int round = 0; round < 2; ++round) {
    for (const auto& order : kOrders) {
      for (const GstState state : order) fail_unless_equals_int(lone.go(state), GST_STATE_CHANGE_SUCCESS);
    }
  }
  fail_unless_equals_int(lone.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_04_a_missing_knowledge_base) {
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", "/nowhere/at-all.crlsckb", nullptr);
  const Posted posted = fail_to_load(lone, "location");
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND), "%s", posted.text.c_str());
  fail_unless(posted.says("/nowhere/at-all.crlsckb"));
}
GST_END_TEST;

GST_START_TEST(b1_04_a_file_that_is_something_else) {
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", find_model(kSemanticModel).c_str(), nullptr);
  const Posted posted = fail_to_load(lone, "location");
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b1_04_a_damaged_knowledge_base) {
  Folder folder;
  gchar* data = nullptr;
  gsize size = 0;
  fail_unless(g_file_get_contents(find_knowledge_base(kKnowledge, "location").c_str(), &data, &size, nullptr));
  const std::string path = folder.path() + "/damaged.crlsckb";
  // Somewhere within the codebooks, which fill most of the file.
  data[size / 2] = static_cast<gchar>(data[size / 2] ^ 0x55);
  fail_unless(g_file_set_contents(path.c_str(), data, static_cast<gssize>(size), nullptr));
  g_free(data);
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", path.c_str(), nullptr);
  const Posted posted = fail_to_load(lone, "location");
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ), "%s", posted.text.c_str());
  fail_unless(posted.says(path));
}
GST_END_TEST;

GST_START_TEST(b1_04_a_private_one_whose_shared_one_is_missing) {
  Folder folder;
  const std::string shared = folder.path() + "/shared.crlsckb";
  const std::string path = folder.path() + "/private.crlsckb";
  QuantiserParameters parameters = test_codebooks()->parameters();
  parameters.centroids[0] *= 0.5F;
  KnowledgeBaseFile::create(shared, {}, ProductQuantiser(parameters));
  write_private_knowledge(path, shared, false);
  const std::string id = to_hex(KnowledgeBaseFile(shared, KnowledgeBaseFile::Access::kRead).info().content_id());
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", path.c_str(), nullptr);
  const Posted posted = fail_to_load(lone, "location");
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND), "%s", posted.text.c_str());
  fail_unless(posted.says(id));
}
GST_END_TEST;

GST_START_TEST(b1_04_too_many_entries) {
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", kKnowledge, "max-entries", 4, nullptr);
  const Posted posted = fail_to_load(lone, "location");
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b1_04_models_that_do_not_fit) {
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", kKnowledge, "model", "/nowhere/model.safetensors", nullptr);
  fail_unless(fail_to_load(lone, "model").is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND));
  lone.set_model(kModel);
  Posted posted = fail_to_load(lone, "model");
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE) && posted.says("semantic head"), "%s",
              posted.text.c_str());
  Folder folder;
  KnowledgeBaseHeader header;
  header.encoder = ModelFile(find_model(kModel)).id();  // of no head
  const std::string path = folder.path() + "/other.crlsckb";
  KnowledgeBaseFile::create(path, header, *test_codebooks());
  g_object_set(lone.element(), "location", path.c_str(), "model", kSemanticModel, nullptr);
  posted = fail_to_load(lone, "model");
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
  fail_unless(posted.says(to_hex(*header.encoder)) && posted.says(to_hex(ModelFile(find_model(kSemanticModel)).head_id())));
}
GST_END_TEST;

GST_START_TEST(b1_04_vectors_of_another_size) {
  Folder folder;
  QuantiserParameters parameters;
  parameters.shape = {8, 2, 1};
  parameters.centroids.assign(16, 0.25F);
  const std::string path = folder.path() + "/eight.crlsckb";
  KnowledgeBaseFile::create(path, {}, ProductQuantiser(parameters));
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", path.c_str(), "model", kSemanticModel, nullptr);
  const Posted posted = fail_to_load(lone, "model");
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE) && posted.says("32") && posted.says("8"));
}
GST_END_TEST;

GST_START_TEST(b1_05_mending_a_property_mends_the_element) {
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", "/nowhere/at-all.crlsckb", nullptr);
  fail_to_load(lone, "location");
  g_object_set(lone.element(), "location", kKnowledge, nullptr);
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int(lone.go(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int(lone.go(GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
}
GST_END_TEST;

GST_START_TEST(b1_07_no_lock_is_held_while_a_model_loads) {
  Folder folder;
  const ModelFile file(find_model(kSemanticModel));
  Metadata metadata = file.metadata();
  metadata["backend"] = "faulty";
  const std::string model = folder.path() + "/slow.safetensors";
  save_model(model, file.tensors(), metadata);
  const std::string knowledge = folder.path() + "/any.crlsckb";
  KnowledgeBaseFile::create(knowledge, {}, *test_codebooks());
  Lone lone("crlsckb");
  g_object_set(lone.element(), "location", knowledge.c_str(), "model", model.c_str(), nullptr);
  const Fault fault("slow-load");
  GThread* thread = g_thread_new(
      "ready",
      [](gpointer element) -> gpointer {
        return GINT_TO_POINTER(gst_element_set_state(GST_ELEMENT(element), GST_STATE_READY));
      },
      lone.element());
  // Loading takes 400 ms; a property that had to wait for it would be seen only afterwards.
  guint top_k = 0;
  g_object_get(lone.element(), "top-k", &top_k, nullptr);
  g_object_set(lone.element(), "top-k", 3, nullptr);
  GstState state = GST_STATE_READY;
  gst_element_get_state(lone.element(), &state, nullptr, 0);
  fail_unless_equals_int(state, GST_STATE_NULL);
  fail_unless_equals_int(GPOINTER_TO_INT(g_thread_join(thread)), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int(top_k, 1);
}
GST_END_TEST;

GST_START_TEST(b1_04_the_default_model_is_loaded_when_raw_video_comes) {
  Kb kb(std::string("location=") + kKnowledge);
  // There is no default.safetensors on the path of these tests.
  kb.set_raw();
  const Posted posted = kb.pop();
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND) && posted.says("`model`"), "%s",
              posted.text.c_str());
}
GST_END_TEST;

static Suite* crlsckb_states_suite() {
  Suite* suite = suite_create("crlsckb-states");
  TCase* tests = tcase_create("states");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b1_02_class_and_rank);
  tcase_add_test(tests, b1_02_defaults_are_what_the_description_says);
  tcase_add_test(tests, b1_06_mutability_is_stated);
  tcase_add_loop_test(tests, b1_03_states, 0, 3);
  tcase_add_test(tests, b1_04_a_missing_knowledge_base);
  tcase_add_test(tests, b1_04_a_file_that_is_something_else);
  tcase_add_test(tests, b1_04_a_damaged_knowledge_base);
  tcase_add_test(tests, b1_04_a_private_one_whose_shared_one_is_missing);
  tcase_add_test(tests, b1_04_too_many_entries);
  tcase_add_test(tests, b1_04_models_that_do_not_fit);
  tcase_add_test(tests, b1_04_vectors_of_another_size);
  tcase_add_test(tests, b1_05_mending_a_property_mends_the_element);
  tcase_add_test(tests, b1_07_no_lock_is_held_while_a_model_loads);
  tcase_add_test(tests, b1_04_the_default_model_is_loaded_when_raw_video_comes);
  return suite;
}

GST_CHECK_MAIN(crlsckb_states)
