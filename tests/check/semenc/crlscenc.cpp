// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder as an element: input, caps, times, events, errors.
#include "core/bitstream/unit.h"
#include "crlsc/caps.h"
#include "support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace

namespace {

// A frame whose rows lie `padding` bytes further apart than usual, behind an offset.
GstBuffer* make_padded_frame(const GstVideoInfo& info, int index, int padding) {
  GstVideoInfo padded = info;
  gsize offset = 24;
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(&info); ++p) {
    padded.stride[p] = info.stride[p] + padding;
    padded.offset[p] = offset;
    offset += static_cast<gsize>(padded.stride[p]) *
                  static_cast<gsize>(GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT(info.finfo, p, info.height)) +
              7;
  }
  padded.size = offset;
  GstBuffer* buffer = make_frame(padded, index);
  gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                 static_cast<guint>(info.width), static_cast<guint>(info.height),
                                 GST_VIDEO_INFO_N_PLANES(&info), padded.offset, padded.stride);
  return buffer;
}

crlsc::StreamCaps parsed_caps(Harness& harness) {
  GstCaps* caps = harness.source_caps();
  fail_unless(caps != nullptr);
  const crlsc::StreamCaps parsed = crlsc::parse_caps(caps);
  gst_caps_unref(caps);
  return parsed;
}

// How well the first picture survives when it comes in as `info` says.
double quality(const GstVideoInfo& info, int component) {
  const Stream stream(1, "bitrate=10000000", info);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 1);
  const GstVideoInfo plain = video_info(info.width, info.height);
  GstBuffer* original = make_frame(plain, 0);
  const double result = psnr(original, plain, decoded[0], plain, component);
  gst_buffer_unref(original);
  return result;
}

bool refuses(GstCaps* caps) {
  Lone lone("crlscenc");
  lone.set_model(kModel);
  fail_unless_equals_int(lone.go(GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  GstPad* pad = gst_element_get_static_pad(lone.element(), "sink");
  const bool accepted = gst_pad_query_accept_caps(pad, caps);
  gst_object_unref(pad);
  gst_caps_unref(caps);
  return !accepted;
}

GstCaps* raw_caps(const char* rest) {
  return gst_caps_from_string((std::string("video/x-raw, format=I420, framerate=10/1, ") + rest).c_str());
}

}  // namespace

GST_START_TEST(b1_06_properties_change_while_pushing) {
  Encoder encoder;
  {
    Stress stress(encoder, "bitrate", 10000, 200000);
    encoder.push_pictures(0, 100);
  }
  fail_unless_equals_int(encoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_08_an_exception_in_set_format) {
  Folder folder;
  const std::string model = folder.model_for_backend("faulty");
  Harness encoder("crlscenc model=" + model);
  const Fault fault("open");
  const GstVideoInfo info = video_info();
  gst_harness_set_src_caps(encoder.h(), gst_video_info_to_caps(&info));
  const Posted posted = encoder.pop();
  fail_unless(posted.is(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED), "%s", posted.text.c_str());
  fail_unless(encoder.push(make_frame(info, 0)) != GST_FLOW_OK);
}
GST_END_TEST;

GST_START_TEST(b1_09_flush_makes_a_key_picture) {
  Encoder encoder;
  encoder.push_pictures(0, 3);
  encoder.flush();
  encoder.pull();
  encoder.push_pictures(0, 2);
  const Buffers out = encoder.pull();
  fail_unless_equals_int(out.size(), 2);
  fail_unless(is_key(out[0]));
  fail_unless(!is_key(out[1]));
}
GST_END_TEST;

GST_START_TEST(b1_09_end_of_stream) {
  Encoder encoder;
  encoder.push_pictures(0, 3);
  fail_unless(encoder.push(gst_event_new_eos()));
  fail_unless_equals_int(encoder.pull().size(), 3);
  bool ended = false;
  while (GstEvent* event = gst_harness_try_pull_event(encoder.h())) {
    ended |= GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    gst_event_unref(event);
  }
  fail_unless(ended);
}
GST_END_TEST;

GST_START_TEST(b1_09_segment_without_flush_goes_on) {
  Encoder encoder;
  encoder.push_pictures(0, 3);
  encoder.start_segment(10 * GST_SECOND);
  fail_unless_equals_int(encoder.push(make_frame(encoder.info(), 3, 10 * GST_SECOND)), GST_FLOW_OK);
  const Buffers out = encoder.pull();
  fail_unless_equals_int(out.size(), 4);
  fail_unless(!is_key(out[3]));
  fail_unless(GST_BUFFER_PTS(out[3]) == 10 * GST_SECOND);
}
GST_END_TEST;

GST_START_TEST(b1_09_caps_change_while_running) {
  Encoder encoder;
  encoder.push_pictures(0, 2);
  encoder.set_caps(video_info(80, 32));
  encoder.push_pictures(2, 2);
  const Buffers out = encoder.pull();
  fail_unless_equals_int(out.size(), 4);
  fail_unless(is_key(out[2]));
  fail_unless(!is_key(out[3]));
  fail_unless_equals_int(parsed_caps(encoder).header->width, 80);
  fail_unless_equals_int(parsed_caps(encoder).header->height, 32);
}
GST_END_TEST;

GST_START_TEST(b1_09_reuse_after_ready) {
  Encoder encoder;
  for (int round = 0; round < 3; ++round) {
    encoder.push_pictures(0, 3);
    fail_unless(encoder.push(gst_event_new_eos()));
    const Buffers out = encoder.pull();
    fail_unless_equals_int(out.size(), 3);
    fail_unless(is_key(out[0]));
    fail_unless_equals_int(encoder.stat("frames"), 3);
    gst_element_set_state(encoder.element(), GST_STATE_READY);
    gst_element_set_state(encoder.element(), GST_STATE_PLAYING);
    gst_harness_play(encoder.h());
    fail_unless(encoder.push(gst_event_new_stream_start("again")));
    encoder.set_caps(video_info());
    encoder.start_segment();
  }
}
GST_END_TEST;

GST_START_TEST(b1_09_no_frames_at_all) {
  Encoder encoder;
  fail_unless(encoder.push(gst_event_new_eos()));
  fail_unless(encoder.pull().empty());
  fail_unless_equals_int(encoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_10_a_clean_run_is_silent) {
  LogCounter counter("crlsc");
  {
    Encoder encoder;
    encoder.push_pictures(0, 20);
    encoder.request_key();
    encoder.push_pictures(20, 5);
    encoder.push(gst_event_new_eos());
    fail_unless_equals_int(encoder.pop(GST_MESSAGE_WARNING).domain, 0);
  }
  fail_unless_equals_int(counter.lines(), 0);
}
GST_END_TEST;

GST_START_TEST(b2_01_caps_are_there_before_the_first_buffer) {
  Encoder encoder("", video_info(130, 70));
  const crlsc::StreamCaps caps = parsed_caps(encoder);
  fail_unless(encoder.pull().empty());
  encoder.expect_field("stream-format", "packetized");
  encoder.expect_field("alignment", "au");
  encoder.expect_field("parsed", "true");
  encoder.expect_field("width", "130");
  encoder.expect_field("height", "70");
  encoder.expect_field("framerate", "10/1");
  fail_unless(caps.header && caps.header->width == 130 && caps.header->height == 70);
  fail_unless_equals_int(caps.header->framerate_num, 10);
}
GST_END_TEST;

GST_START_TEST(b2_01_caps_name_the_model) {
  Encoder encoder;
  const crlsc::ModelFile file(crlsc::find_model(kModel));
  encoder.expect_field("model", crlsc::to_hex(file.id()));
  fail_unless(parsed_caps(encoder).header->model_id == file.id());
  fail_unless_equals_int(parsed_caps(encoder).header->layers, file.layout().layers());
}
GST_END_TEST;

GST_START_TEST(b2_01_downstream_that_refuses_is_told) {
  Harness encoder(std::string("crlscenc model=") + kModel);
  gst_harness_set_sink_caps_str(encoder.h(), "video/x-crlsc, stream-format=packetized, alignment=au, width=999");
  const GstVideoInfo info = video_info();
  GstCaps* caps = gst_video_info_to_caps(&info);
  const bool accepted = encoder.accepts(caps);
  gst_caps_unref(caps);
  fail_unless(!accepted);
}
GST_END_TEST;

GST_START_TEST(b2_05_times_are_kept) {
  Encoder encoder("bitrate=1000000");
  const GstClockTime times[] = {0, 100000001, 133333333, 400000000, 400000001, 5 * GST_SECOND};
  for (size_t i = 0; i < G_N_ELEMENTS(times); ++i) {
    GstBuffer* frame = make_frame(encoder.info(), static_cast<int>(i), times[i]);
    GST_BUFFER_DURATION(frame) = 1000 + i;
    fail_unless_equals_int(encoder.push(frame), GST_FLOW_OK);
  }
  const Buffers out = encoder.pull();
  fail_unless_equals_int(out.size(), G_N_ELEMENTS(times));
  for (size_t i = 0; i < out.size(); ++i) {
    fail_unless_equals_uint64(GST_BUFFER_PTS(out[i]), times[i]);
    fail_unless_equals_uint64(GST_BUFFER_DTS(out[i]), times[i]);
    fail_unless_equals_uint64(GST_BUFFER_DURATION(out[i]), 1000 + i);
  }
}
GST_END_TEST;

GST_START_TEST(b2_06_strides_and_offsets) {
  const GstVideoFormat formats[] = {GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_YV12,
                                    GST_VIDEO_FORMAT_NV21};
  const GstVideoInfo info = video_info(50, 38, formats[__i__]);
  Encoder tight("", info);
  Encoder padded("", info);
  for (int i = 0; i < 4; ++i) {
    fail_unless_equals_int(tight.push_picture(i), GST_FLOW_OK);
    fail_unless_equals_int(padded.push(make_padded_frame(info, i, 13)), GST_FLOW_OK);
  }
  const Buffers a = tight.pull();
  const Buffers b = padded.pull();
  fail_unless_equals_int(a.size(), 4);
  fail_unless_equals_int(b.size(), 4);
  for (size_t i = 0; i < 4; ++i) fail_unless(to_bytes(a[i]) == to_bytes(b[i]));
}
GST_END_TEST;

GST_START_TEST(b2_06_video_meta_is_proposed) {
  Encoder encoder;
  GstPad* pad = gst_element_get_static_pad(encoder.element(), "sink");
  GstCaps* caps = gst_pad_get_current_caps(pad);
  GstQuery* query = gst_query_new_allocation(caps, TRUE);
  fail_unless(gst_pad_query(pad, query));
  fail_unless(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr));
  fail_unless_equals_int(gst_query_get_n_allocation_metas(query), 1);
  gst_query_unref(query);
  gst_caps_unref(caps);
  gst_object_unref(pad);
}
GST_END_TEST;

GST_START_TEST(b2_06_formats_of_yuv) {
  const GstVideoFormat formats[] = {GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_YV12, GST_VIDEO_FORMAT_NV12,
                                    GST_VIDEO_FORMAT_NV21};
  const GstVideoInfo reference = video_info();
  const Stream expected(3, "bitrate=100000", reference);
  const Stream stream(3, "bitrate=100000", video_info(64, 48, formats[__i__]));
  for (size_t i = 0; i < 3; ++i) fail_unless(to_bytes(stream.buffers()[i]) == to_bytes(expected.buffers()[i]));
}
GST_END_TEST;

GST_START_TEST(b2_06_formats_of_rgb) {
  const GstVideoFormat formats[] = {GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_BGR, GST_VIDEO_FORMAT_RGBx,
                                    GST_VIDEO_FORMAT_BGRx};
  const GstVideoInfo info = video_info(64, 48, formats[__i__]);
  const double luma = quality(info, 0);
  fail_unless(luma > 28, "%f dB", luma);
  for (int c = 1; c < 3; ++c) {
    const double chroma = quality(info, c);
    fail_unless(chroma > 28, "component %d: %f dB", c, chroma);
  }
}
GST_END_TEST;

GST_START_TEST(b2_06_grey_input) {
  const Stream stream(1, "bitrate=10000000", video_info(64, 48, GST_VIDEO_FORMAT_GRAY8));
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  const Buffers decoded = decoder.pull();
  const GstVideoInfo info = video_info();
  GstVideoFrame frame;
  fail_unless(gst_video_frame_map(&frame, &info, decoded[0], GST_MAP_READ));
  const auto* u = static_cast<const uint8_t*>(GST_VIDEO_FRAME_COMP_DATA(&frame, 1));
  fail_unless(std::abs(u[0] - 128) < 6, "%d", u[0]);
  gst_video_frame_unmap(&frame);
}
GST_END_TEST;

GST_START_TEST(b2_07_sizes) {
  const int sizes[][2] = {{16, 16}, {17, 17}, {33, 31}, {16, 1088}, {1920, 16}, {319, 239}, {1920, 1088}};
  const GstVideoInfo info = video_info(sizes[__i__][0], sizes[__i__][1]);
  const Stream stream(1, "bitrate=10000000", info);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 1);
  GstBuffer* original = make_frame(info, 0);
  const double luma = psnr(original, info, decoded[0], info);
  gst_buffer_unref(original);
  fail_unless(luma > 25, "%f dB", luma);
}
GST_END_TEST;

GST_START_TEST(b2_07_odd_sizes_in_every_format) {
  const char* formats[] = {"I420", "YV12", "NV12", "NV21", "RGB", "BGR", "RGBx", "BGRx", "GRAY8"};
  const GstVideoInfo info = video_info(45, 27, gst_video_format_from_string(formats[__i__]));
  Encoder encoder("", info);
  encoder.push_pictures(0, 2);
  fail_unless_equals_int(encoder.pull().size(), 2);
}
GST_END_TEST;

GST_START_TEST(b2_07_impossible_sizes_are_refused) {
  fail_unless(!refuses(raw_caps("width=16, height=16")));
  fail_unless(!refuses(raw_caps("width=1920, height=1088")));
  fail_unless(refuses(raw_caps("width=15, height=16")));
  fail_unless(refuses(raw_caps("width=16, height=15")));
  fail_unless(refuses(raw_caps("width=1921, height=1088")));
  fail_unless(refuses(raw_caps("width=1920, height=1089")));
  fail_unless(refuses(raw_caps("width=100000, height=100000")));
}
GST_END_TEST;

GST_START_TEST(b2_12_interlaced_video_is_refused) {
  fail_unless(!refuses(raw_caps("width=64, height=48, interlace-mode=progressive")));
  fail_unless(refuses(raw_caps("width=64, height=48, interlace-mode=interleaved")));
  fail_unless(refuses(raw_caps("width=64, height=48, interlace-mode=mixed")));
}
GST_END_TEST;

GST_START_TEST(b2_12_colorimetry_and_shape_are_kept) {
  GstVideoInfo info = video_info();
  fail_unless(gst_video_colorimetry_from_string(&info.colorimetry, "bt709"));
  info.chroma_site = GST_VIDEO_CHROMA_SITE_JPEG;
  info.par_n = 12;
  info.par_d = 11;
  Encoder encoder("", info);
  encoder.expect_field("colorimetry", "bt709");
  encoder.expect_field("chroma-site", "jpeg");
  encoder.expect_field("pixel-aspect-ratio", "12/11");
  fail_unless_equals_int(parsed_caps(encoder).header->colorimetry.matrix, 1);
  const Stream stream(1, "", info);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  decoder.expect_field("colorimetry", "bt709");
  decoder.expect_field("chroma-site", "jpeg");
  decoder.expect_field("pixel-aspect-ratio", "12/11");
}
GST_END_TEST;

GST_START_TEST(b2_12_rgb_is_described_as_it_is_coded) {
  Encoder encoder("", video_info(64, 48, GST_VIDEO_FORMAT_RGB));
  encoder.expect_field("colorimetry", "bt601");
}
GST_END_TEST;

static Suite* crlscenc_suite(void) {
  Suite* suite = suite_create("crlscenc");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b1_06_properties_change_while_pushing);
  tcase_add_test(tests, b1_08_an_exception_in_set_format);
  tcase_add_test(tests, b1_09_flush_makes_a_key_picture);
  tcase_add_test(tests, b1_09_end_of_stream);
  tcase_add_test(tests, b1_09_segment_without_flush_goes_on);
  tcase_add_test(tests, b1_09_caps_change_while_running);
  tcase_add_test(tests, b1_09_reuse_after_ready);
  tcase_add_test(tests, b1_09_no_frames_at_all);
  tcase_add_test(tests, b1_10_a_clean_run_is_silent);
  tcase_add_test(tests, b2_01_caps_are_there_before_the_first_buffer);
  tcase_add_test(tests, b2_01_caps_name_the_model);
  tcase_add_test(tests, b2_01_downstream_that_refuses_is_told);
  tcase_add_test(tests, b2_05_times_are_kept);
  tcase_add_loop_test(tests, b2_06_strides_and_offsets, 0, 4);
  tcase_add_test(tests, b2_06_video_meta_is_proposed);
  tcase_add_loop_test(tests, b2_06_formats_of_yuv, 0, 4);
  tcase_add_loop_test(tests, b2_06_formats_of_rgb, 0, 4);
  tcase_add_test(tests, b2_06_grey_input);
  tcase_add_loop_test(tests, b2_07_sizes, 0, 7);
  tcase_add_loop_test(tests, b2_07_odd_sizes_in_every_format, 0, 9);
  tcase_add_test(tests, b2_07_impossible_sizes_are_refused);
  tcase_add_test(tests, b2_12_interlaced_video_is_refused);
  tcase_add_test(tests, b2_12_colorimetry_and_shape_are_kept);
  tcase_add_test(tests, b2_12_rgb_is_described_as_it_is_coded);
  return suite;
}

GST_CHECK_MAIN(crlscenc)
