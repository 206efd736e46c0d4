// SPDX-License-Identifier: LGPL-2.1-or-later
// The parser as an element: conversions, caps, times, flags, events.
#include "core/bitstream/crc.h"
#include "parse_support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace
using crlsc::Bytes;

namespace {

constexpr const char* kPackets = "video/x-crlsc, stream-format=packetized";

// Three key pictures in twelve.
const char* const kKeys = "bitrate=500000 gop-size=4";

}  // namespace

GST_START_TEST(b1_02_class_and_rank) {
  GstElementFactory* factory = gst_element_factory_find("crlscparse");
  fail_unless(factory != nullptr);
  fail_unless_equals_string(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS),
                            "Codec/Parser/Converter/Video");
  GstElementFactory* decoder = gst_element_factory_find("crlscdec");
  fail_unless(gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory)) >
              gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(decoder)));
  gst_object_unref(decoder);
  gst_object_unref(factory);
}
GST_END_TEST;

GST_START_TEST(b1_06_properties_change_while_pushing) {
  const Stream stream(12, kKeys);
  Parser parser;
  parser.begin_packets(stream);
  gint done = 0;
  struct Setter {
    GstElement* element;
    gint* done;
  } setter{parser.element(), &done};
  GThread* thread = g_thread_new(
      "setter",
      [](gpointer data) -> gpointer {
        const auto* s = static_cast<Setter*>(data);
        for (guint value = 1; g_atomic_int_get(s->done) == 0; value = 5 - value) {
          g_object_set(s->element, "config-interval", value, nullptr);
          guint found = 0;
          g_object_get(s->element, "config-interval", &found, nullptr);
        }
        return nullptr;
      },
      &setter);
  for (int round = 0; round < 20; ++round) parser.push_packets(stream);
  g_atomic_int_set(&done, 1);
  g_thread_join(thread);
  fail_unless_equals_int(parser.pull().size(), 20 * 12);
}
GST_END_TEST;

// Core throws at a head of another version.
GST_START_TEST(b1_08_an_exception_while_parsing) {
  Bytes bytes = make_file(Stream(1).buffers()).bytes;
  bytes[11] = 2;
  const size_t covered = 11 + size_t{bytes[10]};
  const uint16_t crc = crlsc::crc16({bytes.data(), covered});
  bytes[covered] = static_cast<uint8_t>(crc >> 8);
  bytes[covered + 1] = static_cast<uint8_t>(crc);
  Parser parser;
  parser.begin_bytes();
  fail_unless_equals_int(parser.push_bytes(bytes), GST_FLOW_ERROR);
  const Posted posted = parser.pop();
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
  fail_unless(posted.says("version 2") && posted.says("version 1"), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b1_09_flush_in_the_middle_of_a_record) {
  const Stream stream(12, kKeys);
  const File file = make_file(stream.buffers());
  Parser parser;
  parser.begin_bytes();
  fail_unless_equals_int(parser.push_bytes({file.bytes.data(), file.ends[5] - 1}), GST_FLOW_OK);
  fail_unless_equals_int(parser.pull().size(), 5);
  fail_unless(parser.push(gst_event_new_flush_start()));
  fail_unless(parser.push(gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  fail_unless(parser.push(gst_event_new_segment(&segment)));
  parser.push_in_pieces(file.bytes, 100);
  parser.end();
  const Buffers found = parser.pull();
  expect_buffers(found, stream.buffers());
  fail_unless(has_flag(found[0], GST_BUFFER_FLAG_DISCONT));
  fail_unless(parser.gaps().empty());
}
GST_END_TEST;

GST_START_TEST(b1_09_reuse_after_ready) {
  const Stream stream(6);
  const File file = make_file(stream.buffers());
  Parser parser;
  for (int round = 0; round < 3; ++round) {
    parser.begin_bytes();
    parser.push_in_pieces(file.bytes, 37);
    parser.end();
    expect_buffers(parser.pull(), stream.buffers());
    gst_element_set_state(parser.element(), GST_STATE_READY);
    gst_element_set_state(parser.element(), GST_STATE_PLAYING);
    gst_harness_play(parser.h());
  }
}
GST_END_TEST;

GST_START_TEST(b1_09_caps_change_while_running) {
  const Stream small(3, "", video_info(48, 32));
  const Stream large(3, "", video_info(80, 64));
  File file = make_file(small.buffers());
  const File more = make_file(large.buffers(), 3 * kIntervalTicks);
  file.bytes.insert(file.bytes.end(), more.bytes.begin(), more.bytes.end());
  Parser parser;
  parser.begin_bytes();
  fail_unless_equals_int(parser.push_bytes({file.bytes.data(), file.ends[2]}), GST_FLOW_OK);
  parser.expect_field("width", "48");
  fail_unless_equals_int(parser.push_bytes({more.bytes.data(), more.bytes.size()}), GST_FLOW_OK);
  parser.expect_field("width", "80");
  parser.expect_field("height", "64");
  fail_unless_equals_int(parser.pull().size(), 6);
}
GST_END_TEST;

GST_START_TEST(b1_10_a_clean_run_is_silent) {
  const Stream stream(12, kKeys);
  const File file = make_file(stream.buffers());
  LogCounter counter("crlsc");
  parse(file.bytes, 50);
  Parser parser;
  parser.begin_packets(stream);
  parser.push_packets(stream);
  parser.end();
  fail_unless_equals_int(counter.lines(), 0);
}
GST_END_TEST;

GST_START_TEST(b5_packets_become_a_byte_stream) {
  const Stream stream(12, kKeys);
  Parser parser;
  parser.begin_packets(stream);
  parser.push_packets(stream);
  const Buffers out = parser.pull();
  fail_unless_equals_int(out.size(), 12);
  const Read read = read_all(joined(out));
  fail_unless_equals_int(read.records.size(), 12);
  fail_unless_equals_int(read.heads, 3);
  for (size_t i = 0; i < 12; ++i) {
    fail_unless(read.payloads[i] == to_bytes(stream.buffers()[i]));
    fail_unless_equals_uint64(read.records[i].time, i * kIntervalTicks);
    fail_unless_equals_int(read.records[i].duration.value_or(0), kIntervalTicks);
    fail_unless(read.records[i].key == is_key(stream.buffers()[i]));
    fail_unless(is_key(out[i]) == (i % 4 == 0));
    fail_unless(has_flag(out[i], GST_BUFFER_FLAG_HEADER) == (i % 4 == 0));
    fail_unless(!read.records[i].discontinuity);
    fail_unless_equals_uint64(GST_BUFFER_PTS(out[i]), GST_BUFFER_PTS(stream.buffers()[i]));
  }
  fail_unless(joined(out) == make_file(stream.buffers()).bytes);
  parser.expect_field("stream-format", "byte-stream");
  parser.expect_field("parsed", "true");
  parser.expect_field("width", "64");
  parser.expect_field("codec_data", "(none)");
}
GST_END_TEST;

GST_START_TEST(b5_a_byte_stream_becomes_packets) {
  const Stream stream(12, kKeys);
  const File file = make_file(stream.buffers());
  Parser parser;
  parser.begin_bytes(__i__ == 0 ? GST_FORMAT_BYTES : GST_FORMAT_TIME);
  parser.push_in_pieces(file.bytes, file.bytes.size());
  const Buffers out = parser.pull();
  expect_buffers(out, stream.buffers());
  for (size_t i = 0; i < out.size(); ++i) {
    fail_unless(has_flag(out[i], GST_BUFFER_FLAG_HEADER) == (i % 4 == 0));
    fail_unless(has_flag(out[i], GST_BUFFER_FLAG_DISCONT) == (i == 0));
    fail_unless(!has_flag(out[i], GST_BUFFER_FLAG_CORRUPTED));
  }
  GstCaps* caps = parser.source_caps();
  // The encoder's base class adds that they are progressive.
  fail_unless(gst_caps_is_subset(stream.caps(), caps), "%" GST_PTR_FORMAT, caps);
  gst_caps_unref(caps);
}
GST_END_TEST;

GST_START_TEST(b5_downstream_decides) {
  const Stream stream(3);
  const File file = make_file(stream.buffers());
  Parser packets("", kPackets);
  packets.begin_packets(stream);
  packets.push_packets(stream);
  expect_buffers(packets.pull(), stream.buffers());
  packets.expect_field("stream-format", "packetized");
  Parser bytes("", kByteStreamCaps);
  bytes.begin_bytes();
  bytes.push_in_pieces(file.bytes, 10);
  bytes.expect_field("stream-format", "byte-stream");
  fail_unless(joined(bytes.pull()) == file.bytes);
}
GST_END_TEST;

// As players' decodebin says what may follow: this parser, which takes everything, and the decoder.
GST_START_TEST(b5_packets_stay_packets_for_players) {
  const Stream stream(3);
  const char* players = "video/x-crlsc; video/x-crlsc, stream-format=packetized, alignment=au, parsed=true";
  Parser packets("", players);
  packets.begin_packets(stream);
  packets.push_packets(stream);
  packets.expect_field("stream-format", "packetized");
  Parser bytes("", players);
  bytes.begin_bytes();
  bytes.push_bytes(make_file(stream.buffers()).bytes);
  bytes.expect_field("stream-format", "packetized");
}
GST_END_TEST;

GST_START_TEST(b5_downstream_that_takes_neither_is_told) {
  const Stream stream(3);
  Parser packets("", "video/x-crlsc, width=999");
  fail_unless(!packets.accepts(stream.caps()));
  Parser bytes("", "video/x-crlsc, width=999");
  bytes.begin_bytes();
  const File file = make_file(stream.buffers());
  fail_unless_equals_int(bytes.push_bytes(file.bytes), GST_FLOW_NOT_NEGOTIATED);
}
GST_END_TEST;

GST_START_TEST(b5_restrictions_reach_upstream) {
  Parser parser("", "video/x-crlsc, stream-format=byte-stream, width=320");
  GstPad* pad = gst_element_get_static_pad(parser.element(), "sink");
  GstCaps* caps = gst_pad_query_caps(pad, nullptr);
  GstCaps* fits = gst_caps_from_string("video/x-crlsc, stream-format=packetized, width=320");
  GstCaps* other = gst_caps_from_string("video/x-crlsc, stream-format=packetized, width=160");
  fail_unless(gst_caps_can_intersect(caps, fits));
  fail_unless(!gst_caps_can_intersect(caps, other));
  for (GstCaps* used : {caps, fits, other}) gst_caps_unref(used);
  gst_object_unref(pad);
}
GST_END_TEST;

GST_START_TEST(b5_shape_and_colours_survive_a_file) {
  GstVideoInfo info = video_info();
  fail_unless(gst_video_colorimetry_from_string(&info.colorimetry, "bt709"));
  info.par_n = 12;
  info.par_d = 11;
  const Stream stream(2, "", info);
  Parser writer;
  writer.begin_packets(stream);
  writer.push_packets(stream);
  writer.expect_field("pixel-aspect-ratio", "12/11");
  Parser reader;
  reader.begin_bytes();
  reader.push_in_pieces(joined(writer.pull()), 1000);
  reader.expect_field("pixel-aspect-ratio", "12/11");
  reader.expect_field("colorimetry", "bt709");
}
GST_END_TEST;

GST_START_TEST(b5_durations_are_kept) {
  const Stream stream(4);
  for (const char* downstream : {kPackets, kByteStreamCaps}) {
    Parser sender("", downstream);
    sender.begin_packets(stream);
    for (size_t i = 0; i < 4; ++i) {
      GstBuffer* buffer = stream.copy(i);
      GST_BUFFER_DURATION(buffer) = (i + 1) * 20 * GST_MSECOND;
      fail_unless_equals_int(sender.push(buffer), GST_FLOW_OK);
    }
    Buffers out = sender.pull();
    if (downstream == kByteStreamCaps) out = parse(joined(out));
    fail_unless_equals_int(out.size(), 4);
    for (size_t i = 0; i < 4; ++i) {
      fail_unless_equals_uint64(GST_BUFFER_DURATION(out[i]), (i + 1) * 20 * GST_MSECOND);
    }
  }
}
GST_END_TEST;

// A stream that was recorded late begins at 0 all the same.
GST_START_TEST(b5_files_begin_at_time_0) {
  const Stream stream(4);
  Parser parser;
  parser.begin(stream.caps(), GST_FORMAT_TIME);
  for (size_t i = 0; i < 4; ++i) {
    GstBuffer* buffer = stream.copy(i);
    GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = 3600 * GST_SECOND + i * kInterval;
    fail_unless_equals_int(parser.push(buffer), GST_FLOW_OK);
  }
  const Read read = read_all(joined(parser.pull()));
  fail_unless_equals_int(read.records.size(), 4);
  for (size_t i = 0; i < 4; ++i) fail_unless_equals_uint64(read.records[i].time, i * kIntervalTicks);
  // A file that does not is played as if it did.
  expect_buffers(parse(make_file(stream.buffers(), uint64_t{1} << 40).bytes), stream.buffers());
}
GST_END_TEST;

GST_START_TEST(b5_heads_recur) {
  const Stream stream(100, "bitrate=100000");
  Parser parser(__i__ == 1 ? "config-interval=1" : "");
  parser.begin_packets(stream);
  parser.push_packets(stream);
  fail_unless_equals_int(read_all(joined(parser.pull())).heads, __i__ == 1 ? 10 : 3);
}
GST_END_TEST;

GST_START_TEST(b5_packets_without_codec_data) {
  const Stream stream(8, kKeys);
  GstCaps* caps = gst_caps_from_string(kPackets);
  Parser parser;
  parser.begin(caps, GST_FORMAT_TIME);
  gst_caps_unref(caps);
  // Nothing is known before the second key picture.
  for (size_t i = 1; i < 8; ++i) fail_unless_equals_int(parser.push(stream.copy(i)), GST_FLOW_OK);
  fail_unless_equals_int(parser.pull().size(), 4);
  parser.expect_field("width", "64");
}
GST_END_TEST;

GST_START_TEST(b5_gaps_survive_a_file) {
  const Stream stream(6);
  Parser writer;
  writer.begin_packets(stream);
  for (size_t i = 0; i < 6; ++i) {
    if (i != 3) {
      fail_unless_equals_int(writer.push(stream.copy(i)), GST_FLOW_OK);
      continue;
    }
    GstEvent* gap = gst_event_new_gap(3 * kInterval, kInterval);
    gst_event_set_gap_flags(gap, GST_GAP_FLAG_MISSING_DATA);
    fail_unless(writer.push(gap));
  }
  const Buffers written = writer.pull();
  fail_unless_equals_int(written.size(), 5);
  const Read read = read_all(joined(written));
  fail_unless_equals_int(read.records.size(), 6);
  fail_unless(read.records[3].kind == crlsc::ByteStreamItem::Kind::kMissing);
  Parser reader;
  reader.begin_bytes();
  reader.push_in_pieces(joined(written), 77);
  fail_unless_equals_int(reader.pull().size(), 5);
  const auto gaps = reader.gaps();
  fail_unless_equals_int(gaps.size(), 1);
  fail_unless(gaps[0].missing);
  fail_unless_equals_uint64(gaps[0].time, 3 * kInterval);
  fail_unless_equals_uint64(gaps[0].duration, kInterval);
}
GST_END_TEST;

// A depayloader knows no durations.
GST_START_TEST(b5_gaps_in_a_row_survive_a_file) {
  const Stream stream(20);
  Parser writer;
  writer.begin_packets(stream);
  for (size_t i = 0; i < 20; ++i) {
    if (i < 10 || i > 12) {
      GstBuffer* buffer = stream.copy(i);
      GST_BUFFER_DURATION(buffer) = GST_CLOCK_TIME_NONE;
      if (i == 13) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
      fail_unless_equals_int(writer.push(buffer), GST_FLOW_OK);
      continue;
    }
    GstEvent* gap = gst_event_new_gap(i * kInterval, kInterval);
    gst_event_set_gap_flags(gap, GST_GAP_FLAG_MISSING_DATA);
    fail_unless(writer.push(gap));
  }
  Parser reader;
  reader.begin_bytes();
  reader.push_in_pieces(joined(writer.pull()), 77);
  fail_unless_equals_int(reader.pull().size(), 17);
  const auto gaps = reader.gaps();
  fail_unless_equals_int(gaps.size(), 3);
  for (size_t i = 0; i < 3; ++i) fail_unless_equals_uint64(gaps[i].time, (10 + i) * kInterval);
}
GST_END_TEST;

GST_START_TEST(b5_a_discontinuity_survives_a_file) {
  const Stream stream(6);
  Parser writer;
  writer.begin_packets(stream);
  for (size_t i = 0; i < 6; ++i) {
    GstBuffer* buffer = stream.copy(i);
    if (i == 3) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    fail_unless_equals_int(writer.push(buffer), GST_FLOW_OK);
  }
  const Buffers out = parse(joined(writer.pull()));
  fail_unless_equals_int(out.size(), 6);
  for (size_t i = 1; i < 6; ++i) fail_unless(has_flag(out[i], GST_BUFFER_FLAG_DISCONT) == (i == 3));
}
GST_END_TEST;

GST_START_TEST(b5_parsed_pictures_are_the_decoders) {
  const Stream stream(12, kKeys);
  Harness whole(std::string("crlscparse ! crlscdec model=") + kModel);
  gst_harness_set_src_caps_str(whole.h(), kByteStreamCaps);
  const File file = make_file(stream.buffers());
  fail_unless_equals_int(whole.push(gst_buffer_new_memdup(file.bytes.data(), file.bytes.size())), GST_FLOW_OK);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 12);
  const Buffers found = whole.pull();
  const Buffers expected = decoder.pull();
  fail_unless_equals_int(found.size(), 12);
  for (size_t i = 0; i < 12; ++i) fail_unless(to_bytes(found[i]) == to_bytes(expected[i]));
}
GST_END_TEST;

static Suite* crlscparse_suite(void) {
  Suite* suite = suite_create("crlscparse");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b1_02_class_and_rank);
  tcase_add_test(tests, b1_06_properties_change_while_pushing);
  tcase_add_test(tests, b1_08_an_exception_while_parsing);
  tcase_add_test(tests, b1_09_flush_in_the_middle_of_a_record);
  tcase_add_test(tests, b1_09_reuse_after_ready);
  tcase_add_test(tests, b1_09_caps_change_while_running);
  tcase_add_test(tests, b1_10_a_clean_run_is_silent);
  tcase_add_test(tests, b5_packets_become_a_byte_stream);
  tcase_add_loop_test(tests, b5_a_byte_stream_becomes_packets, 0, 2);
  tcase_add_test(tests, b5_downstream_decides);
  tcase_add_test(tests, b5_packets_stay_packets_for_players);
  tcase_add_test(tests, b5_downstream_that_takes_neither_is_told);
  tcase_add_test(tests, b5_restrictions_reach_upstream);
  tcase_add_test(tests, b5_shape_and_colours_survive_a_file);
  tcase_add_test(tests, b5_durations_are_kept);
  tcase_add_test(tests, b5_files_begin_at_time_0);
  tcase_add_loop_test(tests, b5_heads_recur, 0, 2);
  tcase_add_test(tests, b5_packets_without_codec_data);
  tcase_add_test(tests, b5_gaps_survive_a_file);
  tcase_add_test(tests, b5_gaps_in_a_row_survive_a_file);
  tcase_add_test(tests, b5_a_discontinuity_survives_a_file);
  tcase_add_test(tests, b5_parsed_pictures_are_the_decoders);
  return suite;
}

GST_CHECK_MAIN(crlscparse)
