// SPDX-License-Identifier: LGPL-2.1-or-later
// The depayloader: caps, key pictures, events; one test for each thing that it promises.
#include <gst/video/video.h>

#include <random>

#include "depay_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

GST_START_TEST(b1_02_class_and_defaults) {
  check_class("rtpcrlscdepay", "Codec/Depayloader/Network/RTP");
  check_own_defaults("rtpcrlscdepay");
}
GST_END_TEST;

GST_START_TEST(b1_03_states) { check_states("rtpcrlscdepay"); }
GST_END_TEST;

GST_START_TEST(b1_06_properties_while_pushing) {
  Depay depay;
  GValue value = G_VALUE_INIT;
  g_value_init(&value, G_TYPE_BOOLEAN);
  GstHarnessThread* thread = gst_harness_stress_property_start_full(depay.h(), "wait-for-keyframe", &value, 0);
  const PacketSource source = stream(200);
  depay.send(source);
  gst_harness_stress_thread_stop(thread);
  g_value_unset(&value);
  fail_unless_equals_int(depay.buffers(), 200);
}
GST_END_TEST;

GST_START_TEST(b1_09_eos_hands_on_what_is_there) {
  Depay depay;
  depay.send(stream(2), {6});
  check_text(depay.log(), "C S B0k");
  depay.end();
  check_text(depay.log(), "C S B0k B100c E");
}
GST_END_TEST;

GST_START_TEST(b1_09_flush_throws_away_what_is_there) {
  Depay depay;
  depay.send(stream(2), {6});
  gst_harness_push_event(depay.h(), gst_event_new_flush_start());
  gst_harness_push_event(depay.h(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(depay.h(), gst_event_new_segment(&segment));
  depay.clear_log();
  // Neither the cut picture nor a gap up to the new one.
  depay.send(stream(2, 4000, 9000));
  check_text(depay.log(), "S B0k B100");
}
GST_END_TEST;

GST_START_TEST(b1_09_reuse_after_null) {
  Depay depay;
  for (int round = 0; round < 3; ++round) {
    depay.clear_log();
    depay.send(stream(2));
    check_text(depay.log(), "C S B0k B100");
    gst_element_set_state(depay.element(), GST_STATE_NULL);
    gst_element_set_state(depay.element(), GST_STATE_PLAYING);
    gst_harness_push_event(depay.h(), gst_event_new_stream_start("again"));
    GstCaps* caps = gst_caps_from_string(kRtpCaps);
    gst_harness_push_event(depay.h(), gst_event_new_caps(caps));
    gst_caps_unref(caps);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(depay.h(), gst_event_new_segment(&segment));
  }
}
GST_END_TEST;

GST_START_TEST(b1_10_a_clean_run_is_silent) {
  const LogCounter log;
  Depay depay;
  depay.send(stream(50));
  depay.end();
  fail_unless_equals_int(log.lines(), 0);
  fail_unless_equals_int(depay.gaps(), 0);
  fail_unless_equals_int(depay.buffers(), 50);
}
GST_END_TEST;

GST_START_TEST(units_come_out_as_they_went_in) {
  Depay depay;
  depay.send(stream(10));
  const auto pictures = depay.pull_all();
  fail_unless_equals_int(pictures.size(), 10);
  for (uint32_t i = 0; i < 10; ++i) {
    fail_unless(to_bytes(pictures[i]) == (i == 0 ? key(1) : delta(i + 1)));
    fail_unless(GST_BUFFER_FLAG_IS_SET(pictures[i], GST_BUFFER_FLAG_MARKER));
    fail_unless_equals_int(GST_BUFFER_FLAG_IS_SET(pictures[i], GST_BUFFER_FLAG_DELTA_UNIT) != 0, i > 0);
  }
  unref_all(pictures);
}
GST_END_TEST;

GST_START_TEST(b4_08_wait_for_keyframe_after_loss) {
  PacketSource source = stream(3);
  source.add(key(4));
  source.add(delta(5));
  Depay depay("wait-for-keyframe=true");
  depay.send(source, {5});
  check_text(depay.log(), "C S B0k G100+100 G200+100 B300kd B400");
}
GST_END_TEST;

GST_START_TEST(b4_08_wait_for_keyframe_at_the_start) {
  PacketSource source;
  source.add(delta(1));
  source.add(delta(2));
  source.add(key(3));
  source.add(delta(4));
  Depay depay("wait-for-keyframe=true", caps_with("config", config_of(sequence_header())));
  depay.send(source);
  check_text(depay.log(), "C S B200kd B300");
}
GST_END_TEST;

GST_START_TEST(b4_08_without_waiting_the_stream_starts_anywhere) {
  PacketSource source;
  source.add(delta(1));
  source.add(delta(2));
  Depay depay("", caps_with("config", config_of(sequence_header())));
  depay.send(source);
  check_text(depay.log(), "C S B0 B100");
}
GST_END_TEST;

GST_START_TEST(b4_08_a_partial_key_picture_does_not_end_the_wait) {
  PacketSource source = stream(2);
  const size_t cut = source.add(key(3));
  source.add(key(4));
  Depay depay("wait-for-keyframe=true");
  depay.send(source, {5, cut + 2});
  check_text(depay.log(), "C S B0k G100+100 G200+100 B300kd");
}
GST_END_TEST;

GST_START_TEST(b4_08_waiting_asks_for_a_key_picture) {
  Depay depay("wait-for-keyframe=true");
  depay.send(stream(4), {5});
  fail_unless_equals_int(depay.key_requests(), 1);
}
GST_END_TEST;

GST_START_TEST(b4_08_request_keyframe_after_loss) {
  Depay depay("request-keyframe=true");
  const PacketSource source = stream(4);
  for (size_t i = 0; i < 5; ++i) depay.push(source.packet(i));
  fail_unless_equals_int(depay.key_requests(), 0);
  for (size_t i = 6; i < source.size(); ++i) depay.push(source.packet(i));
  fail_unless_equals_int(depay.key_requests(), 1);
  fail_unless_equals_int(depay.buffers(), 4);
}
GST_END_TEST;

GST_START_TEST(b4_08_request_asks_for_all_headers) {
  Depay depay("request-keyframe=true");
  depay.send(stream(2), {5});
  GstEvent* request = nullptr;
  while (GstEvent* event = gst_harness_try_pull_upstream_event(depay.h())) {
    if (gst_event_has_name(event, "GstForceKeyUnit")) {
      fail_unless(request == nullptr);
      request = event;
    } else {
      gst_event_unref(event);
    }
  }
  gboolean all_headers = FALSE;
  fail_unless(request != nullptr);
  fail_unless(gst_video_event_parse_upstream_force_key_unit(request, nullptr, &all_headers, nullptr));
  fail_unless(all_headers);
  gst_event_unref(request);
}
GST_END_TEST;

GST_START_TEST(b4_08_no_requests_unless_wanted) {
  Depay depay;
  depay.send(stream(8), {4, 5, 6, 11, 14});
  fail_unless_equals_int(depay.key_requests(), 0);
}
GST_END_TEST;

GST_START_TEST(b4_08_requests_are_throttled) {
  Depay depay("request-keyframe=true");
  const unsigned count = 60;
  const PacketSource source = stream(count);
  const gint64 start = g_get_monotonic_time();
  for (size_t i = 0; i < source.size(); ++i) {
    if (i < 4 || i % 3 != 2) depay.push(source.packet(i));
    if (i % 3 == 0) g_usleep(20000);
  }
  const gint64 spent = g_get_monotonic_time() - start;
  const int requests = depay.key_requests();
  fail_unless(requests >= 2);
  fail_unless(requests <= 1 + spent / (500 * G_TIME_SPAN_MILLISECOND), "%d requests in %" G_GINT64_FORMAT " us",
              requests, spent);
}
GST_END_TEST;

GST_START_TEST(b4_09_caps_from_config) {
  Depay depay("", caps_with("config", config_of(sequence_header())));
  check_text(depay.log(), "C");
  fail_unless(caps_are(depay, sequence_header()));
  // The same header in the stream changes nothing.
  depay.send(stream(3));
  check_text(depay.log(), "C S B0k B100 B200");
}
GST_END_TEST;

GST_START_TEST(b4_09_caps_from_the_stream) {
  Depay depay;
  check_text(depay.log(), "");
  depay.send(stream(1));
  check_text(depay.log(), "C S B0k");
  fail_unless(caps_are(depay, sequence_header()));
}
GST_END_TEST;

GST_START_TEST(b4_09_caps_change_only_with_the_header) {
  PacketSource source;
  source.add(key(1));
  source.add(key(2));
  source.add(key(3, sequence_header(640)));
  source.add(key(4, sequence_header(640)));
  source.add(key(5));
  SequenceHeader recoloured = sequence_header();
  recoloured.colorimetry.matrix = 1;
  source.add(key(6, recoloured));
  Depay depay;
  depay.send(source);
  check_text(depay.log(), "C S B0k B100k C B200k B300k C B400k C B500k");
  fail_unless(caps_are(depay, recoloured));
}
GST_END_TEST;

GST_START_TEST(b4_09_the_stream_overrules_config) {
  Depay depay("", caps_with("config", config_of(sequence_header(640))));
  depay.send(stream(1));
  check_text(depay.log(), "C C S B0k");
  fail_unless(caps_are(depay, sequence_header()));
}
GST_END_TEST;

GST_START_TEST(b4_09_nothing_before_a_header_but_a_request) {
  PacketSource source;
  for (uint32_t i = 1; i <= 3; ++i) source.add(delta(i));
  source.add(key(4));
  Depay depay;
  depay.send(source);
  check_text(depay.log(), "C S B300k");
  fail_unless_equals_int(depay.key_requests(), 1);
}
GST_END_TEST;

GST_START_TEST(b4_09_a_broken_config_is_ignored) {
  std::string cut = config_of(sequence_header());
  cut.resize(8);
  for (const std::string& config : {std::string("!!!"), std::string(), cut}) {
    Depay depay("", caps_with("config", config));
    depay.send(stream(1));
    check_text(depay.log(), "C S B0k");
    fail_unless(depay.silent());
  }
}
GST_END_TEST;

GST_START_TEST(b4_09_another_version_is_refused) {
  const PacketSource source = stream(1);
  Depay newer("", caps_with("version", "2"));
  fail_unless_equals_int(newer.push(source.packet(0)), GST_FLOW_NOT_NEGOTIATED);
  Depay same("", caps_with("version", "1"));
  fail_unless_equals_int(same.push(source.packet(0)), GST_FLOW_OK);
}
GST_END_TEST;

GST_START_TEST(payloader_and_depayloader_are_inverse) {
  std::mt19937 random(99);
  GstHarness* h = gst_harness_new_parse("rtpcrlscpay mtu=150 ! rtpcrlscdepay");
  gst_harness_set_src_caps(h, make_caps(sequence_header()));
  for (uint32_t i = 0; i < 300; ++i) {
    std::vector<UnitSpec> specs;
    for (int layer = 0; layer < 3; ++layer) {
      for (unsigned slices = 1 + random() % 3; slices > 0; --slices) specs.push_back(token(layer, random() % 400));
    }
    const Bytes unit_bytes = i % 20 == 0 ? key_unit(specs, i + 1) : access_unit(specs, false, i + 1);
    GstBuffer* out = gst_harness_push_and_pull(h, to_buffer(unit_bytes, i * kInterval));
    fail_unless(to_bytes(out) == unit_bytes);
    fail_unless_equals_uint64(GST_BUFFER_PTS(out), i * kInterval);
    fail_unless(!GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_CORRUPTED));
    gst_buffer_unref(out);
  }
  gst_harness_teardown(h);
}
GST_END_TEST;

static Suite* rtpcrlscdepay_suite(void) {
  Suite* suite = suite_create("rtpcrlscdepay");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b1_02_class_and_defaults);
  tcase_add_test(tests, b1_03_states);
  tcase_add_test(tests, b1_06_properties_while_pushing);
  tcase_add_test(tests, b1_09_eos_hands_on_what_is_there);
  tcase_add_test(tests, b1_09_flush_throws_away_what_is_there);
  tcase_add_test(tests, b1_09_reuse_after_null);
  tcase_add_test(tests, b1_10_a_clean_run_is_silent);
  tcase_add_test(tests, units_come_out_as_they_went_in);
  tcase_add_test(tests, b4_08_wait_for_keyframe_after_loss);
  tcase_add_test(tests, b4_08_wait_for_keyframe_at_the_start);
  tcase_add_test(tests, b4_08_without_waiting_the_stream_starts_anywhere);
  tcase_add_test(tests, b4_08_a_partial_key_picture_does_not_end_the_wait);
  tcase_add_test(tests, b4_08_waiting_asks_for_a_key_picture);
  tcase_add_test(tests, b4_08_request_keyframe_after_loss);
  tcase_add_test(tests, b4_08_request_asks_for_all_headers);
  tcase_add_test(tests, b4_08_no_requests_unless_wanted);
  tcase_add_test(tests, b4_08_requests_are_throttled);
  tcase_add_test(tests, b4_09_caps_from_config);
  tcase_add_test(tests, b4_09_caps_from_the_stream);
  tcase_add_test(tests, b4_09_caps_change_only_with_the_header);
  tcase_add_test(tests, b4_09_the_stream_overrules_config);
  tcase_add_test(tests, b4_09_nothing_before_a_header_but_a_request);
  tcase_add_test(tests, b4_09_a_broken_config_is_ignored);
  tcase_add_test(tests, b4_09_another_version_is_refused);
  tcase_add_test(tests, payloader_and_depayloader_are_inverse);
  return suite;
}

GST_CHECK_MAIN(rtpcrlscdepay)
