// SPDX-License-Identifier: LGPL-2.1-or-later
// crlsckb looking up what raw and encoded video shows.
#include <algorithm>
#include <cstdio>

#include "core/bitstream/semantic_unit.h"
#include "core/bitstream/unit.h"
#include "core/kb/knowledge_path.h"
#include "core/kb/sq8.h"
#include "core/model/registry.h"
#include "kb_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

using Labels = std::vector<std::string>;

GstMemory* memory_of(GstBuffer* buffer) { return gst_buffer_peek_memory(buffer, 0); }

}  // namespace

GST_START_TEST(b6_passthrough_when_nothing_is_configured) {
  Kb kb("");
  kb.set_raw();
  GstBuffer* buffer = make_colour("red", 0);
  fail_unless_equals_int(kb.push(gst_buffer_ref(buffer)), GST_FLOW_OK);
  const Buffers out = kb.pull();
  fail_unless(out[0] == buffer, "the buffer is another one");
  fail_unless(labels_of(out[0]) == Labels{"no meta"});
  fail_unless_equals_int(kb.messages("crlsckb"), 0);
  gst_buffer_unref(buffer);
}
GST_END_TEST;

GST_START_TEST(b6_timestamps_flags_and_metas_stay) {
  Kb kb(Kb::raw("interval=0"));
  kb.set_raw();
  GstBuffer* buffer = make_colour("red", 7);
  GST_BUFFER_DTS(buffer) = 3;
  GST_BUFFER_OFFSET(buffer) = 5;
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
  gst_buffer_add_video_region_of_interest_meta(buffer, "face", 1, 2, 3, 4);
  fail_unless_equals_int(kb.push(buffer), GST_FLOW_OK);
  const Buffers out = kb.pull();
  fail_unless_equals_uint64(GST_BUFFER_PTS(out[0]), 7 * kInterval);
  fail_unless_equals_uint64(GST_BUFFER_DTS(out[0]), 3);
  fail_unless_equals_uint64(GST_BUFFER_OFFSET(out[0]), 5);
  fail_unless_equals_uint64(GST_BUFFER_DURATION(out[0]), kInterval);
  fail_unless(has_flag(out[0], GST_BUFFER_FLAG_DISCONT) && has_flag(out[0], GST_BUFFER_FLAG_CORRUPTED));
  fail_unless(gst_buffer_get_video_region_of_interest_meta_id(out[0], 0) != nullptr);
  fail_unless(labels_of(out[0]) == Labels{"red"});
}
GST_END_TEST;

GST_START_TEST(b6_memory_is_never_copied) {
  Kb kb(Kb::raw("interval=0"));
  kb.set_raw();
  GstBuffer* buffer = make_colour("red", 0);
  GstMemory* memory = memory_of(buffer);
  GstBuffer* shared = gst_buffer_ref(buffer);
  fail_unless_equals_int(kb.push(buffer), GST_FLOW_OK);
  Buffers out = kb.pull();
  fail_unless(memory_of(out[0]) == memory);
  fail_unless(out[0] != shared, "a buffer that somebody else holds was written to");
  fail_unless(labels_of(shared) == Labels{"no meta"});
  out.clear();
  GST_BUFFER_PTS(shared) = 10 * kInterval;
  fail_unless_equals_int(kb.push(shared), GST_FLOW_OK);
  out = kb.pull();
  fail_unless(out[0] == shared);
}
GST_END_TEST;

GST_START_TEST(b6_nothing_is_held_back) {
  Kb kb(Kb::raw());
  kb.set_raw();
  gst_harness_set_upstream_latency(kb.h(), 30 * GST_MSECOND);
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  fail_unless_equals_int(kb.pull().size(), 1);
  fail_unless_equals_uint64(gst_harness_query_latency(kb.h()), 30 * GST_MSECOND);
}
GST_END_TEST;

GST_START_TEST(b6_raw_pictures_are_looked_up) {
  const std::string& colour = colour_names()[static_cast<size_t>(__i__)];
  Kb kb(Kb::raw());
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour(colour, 0)), GST_FLOW_OK);
  const Buffers out = kb.pull();
  fail_unless(labels_of(out[0]) == Labels{colour});
  const GstCrlscKbMatch* match = gst_crlsc_kb_meta_get_match(gst_buffer_get_crlsc_kb_meta(out[0]), 0);
  fail_unless_equals_uint64(match->id, static_cast<guint64>(__i__) + 1);
  fail_unless(match->similarity > 0.95 && match->similarity <= 1.0);
  Labels best;
  fail_unless_equals_int(kb.messages("crlsckb", &best), 1);
  fail_unless(best == Labels{colour});
}
GST_END_TEST;

GST_START_TEST(b6_every_raw_format_is_read) {
  for (const GstVideoFormat format : {GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_YV12, GST_VIDEO_FORMAT_NV21}) {
    Kb kb(Kb::raw());
    const GstVideoInfo info = video_info(65, 49, format);
    kb.set_raw(info);
    fail_unless_equals_int(kb.push(make_colour("green", 0, info)), GST_FLOW_OK);
    fail_unless(labels_of(kb.pull()[0]) == Labels{"green"}, "%s", gst_video_format_to_string(format));
  }
  Kb kb(Kb::raw("min-similarity=-1"));
  const GstVideoInfo info = video_info(64, 48, GST_VIDEO_FORMAT_BGRx);
  kb.set_raw(info);
  fail_unless_equals_int(kb.push(make_frame(info, 0)), GST_FLOW_OK);
  fail_unless_equals_int(labels_of(kb.pull()[0]).size(), 1);
}
GST_END_TEST;

GST_START_TEST(b6_interval_of_raw_pictures) {
  Kb kb(Kb::raw("interval=500"));
  kb.set_raw();
  for (int i = 0; i < 20; ++i) fail_unless_equals_int(kb.push(make_colour("red", i)), GST_FLOW_OK);
  const Buffers out = kb.pull();
  for (size_t i = 0; i < out.size(); ++i) {
    fail_unless(labels_of(out[i]) == (i % 5 == 0 ? Labels{"red"} : Labels{"no meta"}), "%d", static_cast<int>(i));
  }
  fail_unless_equals_uint64(kb.stat("searches"), 4);
  g_object_set(kb.element(), "interval", 0, nullptr);
  for (int i = 20; i < 23; ++i) fail_unless_equals_int(kb.push(make_colour("red", i)), GST_FLOW_OK);
  fail_unless_equals_uint64(kb.stat("searches"), 7);
}
GST_END_TEST;

GST_START_TEST(b6_top_k_and_min_similarity) {
  Kb kb(Kb::raw("interval=0 top-k=5 min-similarity=-1"));
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  const Labels all = labels_of(kb.pull()[0]);
  fail_unless_equals_int(all.size(), 5);
  fail_unless(all[0] == "red");
  g_object_set(kb.element(), "min-similarity", 0.9, nullptr);
  fail_unless_equals_int(kb.push(make_colour("red", 1)), GST_FLOW_OK);
  fail_unless(labels_of(kb.pull()[0]) == Labels{"red"});
}
GST_END_TEST;

GST_START_TEST(b6_vectors_rank_again) {
  // Two entries of one code, told apart by their vectors alone; by the code, the first one wins.
  const std::string path = "rerank.crlsckb";
  std::remove(path.c_str());
  const std::string shared_path = find_knowledge_base(kKnowledge, "location");
  write_private_knowledge(path, shared_path, true);
  {
    KnowledgeBaseFile shared(shared_path, KnowledgeBaseFile::Access::kRead);
    const Bytes code = shared.find(1)->code;
    const auto model = acquire_model(find_model(kSemanticModel), 1);
    const auto embedder = model->network->open_embedder();
    std::vector<float> vector(static_cast<size_t>(embedder->dimension()));
    embedder->embed(colour_picture("black", 64, 48).view(), vector.data());
    NewEntry right;
    right.code = code;
    right.sq8 = sq8_encode(vector);
    right.label = "right";
    for (float& v : vector) v = -v;
    NewEntry wrong = right;
    wrong.sq8 = sq8_encode(vector);
    wrong.label = "wrong";
    AddSettings settings;
    settings.near_duplicate = 1;
    settings.keep_vectors = true;
    KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kWrite).add({wrong, right}, settings);
  }
  for (const bool again : {false, true}) {
    Kb kb("model=" + std::string(kSemanticModel) + " location=" + path + (again ? " rerank=10" : ""));
    kb.set_raw();
    fail_unless_equals_int(kb.push(make_colour("black", 0)), GST_FLOW_OK);
    fail_unless(labels_of(kb.pull()[0]) == Labels{again ? "right" : "wrong"}, "%d", again);
  }
}
GST_END_TEST;

GST_START_TEST(b6_late_pictures_are_not_looked_at) {
  Kb kb(Kb::raw("interval=0"));
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  gst_harness_push_upstream_event(kb.h(), gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.0, kInterval, kInterval));
  fail_unless_equals_int(kb.push(make_colour("red", 2)), GST_FLOW_OK);
  fail_unless_equals_int(kb.push(make_colour("red", 3)), GST_FLOW_OK);
  const Buffers out = kb.pull();
  fail_unless_equals_int(out.size(), 3);
  fail_unless(labels_of(out[1]) == Labels{"no meta"});
  fail_unless(labels_of(out[2]) == Labels{"red"});
  fail_unless_equals_uint64(kb.stat("skipped"), 1);
}
GST_END_TEST;

GST_START_TEST(b6_encoded_video_needs_no_model) {
  const ColourStream stream({"red", "red", "blue", "blue", "green"}, "semantic-interval=400");
  // Without a usable model and without backends: nothing of them is asked for.
  const std::string path = g_getenv("CRLSC_BACKEND_PATH");
  g_setenv("CRLSC_BACKEND_PATH", "/nowhere", TRUE);
  {
    Kb kb(std::string("location=") + kKnowledge);
    kb.set_caps(stream.caps);
    kb.push_all(stream);
    Labels best;
    kb.messages("crlsckb", &best);
    fail_unless(best == Labels({"red", "blue", "green"}));
    fail_unless_equals_int(kb.pop().domain, 0);
    fail_unless_equals_uint64(kb.stat("unusable"), 0);
  }
  g_setenv("CRLSC_BACKEND_PATH", path.c_str(), TRUE);
}
GST_END_TEST;

GST_START_TEST(b6_encoded_bytes_stay) {
  const ColourStream stream({"red", "blue", "blue"});
  Kb kb(std::string("location=") + kKnowledge);
  kb.set_caps(stream.caps);
  kb.push_all(stream);
  const Buffers out = kb.pull();
  fail_unless_equals_int(out.size(), stream.buffers.size());
  for (size_t i = 0; i < out.size(); ++i) {
    fail_unless(to_bytes(out[i]) == to_bytes(stream.buffers[i]));
    fail_unless(is_key(out[i]) == is_key(stream.buffers[i]));
  }
}
GST_END_TEST;

GST_START_TEST(b6_a_stream_of_another_knowledge_base_is_told_of_once) {
  const ColourStream stream({"red", "red", "red"}, "semantic-interval=100");
  Folder folder;
  const std::string other = folder.path() + "/other.crlsckb";
  QuantiserParameters parameters = test_codebooks()->parameters();
  for (float& number : parameters.centroids) number *= 0.9F;
  KnowledgeBaseFile::create(other, {}, ProductQuantiser(parameters));
  Kb kb("location=" + other);
  kb.set_caps(stream.caps);
  kb.push_all(stream);
  fail_unless_equals_int(kb.pull().size(), 3);
  fail_unless_equals_int(kb.messages("crlsc-knowledge-base-missing"), 1);
  fail_unless_equals_uint64(kb.stat("searches"), 0);
  fail_unless_equals_uint64(kb.stat("unusable"), 3);
  fail_unless_equals_int(kb.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b6_damaged_access_units_pass) {
  const ColourStream stream({"red"});
  Kb kb(std::string("location=") + kKnowledge);
  kb.set_caps(stream.caps);
  const Bytes whole = to_bytes(stream.buffers[0]);
  guint32 state = 1;
  for (int i = 0; i < 500; ++i) {
    Bytes bytes = whole;
    for (int n = 0; n < 4; ++n) {
      state = state * 1664525U + 1013904223U;
      bytes[(state >> 8) % bytes.size()] = static_cast<uint8_t>(state >> 24);
    }
    bytes.resize(1 + state % bytes.size());
    fail_unless_equals_int(kb.push(to_buffer(bytes, static_cast<guint64>(i) * kInterval, false)), GST_FLOW_OK);
  }
  Bytes wrong_size;
  append_semantic_unit(wrong_size, {false, Bytes(3, 1)}, false);
  fail_unless_equals_int(kb.push(to_buffer(wrong_size, 0, false)), GST_FLOW_OK);
  fail_unless(kb.stat("unusable") >= 1);
  fail_unless_equals_int(kb.pull().size(), 501);
  fail_unless_equals_int(kb.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b6_the_meta_survives_copies_and_not_regions) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 8, nullptr);
  GstCrlscKbMeta* meta = gst_buffer_add_crlsc_kb_meta(buffer);
  gst_crlsc_kb_meta_add_match(meta, 7, "cat", 0.5);
  gst_crlsc_kb_meta_add_match(meta, 8, nullptr, 0.25);
  GstBuffer* copy = gst_buffer_copy(buffer);
  GstBuffer* part = gst_buffer_copy_region(buffer, GST_BUFFER_COPY_ALL, 0, 4);
  gst_buffer_unref(buffer);
  const GstCrlscKbMeta* copied = gst_buffer_get_crlsc_kb_meta(copy);
  fail_unless_equals_int(gst_crlsc_kb_meta_get_n_matches(copied), 2);
  fail_unless_equals_string(gst_crlsc_kb_meta_get_match(copied, 0)->label, "cat");
  fail_unless_equals_uint64(gst_crlsc_kb_meta_get_match(copied, 1)->id, 8);
  fail_unless_equals_string(gst_crlsc_kb_meta_get_match(copied, 1)->label, "");
  fail_unless(gst_crlsc_kb_meta_get_match(copied, 2) == nullptr);
  fail_unless(gst_buffer_get_crlsc_kb_meta(part) == nullptr);
  gst_buffer_unref(copy);
  gst_buffer_unref(part);
}
GST_END_TEST;

GST_START_TEST(b6_labels_as_text) {
  Kb kb(Kb::raw("top-k=2 min-similarity=-1 interval=200"));
  GstPad* pad = gst_element_request_pad_simple(kb.element(), "text_src");
  fail_unless(pad != nullptr);
  GstHarness* text = gst_harness_new_with_element(kb.element(), nullptr, nullptr);
  gst_harness_add_element_src_pad(text, pad);
  gst_harness_play(text);
  kb.set_raw();
  for (int i = 0; i < 3; ++i) fail_unless_equals_int(kb.push(make_colour(i < 2 ? "red" : "blue", i)), GST_FLOW_OK);
  const char* expected[] = {"red\n", "red\n", "blue\n"};
  for (int i = 0; i < 3; ++i) {
    GstBuffer* buffer = gst_harness_try_pull(text);
    fail_unless(buffer != nullptr);
    const Bytes bytes = to_bytes(buffer);
    const std::string said(bytes.begin(), bytes.end());
    fail_unless(said.compare(0, strlen(expected[i]), expected[i]) == 0, "%s", said.c_str());
    fail_unless_equals_uint64(GST_BUFFER_PTS(buffer), static_cast<guint64>(i) * kInterval);
    fail_unless_equals_uint64(GST_BUFFER_DURATION(buffer), kInterval);
    gst_buffer_unref(buffer);
  }
  g_object_set(kb.element(), "min-similarity", 1.0, "top-k", 1, nullptr);
  fail_unless_equals_int(kb.push(make_frame(video_info(), 5)), GST_FLOW_OK);
  fail_unless(kb.push(gst_event_new_eos()));
  bool gap = false;
  bool eos = false;
  while (GstEvent* event = gst_harness_try_pull_event(text)) {
    gap |= GST_EVENT_TYPE(event) == GST_EVENT_GAP;
    eos |= GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    gst_event_unref(event);
  }
  fail_unless(gap && eos);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  gchar* described = gst_caps_to_string(caps);
  fail_unless_equals_string(described, "text/x-raw, format=(string)utf8");
  g_free(described);
  gst_caps_unref(caps);
  gst_harness_teardown(text);
  gst_object_unref(pad);
}
GST_END_TEST;

GST_START_TEST(b1_06_properties_change_while_pushing) {
  Kb kb(Kb::raw("interval=0"));
  kb.set_raw();
  {
    Stress stress(kb, "top-k", 1, 5);
    for (int i = 0; i < 200; ++i) fail_unless_equals_int(kb.push(make_colour("red", i)), GST_FLOW_OK);
  }
  fail_unless_equals_int(kb.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_08_an_exception_in_the_network) {
  Folder folder;
  const ModelFile file(find_model(kSemanticModel));
  Metadata metadata = file.metadata();
  metadata["backend"] = "faulty";
  const std::string model = folder.path() + "/faulty.safetensors";
  save_model(model, file.tensors(), metadata);
  const std::string knowledge = folder.path() + "/any.crlsckb";
  KnowledgeBaseFile::create(knowledge, {}, *test_codebooks());
  Kb kb("location=" + knowledge + " model=" + model);
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  {
    const Fault fault("embed");
    fail_unless_equals_int(kb.push(make_colour("red", 20)), GST_FLOW_ERROR);
  }
  const Posted posted = kb.pop();
  fail_unless(posted.is(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b1_09_flush_segment_and_new_caps) {
  Kb kb(Kb::raw("interval=100000"));
  kb.set_raw();
  fail_unless_equals_int(kb.push(make_colour("red", 0)), GST_FLOW_OK);
  fail_unless_equals_int(kb.push(make_colour("red", 1)), GST_FLOW_OK);
  kb.flush();
  fail_unless_equals_int(kb.push(make_colour("red", 2)), GST_FLOW_OK);
  const GstVideoInfo larger = video_info(96, 80);
  kb.set_raw(larger);
  fail_unless_equals_int(kb.push(make_colour("blue", 3, larger)), GST_FLOW_OK);
  const Buffers out = kb.pull();
  fail_unless_equals_int(out.size(), 4);
  fail_unless(labels_of(out[1]) == Labels{"no meta"});
  fail_unless(labels_of(out[2]) == Labels{"red"});
  fail_unless(labels_of(out[3]) == Labels{"blue"});
}
GST_END_TEST;

GST_START_TEST(b1_10_a_clean_run_logs_no_warning) {
  const LogCounter counter("crlsckb");
  Kb kb(Kb::raw("interval=0"));
  kb.set_raw();
  for (int i = 0; i < 10; ++i) fail_unless_equals_int(kb.push(make_colour("red", i)), GST_FLOW_OK);
  fail_unless(kb.push(gst_event_new_eos()));
  fail_unless_equals_int(counter.lines(), 0);
}
GST_END_TEST;

static Suite* crlsckb_suite() {
  Suite* suite = suite_create("crlsckb");
  TCase* tests = tcase_create("query");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b6_passthrough_when_nothing_is_configured);
  tcase_add_test(tests, b6_timestamps_flags_and_metas_stay);
  tcase_add_test(tests, b6_memory_is_never_copied);
  tcase_add_test(tests, b6_nothing_is_held_back);
  tcase_add_loop_test(tests, b6_raw_pictures_are_looked_up, 0, 5);
  tcase_add_test(tests, b6_every_raw_format_is_read);
  tcase_add_test(tests, b6_interval_of_raw_pictures);
  tcase_add_test(tests, b6_top_k_and_min_similarity);
  tcase_add_test(tests, b6_vectors_rank_again);
  tcase_add_test(tests, b6_late_pictures_are_not_looked_at);
  tcase_add_test(tests, b6_encoded_video_needs_no_model);
  tcase_add_test(tests, b6_encoded_bytes_stay);
  tcase_add_test(tests, b6_a_stream_of_another_knowledge_base_is_told_of_once);
  tcase_add_test(tests, b6_damaged_access_units_pass);
  tcase_add_test(tests, b6_the_meta_survives_copies_and_not_regions);
  tcase_add_test(tests, b6_labels_as_text);
  tcase_add_test(tests, b1_06_properties_change_while_pushing);
  tcase_add_test(tests, b1_08_an_exception_in_the_network);
  tcase_add_test(tests, b1_09_flush_segment_and_new_caps);
  tcase_add_test(tests, b1_10_a_clean_run_logs_no_warning);
  return suite;
}

GST_CHECK_MAIN(crlsckb)
