// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder says what pictures show: semantic units of a knowledge base, with pictures or alone.
#include <algorithm>

#include "core/bitstream/semantic_unit.h"
#include "core/bitstream/unit.h"
#include "core/kb/knowledge_path.h"
#include "crlsc/caps.h"
#include "semkb/kb_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

// Which of the buffers have a semantic unit, by their times in frames.
std::vector<int> said_at(const Buffers& buffers) {
  std::vector<int> out;
  for (GstBuffer* buffer : buffers) {
    if (find_semantic_unit(to_bytes(buffer))) out.push_back(static_cast<int>(GST_BUFFER_PTS(buffer) / kInterval));
  }
  return out;
}

std::vector<std::string> times(const std::string& colour, size_t count) {
  return std::vector<std::string>(count, colour);
}

std::vector<UnitType> types(GstBuffer* buffer) {
  const Bytes bytes = to_bytes(buffer);
  std::vector<UnitType> out;
  for (const UnitView& unit : parse_access_unit(bytes).units) out.push_back(unit.header.type);
  return out;
}

ContentId shared_id() { return open_codebooks(find_knowledge_base(kKnowledge, "knowledge-base")).id; }

Posted fail_to_load(const std::string& properties, const std::string& model = kSemanticModel) {
  GstElement* bin = gst_parse_launch(("crlscenc name=e model=" + model + " " + properties).c_str(), nullptr);
  gst_object_ref_sink(bin);
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(bin, bus);
  fail_unless_equals_int(gst_element_set_state(bin, GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  const Posted posted = pop(bus);
  gst_element_set_bus(bin, nullptr);
  gst_object_unref(bus);
  gst_object_unref(bin);
  return posted;
}

}  // namespace

GST_START_TEST(units_come_at_the_start_and_every_interval) {
  const ColourStream stream(times("red", 26));
  fail_unless_equals_int(stream.buffers.size(), 26);
  fail_unless(said_at(stream.buffers) == std::vector<int>({0, 10, 20}));
  fail_unless(find_semantic_unit(to_bytes(stream.buffers[0]))->scene_change);
}
GST_END_TEST;

GST_START_TEST(units_come_with_scene_changes_and_key_pictures) {
  std::vector<std::string> colours = times("black", 4);
  for (int i = 0; i < 12; ++i) colours.emplace_back("white");
  fail_unless(said_at(ColourStream(colours).buffers) == std::vector<int>({0, 4, 14}));
  const ColourStream keys(times("red", 12), "gop-size=4 semantic-interval=60000");
  fail_unless(said_at(keys.buffers) == std::vector<int>({0, 4, 8}));
}
GST_END_TEST;

GST_START_TEST(flicker_is_said_a_quarter_of_the_interval_apart_at_most) {
  std::vector<std::string> colours;
  for (int i = 0; i < 20; ++i) colours.emplace_back(i % 2 == 0 ? "black" : "white");
  const std::vector<int> said = said_at(ColourStream(colours, "semantic-interval=1200").buffers);
  for (size_t i = 1; i < said.size(); ++i) fail_unless(said[i] - said[i - 1] >= 3);
}
GST_END_TEST;

GST_START_TEST(the_code_is_that_of_the_knowledge_base) {
  const ColourStream stream(times("blue", 1));
  KnowledgeBaseFile file(find_knowledge_base(kKnowledge, "knowledge-base"), KnowledgeBaseFile::Access::kRead);
  const Bytes bytes = to_bytes(stream.buffers[0]);
  const auto unit = find_semantic_unit(bytes);
  const auto matches = file.load()->search_code(unit->code, {1, 0.99F, 0});
  fail_unless_equals_int(matches.size(), 1);
  fail_unless(matches[0].label == "blue");
}
GST_END_TEST;

GST_START_TEST(units_stand_behind_the_sequence_header) {
  const ColourStream stream(times("red", 11));
  const auto first = types(stream.buffers[0]);
  fail_unless(first.size() >= 3 && first[0] == UnitType::kSequenceHeader && first[1] == UnitType::kSemantic &&
              first[2] == UnitType::kToken);
  fail_unless(types(stream.buffers[10])[0] == UnitType::kSemantic);
}
GST_END_TEST;

GST_START_TEST(the_stream_names_the_shared_knowledge_base) {
  Folder folder;
  const std::string path = folder.path() + "/private.crlsckb";
  write_private_knowledge(path, find_knowledge_base(kKnowledge, "knowledge-base"), false);
  for (const std::string& knowledge : {std::string(kKnowledge), path}) {
    const ColourStream stream(times("red", 1), "", knowledge);
    const StreamCaps caps = parse_caps(stream.caps);
    fail_unless(caps.header->knowledge && caps.header->knowledge->id == shared_id());
    fail_unless_equals_int(said_at(stream.buffers).size(), 1);
  }
}
GST_END_TEST;

GST_START_TEST(without_a_knowledge_base_nothing_is_said) {
  Encoder encoder("", video_info(), kSemanticModel);
  encoder.push_pictures(0, 12);
  fail_unless(said_at(encoder.pull()).empty());
  GstCaps* caps = encoder.source_caps();
  fail_unless(!parse_caps(caps).header->knowledge);
  gst_caps_unref(caps);
}
GST_END_TEST;

GST_START_TEST(a_model_without_a_semantic_head_sends_pictures) {
  Encoder encoder(std::string("knowledge-base=") + kKnowledge);
  encoder.push_pictures(0, 3);
  const Buffers out = encoder.pull();
  fail_unless_equals_int(out.size(), 3);
  fail_unless(said_at(out).empty());
  GstCaps* caps = encoder.source_caps();
  fail_unless(!parse_caps(caps).header->knowledge);
  gst_caps_unref(caps);
}
GST_END_TEST;

GST_START_TEST(semantic_mode_sends_nothing_else) {
  const ColourStream stream(times("red", 31), "mode=semantic");
  fail_unless(said_at(stream.buffers) == std::vector<int>({0, 10, 20, 30}));
  fail_unless_equals_int(stream.buffers.size(), 4);
  fail_unless(types(stream.buffers[0]) == std::vector<UnitType>({UnitType::kSequenceHeader, UnitType::kSemantic}));
  fail_unless(is_key(stream.buffers[0]));
  for (size_t i = 1; i < 4; ++i) {
    fail_unless(types(stream.buffers[i]) == std::vector<UnitType>{UnitType::kSemantic});
    fail_unless(!is_key(stream.buffers[i]));
  }
}
GST_END_TEST;

GST_START_TEST(semantic_mode_takes_less_than_a_kilobit_on_the_wire) {
  Encoder encoder(std::string("mode=semantic knowledge-base=") + kKnowledge + " ! rtpcrlscpay config-interval=10",
                  video_info(), kSemanticModel);
  for (int i = 0; i < 600; ++i) fail_unless_equals_int(encoder.push(make_colour("red", i)), GST_FLOW_OK);
  constexpr size_t kIpAndUdp = 28;
  size_t bytes = 0;
  for (GstBuffer* packet : encoder.pull()) bytes += gst_buffer_get_size(packet) + kIpAndUdp;
  fail_unless(bytes * 8 <= 1000 * 60, "%d bit in a minute", static_cast<int>(bytes * 8));
  // With codes of 32 bytes instead of 16 it would be so still.
  fail_unless(bytes * 8 + 16 * 8 * 60 <= 1000 * 60);
  fail_unless_equals_uint64(encoder.stat("frames"), 60);
  fail_unless_equals_uint64(encoder.stat("semantic-units"), 60);
  fail_unless_equals_uint64(encoder.stat("idle"), 540);
  fail_unless_equals_uint64(encoder.stat("dropped"), 0);
}
GST_END_TEST;

GST_START_TEST(key_requests_bring_a_sequence_header_in_semantic_mode) {
  Encoder encoder(std::string("mode=semantic semantic-interval=60000 knowledge-base=") + kKnowledge, video_info(),
                  kSemanticModel);
  for (int i = 0; i < 3; ++i) fail_unless_equals_int(encoder.push(make_colour("red", i)), GST_FLOW_OK);
  fail_unless_equals_int(encoder.pull().size(), 1);
  fail_unless(encoder.request_key());
  fail_unless_equals_int(encoder.push(make_colour("red", 3)), GST_FLOW_OK);
  const Buffers out = encoder.pull();
  fail_unless_equals_int(out.size(), 1);
  fail_unless(is_key(out[0]) && types(out[0])[0] == UnitType::kSequenceHeader);
}
GST_END_TEST;

GST_START_TEST(the_interval_changes_while_playing) {
  Encoder encoder(std::string("semantic-interval=0 knowledge-base=") + kKnowledge, video_info(), kSemanticModel);
  encoder.push_pictures(0, 5);
  fail_unless(said_at(encoder.pull()).empty());
  g_object_set(encoder.element(), "semantic-interval", 200, nullptr);
  encoder.push_pictures(5, 6);
  const std::vector<int> said = said_at(encoder.pull());
  fail_unless(said == std::vector<int>({5, 7, 9}));
}
GST_END_TEST;

GST_START_TEST(units_count_in_the_bit_rate) {
  constexpr int kPictures = 200;
  Encoder encoder(std::string("bitrate=8000 semantic-interval=100 knowledge-base=") + kKnowledge, video_info(),
                  kSemanticModel);
  encoder.push_pictures(0, kPictures);
  double bits = 0;
  for (GstBuffer* buffer : encoder.pull()) {
    const bool later = GST_BUFFER_PTS(buffer) >= 10 * GST_SECOND;
    if (later) bits += 8.0 * static_cast<double>(gst_buffer_get_size(buffer));
  }
  fail_unless(bits <= 1.1 * 8000 * 10, "%f bit/s", bits / 10);
  fail_unless_equals_uint64(encoder.stat("semantic-units"), kPictures);
}
GST_END_TEST;

GST_START_TEST(b1_04_knowledge_bases_that_cannot_be_used) {
  Posted posted = fail_to_load("knowledge-base=/nowhere/at-all.crlsckb");
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND) && posted.says("`knowledge-base`"), "%s",
              posted.text.c_str());
  posted = fail_to_load("mode=semantic");
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS) && posted.says("`knowledge-base`"));
  posted = fail_to_load(std::string("mode=semantic knowledge-base=") + kKnowledge, kModel);
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE) && posted.says("semantic head"));
  Folder folder;
  const std::string path = folder.path() + "/large.crlsckb";
  QuantiserParameters parameters;
  parameters.shape = {32, 32, 8};
  for (int i = 0; i < 32 * 256; ++i) parameters.centroids.push_back(static_cast<float>(i % 256) / 256.0F);
  KnowledgeBaseFile::create(path, {}, ProductQuantiser(parameters));
  Encoder encoder("knowledge-base=" + path, video_info(), kSemanticModel);
  encoder.push_pictures(0, 1);
  fail_unless_equals_int(said_at(encoder.pull()).size(), 1);  // 32 bytes fit
}
GST_END_TEST;

static Suite* crlscenc_semantic_suite() {
  Suite* suite = suite_create("crlscenc-semantic");
  TCase* tests = tcase_create("semantic");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, units_come_at_the_start_and_every_interval);
  tcase_add_test(tests, units_come_with_scene_changes_and_key_pictures);
  tcase_add_test(tests, flicker_is_said_a_quarter_of_the_interval_apart_at_most);
  tcase_add_test(tests, the_code_is_that_of_the_knowledge_base);
  tcase_add_test(tests, units_stand_behind_the_sequence_header);
  tcase_add_test(tests, the_stream_names_the_shared_knowledge_base);
  tcase_add_test(tests, without_a_knowledge_base_nothing_is_said);
  tcase_add_test(tests, a_model_without_a_semantic_head_sends_pictures);
  tcase_add_test(tests, semantic_mode_sends_nothing_else);
  tcase_add_test(tests, semantic_mode_takes_less_than_a_kilobit_on_the_wire);
  tcase_add_test(tests, key_requests_bring_a_sequence_header_in_semantic_mode);
  tcase_add_test(tests, the_interval_changes_while_playing);
  tcase_add_test(tests, units_count_in_the_bit_rate);
  tcase_add_test(tests, b1_04_knowledge_bases_that_cannot_be_used);
  return suite;
}

GST_CHECK_MAIN(crlscenc_semantic)
