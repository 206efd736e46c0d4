// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder and time: key pictures, bit rate, layers, latency, QoS, failures.
#include <algorithm>

#include "core/bitstream/unit.h"
#include "core/codec/encoder.h"
#include "crlsc/loss_event.h"
#include "support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace

namespace {

std::vector<size_t> keys(const Buffers& buffers) {
  std::vector<size_t> out;
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (is_key(buffers[i])) out.push_back(i);
  }
  return out;
}

bool has_sequence_header(GstBuffer* buffer) {
  const crlsc::Bytes bytes = to_bytes(buffer);
  for (const crlsc::UnitView& unit : crlsc::parse_access_unit(bytes).units) {
    if (unit.header.type == crlsc::UnitType::kSequenceHeader) return true;
  }
  return false;
}

int highest_layer(GstBuffer* buffer) {
  const crlsc::Bytes bytes = to_bytes(buffer);
  int layer = 0;
  for (const crlsc::UnitView& unit : crlsc::parse_access_unit(bytes).units) layer = std::max(layer, unit.header.layer);
  return layer;
}

// Noise that no predictor foresees: frames that always want more bits than they get.
GstBuffer* make_noise(const GstVideoInfo& info, int index) {
  GstBuffer* buffer = make_frame(info, index);
  GstMapInfo map;
  fail_unless(gst_buffer_map(buffer, &map, GST_MAP_WRITE));
  guint32 state = static_cast<guint32>(index) * 2654435761U + 1;
  for (gsize i = 0; i < map.size; ++i) {
    state = state * 1664525U + 1013904223U;
    map.data[i] = static_cast<guint8>(state >> 24);
  }
  gst_buffer_unmap(buffer, &map);
  return buffer;
}

// Tells the encoder that the frame before `running_time` came `late` too late.
void push_qos(Encoder& encoder, GstClockTime running_time, GstClockTimeDiff late) {
  GstEvent* qos = gst_event_new_qos(late > 0 ? GST_QOS_TYPE_UNDERFLOW : GST_QOS_TYPE_OVERFLOW, 1.0, late, running_time);
  gst_harness_push_upstream_event(encoder.h(), qos);
}

GstClockTime latency(Encoder& encoder) { return gst_harness_query_latency(encoder.h()); }

void set_live(Encoder& encoder) { gst_harness_set_upstream_latency(encoder.h(), 0); }

int latency_messages(Encoder& encoder) {
  int count = 0;
  while (GstMessage* message = gst_bus_pop_filtered(encoder.bus(), GST_MESSAGE_LATENCY)) {
    gst_message_unref(message);
    ++count;
  }
  return count;
}

guint64 layer_bytes(Encoder& encoder, guint layer) {
  GstStructure* stats = nullptr;
  g_object_get(encoder.element(), "stats", &stats, nullptr);
  const GValue* array = gst_structure_get_value(stats, "layer-bytes");
  fail_unless_equals_int(gst_value_array_get_size(array), crlsc::kMaxLayers);
  const guint64 bytes = g_value_get_uint64(gst_value_array_get_value(array, layer));
  gst_structure_free(stats);
  return bytes;
}

// Bits a second of pictures [first, first + count) at ten pictures a second.
double rate_of(const Buffers& buffers, GstClockTime from, GstClockTime to) {
  double bits = 0;
  for (GstBuffer* buffer : buffers) {
    if (GST_BUFFER_PTS(buffer) >= from && GST_BUFFER_PTS(buffer) < to) {
      bits += 8.0 * static_cast<double>(gst_buffer_get_size(buffer));
    }
  }
  return bits * GST_SECOND / static_cast<double>(to - from);
}

}  // namespace

GST_START_TEST(b2_02_flags_of_key_pictures) {
  Encoder encoder("gop-size=4");
  encoder.push_pictures(0, 12);
  const Buffers out = encoder.pull();
  fail_unless(keys(out) == std::vector<size_t>({0, 4, 8}));
  for (size_t i = 0; i < out.size(); ++i) {
    fail_unless(has_flag(out[i], GST_BUFFER_FLAG_DELTA_UNIT) == (i % 4 != 0));
    fail_unless(has_flag(out[i], GST_BUFFER_FLAG_HEADER) == (i % 4 == 0));
    fail_unless(has_flag(out[i], GST_BUFFER_FLAG_MARKER));
  }
}
GST_END_TEST;

GST_START_TEST(b2_02_key_pictures_carry_the_header) {
  Encoder encoder("gop-size=3");
  encoder.push_pictures(0, 7);
  const Buffers out = encoder.pull();
  for (GstBuffer* buffer : out) fail_unless(has_sequence_header(buffer) == is_key(buffer));
}
GST_END_TEST;

GST_START_TEST(b2_02_only_the_first_picture_is_key_by_default) {
  Encoder encoder;
  encoder.push_pictures(0, 40);
  fail_unless(keys(encoder.pull()) == std::vector<size_t>({0}));
}
GST_END_TEST;

GST_START_TEST(b2_02_gop_size_changes_while_running) {
  Encoder encoder("gop-size=5 bitrate=200000");
  encoder.push_pictures(0, 6);
  g_object_set(encoder.element(), "gop-size", 2, nullptr);
  encoder.push_pictures(6, 6);
  g_object_set(encoder.element(), "gop-size", 0, nullptr);
  encoder.push_pictures(12, 8);
  fail_unless(keys(encoder.pull()) == std::vector<size_t>({0, 5, 7, 9, 11}));
}
GST_END_TEST;

GST_START_TEST(b2_03_force_key_unit) {
  Encoder encoder;
  encoder.push_pictures(0, 10);
  fail_unless(keys(encoder.pull()) == std::vector<size_t>({0}));
  fail_unless(encoder.request_key());
  encoder.push_pictures(10, 10);
  const Buffers out = encoder.pull();
  fail_unless(keys(out) == std::vector<size_t>({0}));
  fail_unless(has_sequence_header(out[0]));
}
GST_END_TEST;

GST_START_TEST(b2_03_the_event_precedes_the_key_picture) {
  Encoder encoder;
  encoder.push_pictures(0, 10);
  encoder.pull();
  while (GstEvent* event = gst_harness_try_pull_event(encoder.h())) gst_event_unref(event);
  encoder.request_key();
  encoder.push_pictures(10, 2);
  int seen = 0;
  while (GstEvent* event = gst_harness_try_pull_event(encoder.h())) {
    GstClockTime pts = 0;
    if (gst_video_event_parse_downstream_force_key_unit(event, &pts, nullptr, nullptr, nullptr, nullptr)) {
      ++seen;
      fail_unless_equals_uint64(pts, 10 * kInterval);
    }
    gst_event_unref(event);
  }
  fail_unless_equals_int(seen, 1);
}
GST_END_TEST;

GST_START_TEST(b2_03_requests_from_upstream) {
  Encoder encoder;
  encoder.push_pictures(0, 10);
  const GstClockTime time = 12 * kInterval;
  fail_unless(encoder.push(gst_video_event_new_downstream_force_key_unit(time, time, time, TRUE, 1)));
  encoder.push_pictures(10, 5);
  fail_unless(keys(encoder.pull()) == std::vector<size_t>({0, 12}));
}
GST_END_TEST;

GST_START_TEST(b2_03_a_request_outlives_dropped_pictures) {
  // The first picture may take a second's bits; the bucket is more than full after it.
  const GstVideoInfo info = video_info(160, 120);
  Encoder encoder("bitrate=3000", info);
  fail_unless_equals_int(encoder.push(make_noise(info, 0)), GST_FLOW_OK);
  encoder.request_key();
  for (int i = 1; i < 40; ++i) fail_unless_equals_int(encoder.push(make_noise(info, i)), GST_FLOW_OK);
  const Buffers out = encoder.pull();
  fail_unless(GST_BUFFER_PTS(out[1]) > kInterval, "the picture that was to be key was not dropped");
  fail_unless(keys(out) == std::vector<size_t>({0, 1}));
}
GST_END_TEST;

GST_START_TEST(b2_04_min_force_key_unit_interval) {
  Encoder encoder("bitrate=200000 min-force-key-unit-interval=1000000000");
  for (int i = 0; i < 50; ++i) {
    encoder.request_key();
    encoder.push_pictures(i, 1);
  }
  // Five seconds.
  const auto found = keys(encoder.pull());
  fail_unless(found.size() >= 4 && found.size() <= 6, "%u key pictures", static_cast<guint>(found.size()));
}
GST_END_TEST;

GST_START_TEST(b2_04_a_storm_of_requests_makes_one_key_picture) {
  Encoder encoder("bitrate=200000");
  encoder.push_pictures(0, 5);
  for (int i = 0; i < 100; ++i) encoder.request_key();
  encoder.push_pictures(5, 20);
  fail_unless(keys(encoder.pull()) == std::vector<size_t>({0, 5}));
}
GST_END_TEST;

GST_START_TEST(b2_04_requests_in_a_row_are_answered_every_500_ms) {
  Encoder encoder("bitrate=200000");
  for (int i = 0; i < 25; ++i) {
    encoder.request_key();
    encoder.push_pictures(i, 1);
  }
  // The first is key anyway.
  fail_unless(keys(encoder.pull()) == std::vector<size_t>({0, 5, 10, 15, 20}));
}
GST_END_TEST;

GST_START_TEST(b4_14_losses_are_answered_without_a_key_picture) {
  Encoder told("bitrate=200000");
  Encoder untold("bitrate=200000");
  told.push_pictures(0, 6);
  untold.push_pictures(0, 6);
  fail_unless(gst_harness_push_upstream_event(told.h(), crlsc::make_loss_event({3, 2, 0, 0, 0})));
  fail_unless_equals_uint64(told.stat("losses"), 1);
  told.push_pictures(6, 1);
  untold.push_pictures(6, 1);
  const Buffers a = told.pull();
  const Buffers b = untold.pull();
  fail_unless(keys(a) == std::vector<size_t>({0}));
  for (size_t i = 0; i < 6; ++i) fail_unless(to_bytes(a[i]) == to_bytes(b[i]));
  fail_unless(to_bytes(a[6]) != to_bytes(b[6]), "nothing is refreshed");
}
GST_END_TEST;

GST_START_TEST(b4_14_losses_that_make_no_sense_are_refused) {
  Encoder encoder;
  encoder.push_pictures(0, 2);
  for (const char* fields : {"GstCrlscLoss",
                             "GstCrlscLoss, first-picture=(uint)64, pictures=(uint)1, first-row=(uint)0, "
                             "rows=(uint)0, layer=(uint)0",
                             "GstCrlscLoss, first-picture=(uint)4294967295, pictures=(uint)1, first-row=(uint)0, "
                             "rows=(uint)0, layer=(uint)0",
                             "GstCrlscLoss, first-picture=(string)x, pictures=(uint)1, first-row=(uint)0, "
                             "rows=(uint)0, layer=(uint)0"}) {
    GstEvent* event = gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, gst_structure_from_string(fields, nullptr));
    fail_if(gst_harness_push_upstream_event(encoder.h(), event));
  }
  fail_unless_equals_uint64(encoder.stat("losses"), 0);
  // However many come, only so many are kept.
  for (int i = 0; i < 10000; ++i) {
    gst_harness_push_upstream_event(encoder.h(), crlsc::make_loss_event(crlsc::everything_lost()));
  }
  encoder.push_pictures(2, 5);
  fail_unless_equals_int(encoder.pull().size(), 7);
}
GST_END_TEST;

GST_START_TEST(b2_08_latency_is_one_frame) {
  Encoder encoder;
  set_live(encoder);
  fail_unless_equals_uint64(latency(encoder), kInterval);
}
GST_END_TEST;

GST_START_TEST(b2_08_latency_follows_the_frame_rate) {
  Encoder encoder;
  set_live(encoder);
  fail_unless(latency_messages(encoder) >= 1);
  GstVideoInfo info = video_info();
  info.fps_n = 25;
  encoder.set_caps(info);
  encoder.push_pictures(0, 1);
  fail_unless_equals_int(latency_messages(encoder), 1);
  fail_unless_equals_uint64(latency(encoder), 40 * GST_MSECOND);
}
GST_END_TEST;

GST_START_TEST(b2_08_unknown_frame_rate) {
  GstVideoInfo info = video_info();
  info.fps_n = 0;
  Encoder encoder("bitrate=20000", info);
  set_live(encoder);
  encoder.push_pictures(0, 20);
  fail_unless_equals_int(encoder.pull().size(), 20);
  fail_unless_equals_uint64(latency(encoder), 40 * GST_MSECOND);
  encoder.expect_field("framerate", "0/1");
}
GST_END_TEST;

GST_START_TEST(b2_09_bitrate_is_a_ceiling) {
  const int rates[] = {5000, 20000, 35000};
  const GstVideoInfo info = video_info(128, 96);
  Encoder encoder("bitrate=" + std::to_string(rates[__i__]), info);
  for (int i = 0; i < 150; ++i) fail_unless_equals_int(encoder.push(make_noise(info, i)), GST_FLOW_OK);
  const Buffers out = encoder.pull();
  for (GstClockTime from = GST_SECOND; from + 5 * GST_SECOND <= 15 * GST_SECOND; from += kInterval) {
    const double rate = rate_of(out, from, from + 5 * GST_SECOND);
    fail_unless(rate <= 1.1 * rates[__i__], "%f bit/s", rate);
    fail_unless(rate >= 0.5 * rates[__i__], "%f bit/s", rate);
  }
}
GST_END_TEST;

GST_START_TEST(b2_09_bitrate_changes_while_playing) {
  const GstVideoInfo info = video_info(128, 96);
  Encoder encoder("bitrate=35000", info);
  const auto push = [&](int from, int count) {
    for (int i = from; i < from + count; ++i) fail_unless_equals_int(encoder.push(make_noise(info, i)), GST_FLOW_OK);
  };
  push(0, 50);
  g_object_set(encoder.element(), "bitrate", 5000, nullptr);
  push(50, 100);
  g_object_set(encoder.element(), "bitrate", 35000, nullptr);
  push(150, 50);
  const Buffers out = encoder.pull();
  const double before = rate_of(out, GST_SECOND, 5 * GST_SECOND);
  const double low = rate_of(out, 10 * GST_SECOND, 15 * GST_SECOND);
  const double after = rate_of(out, 16 * GST_SECOND, 20 * GST_SECOND);
  fail_unless(before > 20000, "%f", before);
  fail_unless(low < 5500, "%f", low);
  fail_unless(after > 20000, "%f", after);
}
GST_END_TEST;

GST_START_TEST(b2_10_frames_that_fail_are_left_out) {
  Folder folder;
  Encoder encoder("bitrate=100000", video_info(), folder.model_for_backend("faulty"));
  encoder.push_pictures(0, 3);
  {
    const Fault fault("encode");
    encoder.push_pictures(3, 4);
  }
  encoder.push_pictures(7, 3);
  const Buffers out = encoder.pull();
  fail_unless_equals_int(out.size(), 6);
  // Nobody knows what a failure left behind in the encoder.
  fail_unless(keys(out) == std::vector<size_t>({0, 3}));
  fail_unless_equals_uint64(GST_BUFFER_PTS(out[3]), 7 * kInterval);
  fail_unless_equals_int(encoder.stat("failed"), 4);
  fail_unless_equals_int(encoder.stat("frames"), 6);
  const Posted posted = encoder.pop(GST_MESSAGE_WARNING);
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_ENCODE));
  fail_unless(posted.says("fault on demand"));
  fail_unless_equals_int(encoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_08_failures_without_end_are_an_error) {
  Folder folder;
  Encoder encoder("", video_info(), folder.model_for_backend("faulty"));
  encoder.push_pictures(0, 1);
  const Fault fault("encode");
  encoder.push_pictures(1, 9);
  fail_unless_equals_int(encoder.pop().domain, 0);
  fail_unless_equals_int(encoder.push_picture(10), GST_FLOW_ERROR);
  const Posted posted = encoder.pop();
  fail_unless(posted.is(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED), "%s", posted.text.c_str());
  fail_unless(posted.says("fault on demand"));
}
GST_END_TEST;

GST_START_TEST(b2_10_a_frame_that_is_too_small_is_left_out) {
  Encoder encoder;
  encoder.push_pictures(0, 1);
  GstBuffer* frame = gst_buffer_new_allocate(nullptr, 100, nullptr);
  GST_BUFFER_PTS(frame) = kInterval;
  fail_unless_equals_int(encoder.push(frame), GST_FLOW_OK);
  encoder.push_pictures(2, 1);
  fail_unless_equals_int(encoder.pull().size(), 2);
  fail_unless_equals_int(encoder.stat("failed"), 1);
}
GST_END_TEST;

GST_START_TEST(b2_11_late_frames_lose_layers) {
  Encoder encoder("bitrate=2000000 qos=true");
  encoder.push_pictures(0, 3);
  push_qos(encoder, 3 * kInterval, 0);
  encoder.push_pictures(4, 1);
  // What is due at 4.5 comes too late by half an interval.
  push_qos(encoder, 4 * kInterval, static_cast<GstClockTimeDiff>(kInterval));
  encoder.push_pictures(5, 1);
  push_qos(encoder, 5 * kInterval, -static_cast<GstClockTimeDiff>(kInterval));
  encoder.push_pictures(6, 2);
  const Buffers out = encoder.pull();
  fail_unless_equals_int(out.size(), 7);
  fail_unless(highest_layer(out[3]) > 0);
  fail_unless_equals_int(highest_layer(out[4]), 0);
  fail_unless(highest_layer(out[6]) > 0);
  fail_unless_equals_int(encoder.stat("hurried"), 1);
}
GST_END_TEST;

GST_START_TEST(b2_11_hopeless_frames_are_left_out) {
  Encoder encoder("bitrate=200000 qos=true");
  encoder.push_pictures(0, 3);
  push_qos(encoder, 3 * kInterval, 5 * static_cast<GstClockTimeDiff>(kInterval));
  encoder.push_pictures(3, 2);
  fail_unless_equals_int(encoder.stat("skipped"), 2);
  fail_unless_equals_int(encoder.pull().size(), 3);
  // A key picture that somebody waits for is made even then.
  encoder.request_key();
  encoder.push_pictures(5, 1);
  fail_unless(keys(encoder.pull()) == std::vector<size_t>({0}));
}
GST_END_TEST;

GST_START_TEST(b2_11_without_qos_nothing_is_late) {
  Encoder encoder("bitrate=200000");
  encoder.push_pictures(0, 3);
  push_qos(encoder, 3 * kInterval, 50 * static_cast<GstClockTimeDiff>(kInterval));
  encoder.push_pictures(3, 5);
  fail_unless_equals_int(encoder.pull().size(), 8);
  fail_unless_equals_int(encoder.stat("hurried"), 0);
}
GST_END_TEST;

GST_START_TEST(b2_13_the_same_input_gives_the_same_bytes) {
  const Stream first(30, "bitrate=30000");
  const Stream second(30, "bitrate=30000");
  for (size_t i = 0; i < 30; ++i) fail_unless(to_bytes(first.buffers()[i]) == to_bytes(second.buffers()[i]));
}
GST_END_TEST;

GST_START_TEST(layers_limit_what_is_sent) {
  Encoder encoder("bitrate=1000000 layers=2");
  encoder.push_pictures(0, 5);
  fail_unless(layer_bytes(encoder, 0) > 0);
  fail_unless(layer_bytes(encoder, 1) > 0);
  fail_unless_equals_int(layer_bytes(encoder, 2), 0);
  for (GstBuffer* buffer : encoder.pull()) fail_unless(highest_layer(buffer) <= 1);
  g_object_set(encoder.element(), "layers", 1, nullptr);
  encoder.push_pictures(5, 5);
  for (GstBuffer* buffer : encoder.pull()) fail_unless_equals_int(highest_layer(buffer), 0);
  g_object_set(encoder.element(), "layers", 4, nullptr);
  encoder.push_pictures(10, 5);
  fail_unless(layer_bytes(encoder, 2) > 0);
}
GST_END_TEST;

GST_START_TEST(small_layers_share_a_unit) {
  Encoder encoder("bitrate=1000000 min-unit-size=65535");
  encoder.push_pictures(0, 3);
  for (GstBuffer* buffer : encoder.pull()) fail_unless_equals_int(highest_layer(buffer), 0);
  g_object_set(encoder.element(), "min-unit-size", 0, nullptr);
  encoder.push_pictures(3, 3);
  int highest = 0;
  for (GstBuffer* buffer : encoder.pull()) highest = std::max(highest, highest_layer(buffer));
  fail_unless(highest > 0);
}
GST_END_TEST;

// Of the same picture again and again, only refreshed cells are worth anything.
GST_START_TEST(refresh_takes_its_share) {
  size_t bytes[2] = {0, 0};
  for (const int refresh : {0, 1}) {
    Encoder encoder("bitrate=200000");
    g_object_set(encoder.element(), "refresh-share", refresh * 0.5, nullptr);
    encoder.push_pictures(0, 10);
    encoder.pull();
    for (int i = 10; i < 30; ++i) {
      const GstClockTime pts = static_cast<GstClockTime>(i) * kInterval;
      fail_unless_equals_int(encoder.push(make_frame(encoder.info(), 10, pts)), GST_FLOW_OK);
    }
    bytes[refresh] = encoder.pull().bytes();
  }
  fail_unless(bytes[0] < bytes[1], "%zu bytes without refresh, %zu with", bytes[0], bytes[1]);
}
GST_END_TEST;

GST_START_TEST(few_bits_make_pictures_of_half_size) {
  const struct {
    const char* properties;
    guint64 least;
    guint64 most;
  } cases[] = {{"bitrate=1000", 1, 30},
               {"bitrate=1000 resize-mode=none", 0, 0},
               {"bitrate=1000000", 0, 0},
               {"bitrate=1000000 resize-mode=half", 30, 30}};
  for (const auto& c : cases) {
    Encoder encoder(c.properties);
    encoder.push_pictures(0, 30);
    const guint64 frames = encoder.stat("half-frames");
    fail_unless(frames >= c.least && frames <= c.most, "%s: %" G_GUINT64_FORMAT, c.properties, frames);
    for (GstBuffer* buffer : encoder.pull()) fail_unless(frames < 30 || highest_layer(buffer) == 0);
  }
}
GST_END_TEST;

GST_START_TEST(stats_count_what_came_out) {
  Encoder encoder("bitrate=5000000 gop-size=15");
  encoder.push_pictures(0, 30);
  const Buffers out = encoder.pull();
  fail_unless_equals_int(encoder.stat("frames"), 30);
  fail_unless_equals_int(encoder.stat("key-frames"), 2);
  fail_unless_equals_int(encoder.stat("dropped"), 0);
  fail_unless_equals_int(encoder.stat("bytes"), out.bytes());
  fail_unless(encoder.stat("complete-frames") > 0);
  guint64 layers = 0;
  for (guint i = 0; i < 4; ++i) layers += layer_bytes(encoder, i);
  fail_unless(layers > 0 && layers <= out.bytes());
  GstStructure* stats = nullptr;
  g_object_get(encoder.element(), "stats", &stats, nullptr);
  gdouble middle = 0;
  gdouble worst = 0;
  gdouble lambda = 0;
  fail_unless(gst_structure_get(stats, "encode-ms-p50", G_TYPE_DOUBLE, &middle, "encode-ms-p99", G_TYPE_DOUBLE, &worst,
                                "lambda", G_TYPE_DOUBLE, &lambda, nullptr));
  fail_unless(middle > 0 && worst >= middle && lambda > 0);
  gst_structure_free(stats);
}
GST_END_TEST;

GST_START_TEST(dropped_frames_are_counted_and_reported) {
  const GstVideoInfo info = video_info(160, 120);
  // Key pictures that are due all the time and do not fit.
  Encoder encoder("bitrate=2000 gop-size=1", info);
  for (int i = 0; i < 30; ++i) fail_unless_equals_int(encoder.push(make_noise(info, i)), GST_FLOW_OK);
  const Buffers out = encoder.pull();
  fail_unless(encoder.stat("dropped") > 0);
  fail_unless_equals_int(encoder.stat("dropped") + out.size(), 30);
  GstMessage* message = gst_bus_pop_filtered(encoder.bus(), GST_MESSAGE_QOS);
  fail_unless(message != nullptr);
  gst_message_unref(message);
}
GST_END_TEST;

static Suite* crlscenc_rate_suite(void) {
  Suite* suite = suite_create("crlscenc_rate");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b2_02_flags_of_key_pictures);
  tcase_add_test(tests, b2_02_key_pictures_carry_the_header);
  tcase_add_test(tests, b2_02_only_the_first_picture_is_key_by_default);
  tcase_add_test(tests, b2_02_gop_size_changes_while_running);
  tcase_add_test(tests, b2_03_force_key_unit);
  tcase_add_test(tests, b2_03_the_event_precedes_the_key_picture);
  tcase_add_test(tests, b2_03_requests_from_upstream);
  tcase_add_test(tests, b2_03_a_request_outlives_dropped_pictures);
  tcase_add_test(tests, b2_04_min_force_key_unit_interval);
  tcase_add_test(tests, b2_04_a_storm_of_requests_makes_one_key_picture);
  tcase_add_test(tests, b2_04_requests_in_a_row_are_answered_every_500_ms);
  tcase_add_test(tests, b4_14_losses_are_answered_without_a_key_picture);
  tcase_add_test(tests, b4_14_losses_that_make_no_sense_are_refused);
  tcase_add_test(tests, b2_08_latency_is_one_frame);
  tcase_add_test(tests, b2_08_latency_follows_the_frame_rate);
  tcase_add_test(tests, b2_08_unknown_frame_rate);
  tcase_add_loop_test(tests, b2_09_bitrate_is_a_ceiling, 0, 3);
  tcase_add_test(tests, b2_09_bitrate_changes_while_playing);
  tcase_add_test(tests, b2_10_frames_that_fail_are_left_out);
  tcase_add_test(tests, b1_08_failures_without_end_are_an_error);
  tcase_add_test(tests, b2_10_a_frame_that_is_too_small_is_left_out);
  tcase_add_test(tests, b2_11_late_frames_lose_layers);
  tcase_add_test(tests, b2_11_hopeless_frames_are_left_out);
  tcase_add_test(tests, b2_11_without_qos_nothing_is_late);
  tcase_add_test(tests, b2_13_the_same_input_gives_the_same_bytes);
  tcase_add_test(tests, layers_limit_what_is_sent);
  tcase_add_test(tests, small_layers_share_a_unit);
  tcase_add_test(tests, refresh_takes_its_share);
  tcase_add_test(tests, few_bits_make_pictures_of_half_size);
  tcase_add_test(tests, stats_count_what_came_out);
  tcase_add_test(tests, dropped_frames_are_counted_and_reported);
  return suite;
}

GST_CHECK_MAIN(crlscenc_rate)
