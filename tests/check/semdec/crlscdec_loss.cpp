// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoder and what goes wrong on the way: missing pictures, damage, hostile bytes, lateness.
#include <random>

#include "core/bitstream/unit.h"
#include "crlsc/loss_event.h"
#include "support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace

namespace {

// The access unit without its token units above layer `layer`.
GstBuffer* up_to_layer(GstBuffer* buffer, int layer) {
  const crlsc::Bytes bytes = to_bytes(buffer);
  crlsc::Bytes out;
  for (const crlsc::UnitView& unit : crlsc::parse_access_unit(bytes).units) {
    if (unit.header.layer <= layer) out.insert(out.end(), unit.bytes.begin(), unit.bytes.end());
  }
  return to_buffer(out, GST_BUFFER_PTS(buffer), is_key(buffer));
}

GstBuffer* nonsense(int index, bool key = false) {
  const crlsc::Bytes bytes(40, 0xa5);
  return to_buffer(bytes, static_cast<guint64>(index) * kInterval, key);
}

int gaps_out(Decoder& decoder) {
  int count = 0;
  while (GstEvent* event = gst_harness_try_pull_event(decoder.h())) {
    count += GST_EVENT_TYPE(event) == GST_EVENT_GAP ? 1 : 0;
    gst_event_unref(event);
  }
  return count;
}

void push_qos(Decoder& decoder, GstClockTime running_time, GstClockTimeDiff late) {
  GstEvent* qos = gst_event_new_qos(late > 0 ? GST_QOS_TYPE_UNDERFLOW : GST_QOS_TYPE_OVERFLOW, 1.0, late, running_time);
  gst_harness_push_upstream_event(decoder.h(), qos);
}

// What was told upstream since the last call.
std::vector<crlsc::PictureLoss> losses_told(Decoder& decoder) {
  std::vector<crlsc::PictureLoss> losses;
  while (GstEvent* event = gst_harness_try_pull_upstream_event(decoder.h())) {
    if (const auto loss = crlsc::parse_loss_event(event)) losses.push_back(*loss);
    gst_event_unref(event);
  }
  return losses;
}

}  // namespace

GST_START_TEST(b3_02_mutated_access_units) {
  const GstVideoInfo info = video_info(48, 32);
  const Stream stream(20, "bitrate=100000", info);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  size_t out = decoder.pull().size();
  std::minstd_rand random(7);
  for (int i = 0; i < 10000; ++i) {
    crlsc::Bytes bytes = to_bytes(stream.buffers()[random() % 20]);
    for (unsigned k = 0; k <= random() % 4; ++k) {
      switch (random() % 4) {
        case 0:
          bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
          break;
        case 1:
          bytes.resize(1 + random() % bytes.size());
          break;
        case 2:
          bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(random() % bytes.size()), static_cast<uint8_t>(random()));
          break;
        default:
          bytes[random() % bytes.size()] ^= static_cast<uint8_t>(1U << (random() % 8));
      }
    }
    fail_unless_equals_int(decoder.push(to_buffer(bytes, static_cast<guint64>(i + 1) * kInterval, random() % 20 == 0)),
                           GST_FLOW_OK);
    out += decoder.pull().size();
  }
  // A picture came, so a picture goes.
  fail_unless_equals_int(out, 10001);
  fail_unless_equals_int(decoder.pop().domain, 0);
  // And all is well with the next one that can be read.
  GstBuffer* whole = stream.copy(0);
  GST_BUFFER_PTS(whole) = 10001 * kInterval;
  fail_unless_equals_int(decoder.push(whole), GST_FLOW_OK);
  const Buffers last = decoder.pull();
  fail_unless(!has_flag(last[0], GST_BUFFER_FLAG_CORRUPTED));
}
GST_END_TEST;

// Units whose CRC is right although their contents make no sense.
GST_START_TEST(b3_02_hostile_units) {
  const GstVideoInfo info = video_info(48, 32);
  const Stream stream(20, "bitrate=100000", info);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  std::minstd_rand random(11);
  for (int i = 1; i < 2000; ++i) {
    const crlsc::Bytes bytes = to_bytes(stream.buffers()[random() % 20]);
    crlsc::Bytes out;
    for (const crlsc::UnitView& unit : crlsc::parse_access_unit(bytes).units) {
      if (unit.header.type != crlsc::UnitType::kToken) continue;
      crlsc::Bytes payload(unit.payload.begin(), unit.payload.end());
      for (unsigned k = 0; k < 3 && !payload.empty(); ++k) {
        payload[random() % payload.size()] = static_cast<uint8_t>(random());
      }
      crlsc::append_unit(out, unit.header, payload);
    }
    fail_unless_equals_int(decoder.push(to_buffer(out, static_cast<guint64>(i) * kInterval, false)), GST_FLOW_OK);
    fail_unless_equals_int(decoder.pull().size(), i == 1 ? 2 : 1);
  }
  fail_unless_equals_int(decoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b3_02_what_cannot_be_read_is_concealed) {
  const Stream stream(4);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  fail_unless_equals_int(decoder.push(nonsense(2)), GST_FLOW_OK);
  fail_unless_equals_int(decoder.push(to_buffer({}, 3 * kInterval, false)), GST_FLOW_OK);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 4);
  for (size_t i = 2; i < 4; ++i) {
    fail_unless(has_flag(decoded[i], GST_BUFFER_FLAG_CORRUPTED));
    fail_unless(to_bytes(decoded[i]) == to_bytes(decoded[1]));
    fail_unless_equals_uint64(GST_BUFFER_PTS(decoded[i]), i * kInterval);
  }
  fail_unless_equals_int(decoder.stat("errors"), 2);
  fail_unless_equals_int(decoder.stat("concealed"), 2);
  fail_unless_equals_int(decoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b3_02_max_errors) {
  const Stream stream(4);
  Decoder decoder(stream.caps(), "max-errors=3");
  decoder.push_all(stream, 0, 1);
  for (int i = 1; i <= 3; ++i) fail_unless_equals_int(decoder.push(nonsense(i)), GST_FLOW_OK);
  // A good picture starts the count anew.
  GstBuffer* good = stream.copy(1);
  GST_BUFFER_PTS(good) = 4 * kInterval;
  fail_unless_equals_int(decoder.push(good), GST_FLOW_OK);
  for (int i = 5; i <= 7; ++i) fail_unless_equals_int(decoder.push(nonsense(i)), GST_FLOW_OK);
  fail_unless_equals_int(decoder.push(nonsense(8)), GST_FLOW_ERROR);
  fail_unless(decoder.pop().is(GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE));
}
GST_END_TEST;

GST_START_TEST(b3_02_max_errors_before_the_first_picture) {
  const Stream stream(1);
  Decoder decoder(stream.caps(), "max-errors=3");
  for (int i = 0; i < 3; ++i) fail_unless_equals_int(decoder.push(nonsense(i, true)), GST_FLOW_OK);
  fail_unless_equals_int(decoder.push(nonsense(3, true)), GST_FLOW_ERROR);
  fail_unless(decoder.pull().empty());
}
GST_END_TEST;

GST_START_TEST(b3_03_the_first_picture_must_be_key) {
  const Stream stream(6, "bitrate=500000 gop-size=4");
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 1, 3);
  fail_unless(decoder.pull().empty());
  // Asked for, but not with each picture.
  fail_unless_equals_int(decoder.key_requests(), 1);
  fail_unless_equals_int(decoder.stat("discarded"), 3);
  decoder.push_all(stream, 4, 2);
  fail_unless_equals_int(decoder.pull().size(), 2);
  fail_unless_equals_int(decoder.key_requests(), 0);
}
GST_END_TEST;

// Not every source of access units sets the flag of those that depend on others.
GST_START_TEST(b3_03_the_bitstream_says_what_is_key) {
  const Stream stream(6, "bitrate=500000 gop-size=4");
  Decoder decoder(stream.caps());
  for (size_t i = 1; i < 6; ++i) {
    GstBuffer* unflagged = stream.copy(i);
    GST_BUFFER_FLAG_UNSET(unflagged, GST_BUFFER_FLAG_DELTA_UNIT);
    fail_unless_equals_int(decoder.push(unflagged), GST_FLOW_OK);
  }
  fail_unless_equals_int(decoder.stat("discarded"), 3);
  fail_unless_equals_int(decoder.pull().size(), 2);
}
GST_END_TEST;

GST_START_TEST(b3_03_the_request_is_repeated) {
  const Stream stream(4);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 1, 2);
  fail_unless_equals_int(decoder.key_requests(), 1);
  g_usleep(600 * G_TIME_SPAN_MILLISECOND);
  decoder.push_all(stream, 3, 1);
  fail_unless_equals_int(decoder.key_requests(), 1);
}
GST_END_TEST;

GST_START_TEST(b3_07_a_missing_picture_becomes_one_picture) {
  const Stream stream(6);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 3);
  fail_unless(decoder.push_missing(3));
  decoder.push_all(stream, 4, 2);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 6);
  for (size_t i = 0; i < 6; ++i) {
    fail_unless_equals_uint64(GST_BUFFER_PTS(decoded[i]), i * kInterval);
    fail_unless_equals_uint64(GST_BUFFER_DURATION(decoded[i]), kInterval);
    fail_unless(has_flag(decoded[i], GST_BUFFER_FLAG_CORRUPTED) == (i >= 3), "picture %u", static_cast<guint>(i));
  }
  fail_unless(to_bytes(decoded[3]) == to_bytes(decoded[2]));
  fail_unless_equals_int(gaps_out(decoder), 0);
  fail_unless_equals_int(decoder.stat("concealed"), 1);
}
GST_END_TEST;

GST_START_TEST(b3_07_many_missing_pictures) {
  const Stream stream(2);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  for (int i = 1; i <= 50; ++i) fail_unless(decoder.push_missing(i));
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 51);
  fail_unless_equals_uint64(GST_BUFFER_PTS(decoded[50]), 50 * kInterval);
}
GST_END_TEST;

GST_START_TEST(b3_07_nothing_stands_for_what_came_before_the_first_picture) {
  const Stream stream(4);
  Decoder decoder(stream.caps());
  fail_unless(decoder.push_missing(0));
  fail_unless(decoder.push_missing(1));
  fail_unless(decoder.pull().empty());
  fail_unless_equals_int(gaps_out(decoder), 2);
  decoder.push_all(stream, 0, 1);
  fail_unless_equals_int(decoder.pull().size(), 1);
}
GST_END_TEST;

GST_START_TEST(b3_07_nothing_stands_for_what_is_missing_after_a_flush) {
  const Stream stream(4);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  decoder.pull();
  decoder.flush();
  fail_unless(decoder.push_missing(2));
  fail_unless(decoder.pull().empty());
}
GST_END_TEST;

GST_START_TEST(b3_07_a_plain_gap_changes_nothing) {
  const Stream stream(6);
  Decoder plain(stream.caps());
  plain.push_all(stream, 0, 6);
  const Buffers expected = plain.pull();
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 3);
  gaps_out(decoder);
  fail_unless(decoder.push(gst_event_new_gap(3 * kInterval, kInterval)));
  fail_unless_equals_int(gaps_out(decoder), 1);
  decoder.push_all(stream, 3, 3);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 6);
  for (size_t i = 0; i < 6; ++i) {
    fail_unless(to_bytes(decoded[i]) == to_bytes(expected[i]));
    fail_unless(!has_flag(decoded[i], GST_BUFFER_FLAG_CORRUPTED));
  }
}
GST_END_TEST;

GST_START_TEST(b3_07_discard_corrupted_frames) {
  const Stream stream(8, "bitrate=500000 gop-size=6");
  Decoder decoder(stream.caps(), "discard-corrupted-frames=true");
  decoder.push_all(stream, 0, 3);
  fail_unless(decoder.push_missing(3));
  decoder.push_all(stream, 4, 4);
  const Buffers decoded = decoder.pull();
  // The key picture 6 mends it.
  fail_unless_equals_int(decoded.size(), 5);
  fail_unless_equals_uint64(GST_BUFFER_PTS(decoded[3]), 6 * kInterval);
}
GST_END_TEST;

GST_START_TEST(b3_07_missing_layers_are_damage) {
  const Stream stream(3, "bitrate=2000000", video_info(96, 80));
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  fail_unless_equals_int(decoder.push(up_to_layer(stream.buffers()[1], 0)), GST_FLOW_OK);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 2);
  fail_unless(has_flag(decoded[1], GST_BUFFER_FLAG_CORRUPTED));
  fail_unless(to_bytes(decoded[1]) != to_bytes(decoded[0]), "the base layer was not decoded");
  fail_unless_equals_int(decoder.stat("corrupted"), 1);
}
GST_END_TEST;

GST_START_TEST(b3_07_damage_that_upstream_knows_of) {
  const Stream stream(3);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  GstBuffer* buffer = stream.copy(1);
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
  fail_unless_equals_int(decoder.push(buffer), GST_FLOW_OK);
  const Buffers decoded = decoder.pull();
  fail_unless(!has_flag(decoded[0], GST_BUFFER_FLAG_CORRUPTED));
  fail_unless(has_flag(decoded[1], GST_BUFFER_FLAG_CORRUPTED));
}
GST_END_TEST;

GST_START_TEST(b3_07_a_gap_while_the_picture_is_clipped) {
  const Stream stream(2);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  decoder.start_segment(10 * GST_SECOND);
  fail_unless(decoder.push_missing(1));
  fail_unless_equals_int(decoder.pull().size(), 1);
}
GST_END_TEST;

GST_START_TEST(b3_08_key_requests_for_losses_are_downstreams_choice) {
  const Stream stream(5);
  Decoder silent(stream.caps());
  silent.push_all(stream, 0, 2);
  silent.push_missing(2);
  silent.push_all(stream, 3, 2);
  fail_unless_equals_int(silent.key_requests(), 0);
  Decoder asking(stream.caps(), "automatic-request-sync-points=true");
  asking.push_all(stream, 0, 2);
  asking.pull();
  gaps_out(asking);
  asking.push_missing(2);
  fail_unless(asking.key_requests() >= 1);
  // The base class's flags for it are to discard everything up to the key picture; the gap remains a gap then.
  fail_unless(asking.pull().empty());
  fail_unless_equals_int(gaps_out(asking), 1);
}
GST_END_TEST;

GST_START_TEST(b3_08_late_pictures_are_decoded_from_the_base_layer) {
  const Stream stream(6, "bitrate=2000000", video_info(96, 80));
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  fail_unless_equals_int(decoder.stat("hurried"), 0);
  push_qos(decoder, 2 * kInterval, 10 * static_cast<GstClockTimeDiff>(kInterval));
  decoder.push_all(stream, 2, 1);
  fail_unless_equals_int(decoder.stat("hurried"), 1);
  push_qos(decoder, 3 * kInterval, -static_cast<GstClockTimeDiff>(kInterval));
  decoder.push_all(stream, 3, 1);
  fail_unless_equals_int(decoder.stat("hurried"), 1);
}
GST_END_TEST;

GST_START_TEST(b3_08_pictures_a_little_late_lack_the_post_filter_alone) {
  const GstVideoInfo info = video_info(96, 80);
  const Stream stream(4, "bitrate=2000000", info, kPostFilterModel);
  Decoder decoder(stream.caps(), "", kPostFilterModel);
  Decoder plain(stream.caps(), "post-filter=false", kPostFilterModel);
  // How much brighter all of the luma is than without a post-filter.
  const auto brighter = [&](size_t i) {
    decoder.push_all(stream, i, 1);
    plain.push_all(stream, i, 1);
    const crlsc::Bytes with = to_bytes(decoder.pull().back());
    const crlsc::Bytes without = to_bytes(plain.pull().back());
    const int difference = with[0] - without[0];
    for (size_t k = 0; k < size_t{96} * 80; ++k)
      fail_unless_equals_int(with[k], std::min(without[k] + difference, 255));
    return difference;
  };
  fail_unless_equals_int(brighter(0), 5);
  push_qos(decoder, kInterval, 20 * static_cast<GstClockTimeDiff>(GST_MSECOND));
  decoder.push_all(stream, 1, 1);  // the base class drops what is late
  plain.push_all(stream, 1, 1);
  fail_unless_equals_int(decoder.stat("hurried"), 1);
  push_qos(decoder, 2 * kInterval, -static_cast<GstClockTimeDiff>(kInterval));
  fail_unless_equals_int(brighter(2), 5);  // nothing that it builds on is missing
  g_object_set(decoder.element(), "post-filter", FALSE, nullptr);
  fail_unless_equals_int(brighter(3), 0);
}
GST_END_TEST;

GST_START_TEST(b4_14_missing_pictures_are_told_upstream) {
  const Stream stream(6);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  fail_unless(losses_told(decoder).empty());
  decoder.push_missing(2);
  decoder.push_missing(3);
  fail_unless(losses_told(decoder).empty(), "how many pictures are missing shows the next one");
  decoder.push_all(stream, 4, 2);
  const auto told = losses_told(decoder);
  fail_unless_equals_int(told.size(), 1);
  fail_unless(told[0] == crlsc::PictureLoss({2, 2, 0, 0, 0}));
  fail_unless_equals_uint64(decoder.stat("losses"), 1);
}
GST_END_TEST;

GST_START_TEST(b4_14_missing_layers_are_told_upstream) {
  const GstVideoInfo info = video_info(96, 80);
  const Stream stream(3, "bitrate=2000000", info);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  fail_unless_equals_int(decoder.push(up_to_layer(stream.buffers()[1], 0)), GST_FLOW_OK);
  const auto told = losses_told(decoder);
  fail_unless_equals_int(told.size(), 1);
  fail_unless_equals_int(told[0].first, 1);
  fail_unless_equals_int(told[0].layer, 1);
  fail_unless_equals_int(told[0].rows, 5);
}
GST_END_TEST;

static Suite* crlscdec_loss_suite(void) {
  Suite* suite = suite_create("crlscdec_loss");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b3_02_mutated_access_units);
  tcase_add_test(tests, b3_02_hostile_units);
  tcase_add_test(tests, b3_02_what_cannot_be_read_is_concealed);
  tcase_add_test(tests, b3_02_max_errors);
  tcase_add_test(tests, b3_02_max_errors_before_the_first_picture);
  tcase_add_test(tests, b3_03_the_first_picture_must_be_key);
  tcase_add_test(tests, b3_03_the_bitstream_says_what_is_key);
  tcase_add_test(tests, b3_03_the_request_is_repeated);
  tcase_add_test(tests, b3_07_a_missing_picture_becomes_one_picture);
  tcase_add_test(tests, b3_07_many_missing_pictures);
  tcase_add_test(tests, b3_07_nothing_stands_for_what_came_before_the_first_picture);
  tcase_add_test(tests, b3_07_nothing_stands_for_what_is_missing_after_a_flush);
  tcase_add_test(tests, b3_07_a_plain_gap_changes_nothing);
  tcase_add_test(tests, b3_07_discard_corrupted_frames);
  tcase_add_test(tests, b3_07_missing_layers_are_damage);
  tcase_add_test(tests, b3_07_damage_that_upstream_knows_of);
  tcase_add_test(tests, b3_07_a_gap_while_the_picture_is_clipped);
  tcase_add_test(tests, b3_08_key_requests_for_losses_are_downstreams_choice);
  tcase_add_test(tests, b3_08_late_pictures_are_decoded_from_the_base_layer);
  tcase_add_test(tests, b3_08_pictures_a_little_late_lack_the_post_filter_alone);
  tcase_add_test(tests, b4_14_missing_pictures_are_told_upstream);
  tcase_add_test(tests, b4_14_missing_layers_are_told_upstream);
  return suite;
}

GST_CHECK_MAIN(crlscdec_loss)
