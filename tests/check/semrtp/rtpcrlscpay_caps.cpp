// SPDX-License-Identifier: LGPL-2.1-or-later
// The payloader's caps and sequence headers, one test for each thing that it promises.
#include <gst/sdp/sdp.h>

#include "crlsc/crlsc.h"
#include "pay_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

GST_START_TEST(b4_04_format_parameters) {
  Pay pay;
  const Bytes unit = sequence_unit();
  gchar* config = g_base64_encode(unit.data(), unit.size());
  check_text(caps_string(pay, "encoding-name"), "CRLSC");
  check_text(caps_string(pay, "version"), "1");
  check_text(caps_string(pay, "layers"), "3");
  check_text(caps_string(pay, "width"), "320");
  check_text(caps_string(pay, "height"), "240");
  check_text(caps_string(pay, "framerate"), "10/1");
  check_text(caps_string(pay, "model"), "ab01020304050607");
  check_text(caps_string(pay, "config"), config);
  g_free(config);
}
GST_END_TEST;

GST_START_TEST(b4_04_feedback_fields) {
  Pay pay;
  GstPad* pad = gst_element_get_static_pad(pay.element(), "src");
  GstCaps* caps = gst_pad_get_current_caps(pad);
  for (const char* field : {"rtcp-fb-nack", "rtcp-fb-nack-pli", "rtcp-fb-ccm-fir"}) {
    gboolean value = FALSE;
    fail_unless(gst_structure_get_boolean(gst_caps_get_structure(caps, 0), field, &value) && value, "%s", field);
  }
  gst_caps_unref(caps);
  gst_object_unref(pad);
}
GST_END_TEST;

GST_START_TEST(b4_04_sdp_round_trip) {
  SequenceHeader header = sequence_header();
  header.knowledge = KnowledgeRef{{0xcd, 1}, 7};
  Pay pay("", make_caps(header));
  GstPad* pad = gst_element_get_static_pad(pay.element(), "src");
  GstCaps* caps = gst_pad_get_current_caps(pad);
  GstSDPMedia* media = nullptr;
  gst_sdp_media_new(&media);
  fail_unless_equals_int(gst_sdp_media_set_media_from_caps(caps, media), GST_SDP_OK);
  gchar* text = gst_sdp_media_as_text(media);
  fail_unless(strstr(text, "a=rtpmap:96 CRLSC/90000") != nullptr, "%s", text);
  fail_unless(strstr(text, "a=rtcp-fb:96 nack pli") != nullptr, "%s", text);
  g_free(text);
  GstCaps* back = gst_sdp_media_get_caps_from_media(media, 96);
  gst_sdp_media_attributes_to_caps(media, back);
  gst_structure_set_name(gst_caps_get_structure(back, 0), "application/x-rtp");
  for (const char* field :
       {"version", "model", "kb", "layers", "width", "height", "framerate", "config", "encoding-name"}) {
    const gchar* sent = gst_structure_get_string(gst_caps_get_structure(caps, 0), field);
    const gchar* received = gst_structure_get_string(gst_caps_get_structure(back, 0), field);
    fail_unless(sent != nullptr, "%s", field);
    fail_unless_equals_string(sent, received);
  }
  fail_unless(gst_crlsc_caps_are_supported(back, "ab01020304050607", "cd01000000000000", nullptr));
  fail_if(gst_crlsc_caps_are_supported(back, "ab01020304050607", "cd02000000000000", nullptr));
  fail_unless(gst_crlsc_caps_are_supported(back, "ab01020304050607", nullptr, nullptr));
  // The depayloader makes its caps of them before any packet has come.
  GstHarness* depay = gst_harness_new("rtpcrlscdepay");
  gst_harness_set_src_caps(depay, back);
  GstPad* source = gst_element_get_static_pad(depay->element, "src");
  GstCaps* made = gst_pad_get_current_caps(source);
  fail_unless(made != nullptr);
  GstCaps* expected = make_caps(header);
  fail_unless(gst_caps_is_equal(made, expected), "%" GST_PTR_FORMAT, made);
  gst_caps_unref(made);
  gst_caps_unref(expected);
  gst_object_unref(source);
  gst_harness_teardown(depay);
  gst_sdp_media_free(media);
  gst_caps_unref(caps);
  gst_object_unref(pad);
}
GST_END_TEST;

GST_START_TEST(b4_04_other_encoding_names_do_not_negotiate) {
  GstHarness* h = gst_harness_new("rtpcrlscpay");
  gst_harness_set_sink_caps_str(h, "application/x-rtp, encoding-name=(string)VP8");
  gst_harness_set_src_caps(h, make_caps(sequence_header()));
  fail_unless_equals_int(gst_harness_push(h, to_buffer(key_unit(three_layers()), 0)), GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown(h);
}
GST_END_TEST;

GST_START_TEST(b4_04_downstream_may_choose_the_payload_type) {
  GstHarness* h = gst_harness_new("rtpcrlscpay");
  gst_harness_set_sink_caps_str(h, "application/x-rtp, encoding-name=(string)CRLSC, payload=(int)101");
  gst_harness_set_src_caps(h, make_caps(sequence_header()));
  GstBuffer* packet = gst_harness_push_and_pull(h, to_buffer(key_unit({token(0)}), 0));
  fail_unless_equals_int(read(packet).type, 101);
  gst_buffer_unref(packet);
  gst_harness_teardown(h);
}
GST_END_TEST;

GST_START_TEST(b4_04_caps_without_codec_data) {
  Pay pay("", gst_caps_from_string(
                  "video/x-crlsc, stream-format=packetized, alignment=au, model=(string)0011223344556677"));
  check_text(caps_string(pay, "model"), "0011223344556677");
  check_text(caps_string(pay, "config"), "(none)");
  fail_unless_equals_int(pay.push(key_unit(three_layers()), true), GST_FLOW_OK);
}
GST_END_TEST;

GST_START_TEST(b4_04_caps_that_contradict_themselves_are_refused) {
  GstCaps* caps = make_caps(sequence_header());
  gst_caps_set_simple(caps, "width", G_TYPE_INT, 640, nullptr);
  Pay pay("", caps);
  fail_unless_equals_int(pay.push(key_unit(three_layers()), true), GST_FLOW_NOT_NEGOTIATED);
  fail_unless_equals_int(pay.buffers(), 0);
}
GST_END_TEST;

namespace {

// For each packet of `count` pictures, whether it opens with a sequence header. Pictures 0, 10, 20 are key pictures.
std::string headers_sent(const std::string& properties, uint32_t count, bool encoder_sends_them) {
  Pay pay(properties);
  std::string out;
  for (uint32_t i = 0; i < count; ++i) {
    const bool key = i % 10 == 0;
    const Bytes plain = access_unit({token(0, 30), token(1, 30)}, key, i + 1);
    pay.push(key && encoder_sends_them ? key_unit({token(0, 30), token(1, 30)}, i + 1) : plain, key);
    int headers = 0;
    const auto packets = pay.pull_all();
    for (GstBuffer* packet : packets) {
      for (const UnitView& unit : read(packet).units) headers += unit.header.type == UnitType::kSequenceHeader ? 1 : 0;
    }
    unref_all(packets);
    out += std::to_string(headers);
  }
  return out;
}

}  // namespace

GST_START_TEST(config_interval_with_every_key_picture) {
  check_text(headers_sent("", 21, false), "100000000010000000001");
}
GST_END_TEST;

GST_START_TEST(config_interval_does_not_double_the_encoders_header) {
  check_text(headers_sent("", 21, true), "100000000010000000001");
  check_text(headers_sent("config-interval=0", 21, true), "100000000010000000001");
}
GST_END_TEST;

GST_START_TEST(config_interval_never) {
  check_text(headers_sent("config-interval=0", 21, false), "000000000000000000000");
}
GST_END_TEST;

GST_START_TEST(config_interval_in_seconds) {
  check_text(headers_sent("config-interval=2", 41, false), "10000000000000000000100000000000000000001");
  // Headers of the encoder count, too.
  check_text(headers_sent("config-interval=1", 15, true), "100000000010000");
}
GST_END_TEST;

GST_START_TEST(inserted_headers_are_the_latest_ones) {
  Pay pay;
  const SequenceHeader wider = sequence_header(640);
  pay.push(key_unit({token(0)}, 1, wider), true);
  unref_all(pay.pull_all());
  pay.push(access_unit({token(0)}, true), true);
  const auto packets = pay.pull_all();
  const Header header = read(packets[0]);
  fail_unless(header.units[0].header.type == UnitType::kSequenceHeader);
  fail_unless(parse_sequence_header(header.units[0].payload) == wider);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(extension_names_model_and_knowledge_epoch) {
  SequenceHeader header = sequence_header();
  header.knowledge = KnowledgeRef{{1, 2, 3, 4, 5, 6, 7, 8}, 42};
  Pay pay("mtu=400", make_caps(header));
  pay.push(access_unit(three_layers()));
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 3);
  for (size_t i = 0; i < 3; ++i) {
    const RtpPayloadHeader fields = read(packets[i]).payload;
    fail_unless(fields.extension);
    fail_unless_equals_int(fields.kb_epoch, 42);
    fail_unless_equals_int(fields.model_tag, 0xab);
    fail_unless_equals_int(fields.first_unit, i);
    fail_unless_equals_int(fields.unit_count, 1);
  }
  unref_all(packets);
}
GST_END_TEST;

static Suite* rtpcrlscpay_caps_suite(void) {
  Suite* suite = suite_create("rtpcrlscpay_caps");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b4_04_format_parameters);
  tcase_add_test(tests, b4_04_feedback_fields);
  tcase_add_test(tests, b4_04_sdp_round_trip);
  tcase_add_test(tests, b4_04_other_encoding_names_do_not_negotiate);
  tcase_add_test(tests, b4_04_downstream_may_choose_the_payload_type);
  tcase_add_test(tests, b4_04_caps_without_codec_data);
  tcase_add_test(tests, b4_04_caps_that_contradict_themselves_are_refused);
  tcase_add_test(tests, config_interval_with_every_key_picture);
  tcase_add_test(tests, config_interval_does_not_double_the_encoders_header);
  tcase_add_test(tests, config_interval_never);
  tcase_add_test(tests, config_interval_in_seconds);
  tcase_add_test(tests, inserted_headers_are_the_latest_ones);
  tcase_add_test(tests, extension_names_model_and_knowledge_epoch);
  return suite;
}

GST_CHECK_MAIN(rtpcrlscpay_caps)
