// SPDX-License-Identifier: LGPL-2.1-or-later
// What the decoder, the payloaders and the parser make of semantic units.
#include "core/bitstream/semantic_unit.h"
#include "core/bitstream/unit.h"
#include "core/kb/knowledge_path.h"
#include "crlsc/caps.h"
#include "semkb/kb_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

const std::vector<std::string> kColours = {"red", "red", "blue", "blue", "green", "green"};

class SemanticDecoder : public Decoder {
 public:
  explicit SemanticDecoder(const ColourStream& stream, const std::string& properties = "")
      : Decoder(stream.caps, properties, kSemanticModel) {}
  void push_all(const ColourStream& stream) {
    for (size_t i = 0; i < stream.buffers.size(); ++i) {
      fail_unless_equals_int(push(stream.buffers.copy(i)), GST_FLOW_OK);
    }
  }
  int missing_messages() {
    int count = 0;
    while (GstMessage* message = gst_bus_pop_filtered(bus(), GST_MESSAGE_ELEMENT)) {
      count += gst_structure_has_name(gst_message_get_structure(message), "crlsc-knowledge-base-missing") ? 1 : 0;
      gst_message_unref(message);
    }
    return count;
  }
};

// What comes out of an element, or of several, and with which caps.
struct Output {
  Output(const std::string& elements, GstCaps* from, const Buffers& input, const char* wanted = nullptr) {
    GstHarness* h = gst_harness_new_parse(elements.c_str());
    if (wanted != nullptr) gst_harness_set_sink_caps_str(h, wanted);
    gst_harness_set_src_caps(h, gst_caps_ref(from));
    for (size_t i = 0; i < input.size(); ++i) {
      fail_unless_equals_int(gst_harness_push(h, input.copy(i)), GST_FLOW_OK);
    }
    gst_harness_push_event(h, gst_event_new_eos());
    while (GstBuffer* buffer = gst_harness_try_pull(h)) out.add(buffer);
    caps = gst_pad_get_current_caps(h->sinkpad);
    gst_harness_teardown(h);
  }
  ~Output() { gst_caps_unref(caps); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  std::string field(const char* name) const {
    const gchar* text = gst_structure_get_string(gst_caps_get_structure(caps, 0), name);
    return text == nullptr ? "" : text;
  }
  Buffers out;
  GstCaps* caps = nullptr;
};

std::string knowledge_id(const GstCaps* caps) { return to_hex(parse_caps(caps).header->knowledge->id); }

void expect_same(const Buffers& found, const Buffers& expected) {
  fail_unless_equals_int(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    fail_unless(to_bytes(found[i]) == to_bytes(expected[i]), "buffer %d differs", static_cast<int>(i));
    fail_unless(is_key(found[i]) == is_key(expected[i]));
  }
}

}  // namespace

GST_START_TEST(pictures_with_semantic_units_are_shown) {
  const ColourStream stream(kColours, "semantic-interval=100");
  SemanticDecoder decoder(stream);
  decoder.push_all(stream);
  fail_unless_equals_int(decoder.pull().size(), kColours.size());
  fail_unless_equals_uint64(decoder.stat("errors"), 0);
  fail_unless_equals_uint64(decoder.stat("corrupted"), 0);
}
GST_END_TEST;

GST_START_TEST(semantic_units_alone_show_nothing) {
  const ColourStream stream(kColours, "mode=semantic semantic-interval=200");
  SemanticDecoder decoder(stream);
  decoder.push_all(stream);
  fail_unless(decoder.push(gst_event_new_eos()));
  fail_unless(decoder.pull().empty());
  fail_unless_equals_uint64(decoder.stat("semantic"), stream.buffers.size());
  fail_unless_equals_uint64(decoder.stat("errors"), 0);
  fail_unless_equals_uint64(decoder.stat("discarded"), 0);
  fail_unless_equals_int(decoder.key_requests(), 0);
  fail_unless_equals_int(decoder.pop().domain, 0);
  fail_unless_equals_int(decoder.pop(GST_MESSAGE_WARNING).domain, 0);
}
GST_END_TEST;

GST_START_TEST(semantic_units_alone_repeat_nothing_between_pictures) {
  const ColourStream stream(kColours);
  SemanticDecoder decoder(stream);
  fail_unless_equals_int(decoder.push(stream.buffers.copy(0)), GST_FLOW_OK);
  Bytes alone;
  append_semantic_unit(alone, {false, Bytes(16, 1)}, false);
  fail_unless_equals_int(decoder.push(to_buffer(alone, kInterval / 2, false)), GST_FLOW_OK);
  fail_unless_equals_int(decoder.push(stream.buffers.copy(1)), GST_FLOW_OK);
  const Buffers out = decoder.pull();
  fail_unless_equals_int(out.size(), 2);
  fail_unless(!has_flag(out[1], GST_BUFFER_FLAG_CORRUPTED));
}
GST_END_TEST;

// The tokens were lost on the way: the picture is concealed as ever.
GST_START_TEST(what_is_left_of_a_picture_is_concealed) {
  const ColourStream stream(kColours);
  SemanticDecoder decoder(stream);
  fail_unless_equals_int(decoder.push(stream.buffers.copy(0)), GST_FLOW_OK);
  Bytes alone;
  append_semantic_unit(alone, {false, Bytes(16, 1)}, false);
  GstBuffer* left = to_buffer(alone, kInterval, false);
  GST_BUFFER_FLAG_SET(left, GST_BUFFER_FLAG_CORRUPTED);
  fail_unless_equals_int(decoder.push(left), GST_FLOW_OK);
  const Buffers out = decoder.pull();
  fail_unless_equals_int(out.size(), 2);
  fail_unless(has_flag(out[1], GST_BUFFER_FLAG_CORRUPTED));
}
GST_END_TEST;

GST_START_TEST(a_missing_knowledge_base_is_told_of_once_and_pictures_are_shown) {
  const ColourStream stream(kColours, "gop-size=2");
  const std::string path = g_getenv("CRLSC_MODEL_PATH");
  const std::string model = find_model(kSemanticModel);
  g_setenv("CRLSC_MODEL_PATH", "/nowhere", TRUE);
  {
    Decoder decoder(stream.caps, "", model);
    for (size_t i = 0; i < stream.buffers.size(); ++i) {
      fail_unless_equals_int(decoder.push(stream.buffers.copy(i)), GST_FLOW_OK);
    }
    fail_unless_equals_int(decoder.pull().size(), kColours.size());
    int told = 0;
    while (GstMessage* message = gst_bus_pop_filtered(decoder.bus(), GST_MESSAGE_ELEMENT)) {
      const GstStructure* fields = gst_message_get_structure(message);
      if (gst_structure_has_name(fields, "crlsc-knowledge-base-missing")) {
        ++told;
        fail_unless(gst_structure_get_string(fields, "knowledge-base") == knowledge_id(stream.caps));
      }
      gst_message_unref(message);
    }
    fail_unless_equals_int(told, 1);
  }
  g_setenv("CRLSC_MODEL_PATH", path.c_str(), TRUE);
}
GST_END_TEST;

GST_START_TEST(a_knowledge_base_that_is_there_is_not_told_of) {
  const ColourStream stream(kColours);
  for (const char* properties : {"", "knowledge-base=test.crlsckb"}) {
    SemanticDecoder decoder(stream, properties);
    decoder.push_all(stream);
    fail_unless_equals_int(decoder.missing_messages(), 0);
  }
}
GST_END_TEST;

GST_START_TEST(b1_04_a_knowledge_base_that_cannot_be_found) {
  Lone lone("crlscdec");
  lone.set_model(kSemanticModel);
  g_object_set(lone.element(), "knowledge-base", "/nowhere/at-all.crlsckb", nullptr);
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  const Posted posted = lone.pop();
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND) && posted.says("`knowledge-base`"), "%s",
              posted.text.c_str());
}
GST_END_TEST;

// The second stream has semantic units alone.
const char* const kStreams[] = {"semantic-interval=100", "semantic-interval=200 mode=semantic"};

GST_START_TEST(units_survive_rtp) {
  const ColourStream stream(kColours, kStreams[__i__]);
  const Output output("rtpcrlscpay ! rtpcrlscdepay", stream.caps, stream.buffers);
  expect_same(output.out, stream.buffers);
  fail_unless(knowledge_id(output.caps) == knowledge_id(stream.caps));
}
GST_END_TEST;

GST_START_TEST(packets_name_the_knowledge_base) {
  const ColourStream stream(kColours);
  const Output output("rtpcrlscpay", stream.caps, stream.buffers);
  fail_unless(output.field("kb") == knowledge_id(stream.caps));
  const int entries = open_codebooks(find_knowledge_base(kKnowledge, "knowledge-base")).epoch;
  fail_unless(entries > 0);
  fail_unless(output.field("kb-epoch") == std::to_string(entries));
}
GST_END_TEST;

GST_START_TEST(units_survive_files) {
  const ColourStream stream(kColours, kStreams[__i__]);
  const Output file("crlscparse", stream.caps, stream.buffers, "video/x-crlsc, stream-format=byte-stream");
  const Output output("crlscparse", file.caps, file.out, "video/x-crlsc, stream-format=packetized");
  expect_same(output.out, stream.buffers);
  fail_unless(knowledge_id(output.caps) == knowledge_id(stream.caps));
}
GST_END_TEST;

static Suite* crlscdec_semantic_suite() {
  Suite* suite = suite_create("crlscdec-semantic");
  TCase* tests = tcase_create("semantic");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, pictures_with_semantic_units_are_shown);
  tcase_add_test(tests, semantic_units_alone_show_nothing);
  tcase_add_test(tests, semantic_units_alone_repeat_nothing_between_pictures);
  tcase_add_test(tests, what_is_left_of_a_picture_is_concealed);
  tcase_add_test(tests, a_missing_knowledge_base_is_told_of_once_and_pictures_are_shown);
  tcase_add_test(tests, a_knowledge_base_that_is_there_is_not_told_of);
  tcase_add_test(tests, b1_04_a_knowledge_base_that_cannot_be_found);
  tcase_add_loop_test(tests, units_survive_rtp, 0, 2);
  tcase_add_test(tests, packets_name_the_knowledge_base);
  tcase_add_loop_test(tests, units_survive_files, 0, 2);
  return suite;
}

GST_CHECK_MAIN(crlscdec_semantic)
