// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures that share a packet, one test for each thing that the payloader promises of it.
#include <gst/check/gsttestclock.h>

#include "pay_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

constexpr const char* kFourPictures = "max-aggregation-ms=300";
constexpr guint32 kTicks = 9000;  // from picture to picture

Bytes picture(uint32_t seed, size_t size = 40) { return access_unit({token(0, size), token(1, 20)}, false, seed); }

// As pictures come from an encoder: with a duration.
GstFlowReturn push_at(Pay& pay, GstClockTime time, uint32_t seed, bool discont = false) {
  GstBuffer* buffer = to_buffer(picture(seed), time);
  GST_BUFFER_DURATION(buffer) = kInterval;
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (discont) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  return pay.push(buffer);
}

void push_some(Pay& pay, uint32_t from, uint32_t count) {
  for (uint32_t i = from; i < from + count; ++i) {
    fail_unless_equals_int(push_at(pay, i * kInterval, i + 1), GST_FLOW_OK);
  }
}

// How many pictures each packet that has come out so far carries.
std::string sizes(Pay& pay) {
  std::string out;
  const auto packets = pay.pull_all();
  for (GstBuffer* packet : packets) {
    const Header header = read(packet);
    ByteView rest = ByteView(header.bytes).sub(header.payload.size());
    int count = header.payload.aggregate ? 0 : 1;
    for (; header.payload.aggregate && !rest.empty(); ++count) {
      rest = rest.sub(kAggregateHeaderSize + parse_aggregate_entry(rest).size);
    }
    out += std::to_string(count);
  }
  unref_all(packets);
  return out;
}

GstClockTime latency_of(Watched& pay, GstClockTime* most) {
  GstQuery* query = gst_query_new_latency();
  GstPad* pad = gst_element_get_static_pad(pay.element(), "src");
  fail_unless(gst_pad_query(pad, query));
  GstClockTime least = 0;
  gst_query_parse_latency(query, nullptr, &least, most);
  gst_query_unref(query);
  gst_object_unref(pad);
  return least;
}

}  // namespace

GST_START_TEST(four_pictures_share_a_packet) {
  Pay pay(kFourPictures);
  push_some(pay, 0, 9);
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 2);
  for (size_t i = 0; i < 2; ++i) {
    const Header header = read(packets[i]);
    fail_unless(header.payload.aggregate && header.payload.first && header.payload.last && header.marker);
    fail_unless_equals_int(header.payload.picture_id, 500 + 4 * i);
    fail_unless_equals_int(header.timestamp, 4 * i * kTicks);
    fail_unless_equals_uint64(GST_BUFFER_PTS(packets[i]), 4 * i * kInterval);
    fail_unless_equals_uint64(GST_BUFFER_DURATION(packets[i]), 4 * kInterval);
    fail_unless(has_flag(packets[i], GST_BUFFER_FLAG_MARKER) && has_flag(packets[i], GST_BUFFER_FLAG_DELTA_UNIT));
    fail_unless(has_flag(packets[i], GST_BUFFER_FLAG_NON_DROPPABLE));
    ByteView rest = ByteView(header.bytes).sub(header.payload.size());
    for (uint32_t j = 0; j < 4; ++j) {
      const AggregateEntry entry = parse_aggregate_entry(rest);
      fail_unless_equals_int(entry.timestamp_offset, j * kTicks);
      const ByteView units = rest.sub(kAggregateHeaderSize, entry.size);
      fail_unless(Bytes(units.begin(), units.end()) == picture(static_cast<uint32_t>(4 * i) + j + 1));
      rest = rest.sub(kAggregateHeaderSize + entry.size);
    }
    fail_unless(rest.empty());
  }
  unref_all(packets);
  fail_unless_equals_int(pay.buffers(), 0);  // lists all
}
GST_END_TEST;

GST_START_TEST(no_picture_waits_by_default) {
  Pay pay;
  push_some(pay, 0, 3);
  check_text(sizes(pay), "111");
}
GST_END_TEST;

GST_START_TEST(a_packet_is_sent_when_the_next_picture_would_be_too_late) {
  Pay pay("max-aggregation-ms=250");
  push_some(pay, 0, 3);
  check_text(sizes(pay), "3");
  Pay short_wait("max-aggregation-ms=99");
  push_some(short_wait, 0, 3);
  check_text(sizes(short_wait), "111");
}
GST_END_TEST;

// The encoder dropped some; those that came go out when the next one comes, if not before.
GST_START_TEST(a_late_picture_does_not_join) {
  Pay pay(kFourPictures);
  push_some(pay, 0, 2);
  push_at(pay, 9 * kInterval, 3);
  check_text(sizes(pay), "2");
}
GST_END_TEST;

GST_START_TEST(key_pictures_do_not_wait) {
  Pay pay(kFourPictures);
  push_some(pay, 0, 2);
  GstBuffer* key = to_buffer(key_unit({token(0)}), 2 * kInterval);
  fail_unless_equals_int(pay.push(key), GST_FLOW_OK);
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 2);
  fail_unless(read(packets[0]).payload.aggregate && !read(packets[1]).payload.aggregate);
  fail_unless(!has_flag(packets[1], GST_BUFFER_FLAG_DELTA_UNIT));
  fail_unless_equals_int(read(packets[1]).payload.picture_id, 502);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(pictures_of_several_packets_do_not_wait) {
  Pay pay("max-aggregation-ms=300 mtu=200");
  push_some(pay, 0, 1);
  fail_unless_equals_int(pay.push(access_unit({token(0, 150), token(1, 150)})), GST_FLOW_OK);
  check_text(sizes(pay), "111");
}
GST_END_TEST;

GST_START_TEST(no_packet_exceeds_the_mtu) {
  Pay pay("max-aggregation-ms=300 mtu=200");
  for (uint32_t i = 0; i < 40; ++i) {
    GstBuffer* buffer = to_buffer(picture(i + 1, 10 + 7 * (i % 20)), i * kInterval);
    GST_BUFFER_DURATION(buffer) = kInterval;
    fail_unless_equals_int(pay.push(buffer), GST_FLOW_OK);
  }
  gst_harness_push_event(pay.h(), gst_event_new_eos());
  Reassembler reassembler({Delivery::kComplete, 0});
  uint64_t sequence = 1;
  uint32_t pictures = 0;
  const auto packets = pay.pull_all();
  fail_unless(packets.size() < 40);
  for (GstBuffer* packet : packets) {
    fail_unless(gst_buffer_get_size(packet) <= 200);
    const Bytes payload = rtp_payload(packet);
    for (const ReceivedPicture& got : reassembler.push({payload, sequence++, false, read(packet).timestamp, 0})) {
      fail_unless(got.units == picture(pictures + 1, 10 + 7 * (pictures % 20)), "%u", pictures);
      fail_unless_equals_int(got.timestamp, pictures * kTicks);
      ++pictures;
    }
  }
  fail_unless_equals_int(pictures, 40);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(pictures_without_time_do_not_wait) {
  Pay pay(kFourPictures);
  fail_unless_equals_int(pay.push(to_buffer(picture(1))), GST_FLOW_OK);
  check_text(sizes(pay), "1");
}
GST_END_TEST;

GST_START_TEST(b1_09_events_keep_their_place) {
  const auto events = [](int which) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    GstCaps* caps = make_caps(sequence_header(640));
    GstEvent* event = which == 0   ? gst_event_new_eos()
                      : which == 1 ? gst_event_new_segment(&segment)
                      : which == 2 ? gst_event_new_gap(2 * kInterval, kInterval)
                                   : gst_event_new_caps(caps);
    gst_caps_unref(caps);
    return event;
  };
  // The base class sends the first segment with the first packet.
  const char* after[] = {"S L(1) E", "S L(1) S", "S L(1) G200+100!", "S L(1) C"};
  for (int which = 0; which < 4; ++which) {
    Pay pay(kFourPictures);
    push_some(pay, 0, 2);
    pay.clear_log();
    gst_harness_push_event(pay.h(), events(which));
    check_text(pay.log(), after[which]);
    check_text(sizes(pay), "2");
  }
}
GST_END_TEST;

GST_START_TEST(b1_09_a_flush_throws_away_what_waits) {
  Pay pay(kFourPictures);
  push_some(pay, 0, 2);
  gst_harness_push_event(pay.h(), gst_event_new_flush_start());
  gst_harness_push_event(pay.h(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(pay.h(), gst_event_new_segment(&segment));
  push_some(pay, 0, 4);
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 1);
  // Two pictures and the flush.
  fail_unless_equals_int(read(packets[0]).payload.picture_id, 503);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_06_ids_of_a_packet_follow_each_other) {
  Pay pay(kFourPictures);
  push_some(pay, 0, 1);
  fail_unless_equals_int(pay.push(to_buffer(Bytes{1, 2, 3}, kInterval)), GST_FLOW_OK);  // dropped, but counted
  push_some(pay, 2, 4);
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 2);
  fail_unless_equals_int(read(packets[0]).payload.picture_id, 500);
  fail_unless_equals_int(read(packets[1]).payload.picture_id, 502);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(what_follows_a_discontinuity_stays_apart) {
  Pay pay(kFourPictures);
  push_some(pay, 0, 2);
  push_at(pay, 2 * kInterval, 3, true);
  gst_harness_push_event(pay.h(), gst_event_new_eos());
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 2);
  fail_unless(!has_flag(packets[0], GST_BUFFER_FLAG_DISCONT) && has_flag(packets[1], GST_BUFFER_FLAG_DISCONT));
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(the_wait_is_part_of_the_latency) {
  Pay pay(kFourPictures);
  gst_harness_set_upstream_latency(pay.h(), 40 * GST_MSECOND);
  GstClockTime most = 0;
  fail_unless_equals_uint64(latency_of(pay, &most), 340 * GST_MSECOND);
  fail_unless(!GST_CLOCK_TIME_IS_VALID(most));
  GstMessage* message = gst_bus_pop_filtered(GST_ELEMENT_BUS(pay.element()), GST_MESSAGE_LATENCY);
  if (message != nullptr) gst_message_unref(message);
  g_object_set(pay.element(), "max-aggregation-ms", 0, nullptr);
  fail_unless_equals_uint64(latency_of(pay, &most), 40 * GST_MSECOND);
  message = gst_bus_pop_filtered(GST_ELEMENT_BUS(pay.element()), GST_MESSAGE_LATENCY);
  fail_unless(message != nullptr);
  gst_message_unref(message);
}
GST_END_TEST;

// The clock says when, not the next picture: pictures that never come hold nothing back.
GST_START_TEST(a_live_stream_keeps_to_the_latency) {
  Pay pay(kFourPictures);
  gst_harness_set_upstream_latency(pay.h(), 40 * GST_MSECOND);
  gst_harness_use_testclock(pay.h());
  push_some(pay, 0, 2);
  GstTestClock* clock = gst_harness_get_testclock(pay.h());
  gst_test_clock_wait_for_multiple_pending_ids(clock, 1, nullptr);
  fail_unless_equals_uint64(gst_test_clock_get_next_entry_time(clock), 340 * GST_MSECOND);
  fail_unless_equals_int(gst_harness_buffers_received(pay.h()), 0);
  fail_unless(gst_test_clock_crank(clock));
  GstBuffer* packet = gst_harness_pull(pay.h());
  fail_unless(packet != nullptr);
  fail_unless(read(packet).payload.aggregate);
  gst_buffer_unref(packet);
  // A packet that was sent in time leaves no alarm behind.
  push_some(pay, 4, 4);
  check_text(sizes(pay), "4");
  fail_unless_equals_int(gst_test_clock_peek_id_count(clock), 0);
  gst_object_unref(clock);
}
GST_END_TEST;

GST_START_TEST(what_waits_is_forgotten_in_ready) {
  Pay pay(kFourPictures);
  push_some(pay, 0, 2);
  gst_element_set_state(pay.element(), GST_STATE_READY);
  fail_unless_equals_int(gst_harness_buffers_received(pay.h()), 0);
}
GST_END_TEST;

GST_START_TEST(it_can_be_turned_off_while_playing) {
  Pay pay(kFourPictures);
  push_some(pay, 0, 2);
  g_object_set(pay.element(), "max-aggregation-ms", 0, nullptr);
  push_some(pay, 2, 2);
  check_text(sizes(pay), "211");
}
GST_END_TEST;

// Whatever is changed on the way: no picture is lost, doubled or late in its order.
GST_START_TEST(b1_06_properties_while_pushing) {
  Pay pay("mtu=200");
  GValue wait = G_VALUE_INIT;
  g_value_init(&wait, G_TYPE_UINT);
  g_value_set_uint(&wait, 300);
  GstHarnessThread* thread = gst_harness_stress_property_start_full(pay.h(), "max-aggregation-ms", &wait, 0);
  for (uint32_t i = 0; i < 300; ++i) {
    g_object_set(pay.element(), "max-aggregation-ms", i % 3 * 100, "max-layers", 1 + i % 4, "separate-base", i % 5 == 0,
                 nullptr);
    fail_unless_equals_int(push_at(pay, i * kInterval, i + 1), GST_FLOW_OK);
  }
  gst_harness_stress_thread_stop(thread);
  g_value_unset(&wait);
  gst_harness_push_event(pay.h(), gst_event_new_eos());
  Reassembler reassembler({Delivery::kComplete, 0});
  uint64_t sequence = 1;
  uint32_t pictures = 0;
  const auto packets = pay.pull_all();
  for (GstBuffer* packet : packets) {
    const Bytes payload = rtp_payload(packet);
    for (const ReceivedPicture& got : reassembler.push({payload, sequence++, false, read(packet).timestamp, 0})) {
      fail_unless_equals_int(got.timestamp, pictures * kTicks);
      ++pictures;
    }
  }
  fail_unless_equals_int(pictures, 300);
  unref_all(packets);
  fail_unless(pay.silent());
}
GST_END_TEST;

GST_START_TEST(sequence_headers_are_put_into_shared_packets) {
  Pay pay("max-aggregation-ms=300 config-interval=1");
  push_some(pay, 0, 12);
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 3);
  Reassembler reassembler({Delivery::kComplete, 0});
  uint64_t sequence = 1;
  std::string headers;
  for (GstBuffer* packet : packets) {
    const Bytes payload = rtp_payload(packet);
    for (const ReceivedPicture& got : reassembler.push({payload, sequence++, false, 0, 0})) {
      headers += parse_access_unit(got.units).sequence_header() != nullptr ? "1" : "0";
    }
  }
  check_text(headers, "100000000010");
  unref_all(packets);
}
GST_END_TEST;

// What the option is for: 10 kbit/s at 10 pictures/s are 125 bytes a picture.
GST_START_TEST(headers_cost_a_third) {
  constexpr uint32_t kPictures = 100;
  constexpr gsize kIpAndUdp = 28;
  gsize headers[2] = {};
  const char* properties[2] = {"", kFourPictures};
  for (int i = 0; i < 2; ++i) {
    Pay pay(properties[i]);
    gsize wire = 0;
    gsize media = 0;
    for (uint32_t j = 0; j < kPictures; ++j) {
      GstBuffer* buffer = to_buffer(access_unit({token(0, 117), token(1, 0)}, false, j + 1), j * kInterval);
      GST_BUFFER_DURATION(buffer) = kInterval;
      media += gst_buffer_get_size(buffer);
      pay.push(buffer);
    }
    gst_harness_push_event(pay.h(), gst_event_new_eos());
    const auto packets = pay.pull_all();
    for (GstBuffer* packet : packets) wire += gst_buffer_get_size(packet) + kIpAndUdp;
    unref_all(packets);
    fail_unless_equals_int(media, 125 * kPictures);
    headers[i] = wire - media;
  }
  // In bit/s, as ten seconds were sent.
  fail_unless_equals_int(headers[0] * 8 / 10, 3520);
  fail_unless_equals_int(headers[1] * 8 / 10, 1280);
}
GST_END_TEST;

GST_START_TEST(depayloaded_pictures_have_their_own_times) {
  Pay pay(kFourPictures);
  Watched depay("rtpcrlscdepay");
  gst_harness_set_src_caps_str(depay.h(), kRtpCaps);
  pay.push(to_buffer(key_unit({token(0)}), 0));
  push_some(pay, 1, 12);
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 4);
  for (GstBuffer* packet : packets) {
    // As a jitter buffer would: nothing but the time of the packet.
    GstBuffer* received = gst_buffer_copy(packet);
    GST_BUFFER_DURATION(received) = GST_CLOCK_TIME_NONE;
    fail_unless_equals_int(gst_harness_push(depay.h(), received), GST_FLOW_OK);
  }
  check_text(depay.log(), "C S B0k B100 B200 B300 B400 B500 B600 B700 B800 B900 B1000 B1100 B1200");
  unref_all(packets);
}
GST_END_TEST;

// Nor does a repeated sequence header make key pictures of them.
GST_START_TEST(depayloaded_pictures_with_a_header_are_delta_units) {
  Pay pay("max-aggregation-ms=300 config-interval=1");
  Watched depay("rtpcrlscdepay");
  gst_harness_set_src_caps_str(depay.h(), kRtpCaps);
  pay.push(to_buffer(key_unit({token(0)}), 0));
  push_some(pay, 1, 24);
  const auto packets = pay.pull_all();
  int headers = 0;
  for (GstBuffer* packet : packets) {
    fail_unless_equals_int(gst_harness_push(depay.h(), gst_buffer_copy(packet)), GST_FLOW_OK);
  }
  unref_all(packets);
  const auto pictures = depay.pull_all();
  fail_unless_equals_int(pictures.size(), 25);
  for (size_t i = 0; i < pictures.size(); ++i) {
    headers += parse_access_unit(to_bytes(pictures[i])).sequence_header() != nullptr ? 1 : 0;
    fail_unless(has_flag(pictures[i], GST_BUFFER_FLAG_DELTA_UNIT) == (i > 0), "picture %d", static_cast<int>(i));
  }
  fail_unless_equals_int(headers, 3);
  unref_all(pictures);
}
GST_END_TEST;

GST_START_TEST(a_lost_packet_is_four_gaps) {
  Pay pay(kFourPictures);
  Watched depay("rtpcrlscdepay");
  gst_harness_set_src_caps_str(depay.h(), kRtpCaps);
  pay.push(to_buffer(key_unit({token(0)}), 0));
  push_some(pay, 1, 12);
  auto packets = pay.pull_all();
  for (size_t i = 0; i < packets.size(); ++i) {
    if (i != 2) gst_harness_push(depay.h(), gst_buffer_ref(packets[i]));
  }
  check_text(depay.log(), "C S B0k B100 B200 B300 B400 G500+100 G600+100 G700+100 G800+100 B900d B1000 B1100 B1200");
  unref_all(packets);
}
GST_END_TEST;

static Suite* rtpcrlscpay_aggregation_suite(void) {
  Suite* suite = suite_create("rtpcrlscpay_aggregation");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, four_pictures_share_a_packet);
  tcase_add_test(tests, no_picture_waits_by_default);
  tcase_add_test(tests, a_packet_is_sent_when_the_next_picture_would_be_too_late);
  tcase_add_test(tests, a_late_picture_does_not_join);
  tcase_add_test(tests, key_pictures_do_not_wait);
  tcase_add_test(tests, pictures_of_several_packets_do_not_wait);
  tcase_add_test(tests, no_packet_exceeds_the_mtu);
  tcase_add_test(tests, pictures_without_time_do_not_wait);
  tcase_add_test(tests, b1_09_events_keep_their_place);
  tcase_add_test(tests, b1_09_a_flush_throws_away_what_waits);
  tcase_add_test(tests, b4_06_ids_of_a_packet_follow_each_other);
  tcase_add_test(tests, what_follows_a_discontinuity_stays_apart);
  tcase_add_test(tests, the_wait_is_part_of_the_latency);
  tcase_add_test(tests, a_live_stream_keeps_to_the_latency);
  tcase_add_test(tests, what_waits_is_forgotten_in_ready);
  tcase_add_test(tests, it_can_be_turned_off_while_playing);
  tcase_add_test(tests, b1_06_properties_while_pushing);
  tcase_add_test(tests, sequence_headers_are_put_into_shared_packets);
  tcase_add_test(tests, headers_cost_a_third);
  tcase_add_test(tests, depayloaded_pictures_have_their_own_times);
  tcase_add_test(tests, depayloaded_pictures_with_a_header_are_delta_units);
  tcase_add_test(tests, a_lost_packet_is_four_gaps);
  return suite;
}

GST_CHECK_MAIN(rtpcrlscpay_aggregation)
