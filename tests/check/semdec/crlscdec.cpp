// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoder as an element: caps, formats, allocation, times, events, models.
#include "core/bitstream/unit.h"
#include "crlsc/caps.h"
#include "support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace

namespace {

// In dB: what the test model manages while something moves.
constexpr double kGoodLuma = 20;
constexpr double kGoodChroma = 25;

GstCaps* without_codec_data(GstCaps* caps) {
  GstCaps* out = gst_caps_copy(caps);
  gst_structure_remove_fields(gst_caps_get_structure(out, 0), "codec_data", nullptr);
  return out;
}

// Luma of each decoded picture against what was drawn.
double worst_luma(const Buffers& decoded, const GstVideoInfo& info, int first = 0) {
  double worst = 99;
  const GstVideoInfo plain = video_info(info.width, info.height);
  for (size_t i = 0; i < decoded.size(); ++i) {
    GstBuffer* original = make_frame(plain, first + static_cast<int>(i));
    worst = std::min(worst, psnr(original, plain, decoded[i], info));
    gst_buffer_unref(original);
  }
  return worst;
}

bool same_pixels(const Buffers& a, const Buffers& b) {
  bool same = a.size() == b.size();
  for (size_t i = 0; same && i < a.size(); ++i) same = to_bytes(a[i]) == to_bytes(b[i]);
  return same;
}

// A pool whose buffers have rows far apart, offered to the decoder in a harness.
class WidePool {
 public:
  explicit WidePool(const GstVideoInfo& info) : pool_(gst_video_buffer_pool_new()) {
    GstCaps* caps = gst_video_info_to_caps(&info);
    GstStructure* config = gst_buffer_pool_get_config(pool_);
    gst_buffer_pool_config_set_params(config, caps, static_cast<guint>(GST_VIDEO_INFO_SIZE(&info)) * 3, 0, 0);
    GstVideoAlignment alignment;
    gst_video_alignment_reset(&alignment);
    alignment.padding_left = 16;
    alignment.padding_right = 48;
    alignment.padding_top = 2;
    for (guint& stride : alignment.stride_align) stride = 31;
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT);
    gst_buffer_pool_config_set_video_alignment(config, &alignment);
    fail_unless(gst_buffer_pool_set_config(pool_, config));
    gst_caps_unref(caps);
  }
  ~WidePool() { gst_object_unref(pool_); }
  GstBufferPool* get() const { return pool_; }

 private:
  GstBufferPool* pool_;
};

GstPadProbeReturn offer_pool(GstPad*, GstPadProbeInfo* info, gpointer user_data) {
  GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
  if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
  auto* pool = static_cast<WidePool*>(user_data);
  GstStructure* config = gst_buffer_pool_get_config(pool->get());
  guint size = 0;
  gst_buffer_pool_config_get_params(config, nullptr, &size, nullptr, nullptr);
  gst_structure_free(config);
  gst_query_add_allocation_pool(query, pool->get(), size, 0, 0);
  gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  return GST_PAD_PROBE_HANDLED;
}

bool refuses(const char* caps_text) {
  Lone lone("crlscdec");
  lone.set_model(kModel);
  fail_unless_equals_int(lone.go(GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  GstPad* pad = gst_element_get_static_pad(lone.element(), "sink");
  GstCaps* caps = gst_caps_from_string(caps_text);
  const bool accepted = gst_pad_query_accept_caps(pad, caps);
  gst_caps_unref(caps);
  gst_object_unref(pad);
  return !accepted;
}

}  // namespace

GST_START_TEST(b1_06_properties_change_while_pushing) {
  const Stream stream(60);
  Decoder decoder(stream.caps());
  {
    Stress stress(decoder, "max-layers", 1, 4);
    decoder.push_all(stream, 0, 60);
  }
  fail_unless_equals_int(decoder.pull().size(), 60);
  fail_unless_equals_int(decoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_08_an_exception_while_decoding) {
  Folder folder;
  const std::string model = folder.model_for_backend("faulty");
  const Stream stream(3, "bitrate=500000", video_info(), model);
  Decoder decoder(stream.caps(), "", model);
  decoder.push_all(stream, 0, 1);
  const Fault fault("decode");
  fail_unless_equals_int(decoder.push(stream.copy(1)), GST_FLOW_ERROR);
  const Posted posted = decoder.pop();
  fail_unless(posted.is(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED), "%s", posted.text.c_str());
  fail_unless(posted.says("fault on demand"));
}
GST_END_TEST;

GST_START_TEST(b1_08_an_exception_in_set_format) {
  Folder folder;
  const std::string model = folder.model_for_backend("faulty");
  const Stream stream(1, "bitrate=500000", video_info(), model);
  Harness decoder("crlscdec model=" + model);
  const Fault fault("open");
  gst_harness_set_src_caps(decoder.h(), gst_caps_ref(stream.caps()));
  fail_unless(decoder.pop().is(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED));
  fail_unless(decoder.push(stream.copy(0)) != GST_FLOW_OK);
}
GST_END_TEST;

GST_START_TEST(b1_09_reuse_after_ready) {
  const Stream stream(3);
  Decoder decoder(stream.caps());
  for (int round = 0; round < 3; ++round) {
    decoder.push_all(stream, 0, 3);
    fail_unless(decoder.push(gst_event_new_eos()));
    fail_unless_equals_int(decoder.pull().size(), 3);
    fail_unless_equals_int(decoder.stat("frames"), 3);
    gst_element_set_state(decoder.element(), GST_STATE_READY);
    gst_element_set_state(decoder.element(), GST_STATE_PLAYING);
    gst_harness_play(decoder.h());
    fail_unless(decoder.push(gst_event_new_stream_start("again")));
    decoder.set_caps(stream.caps());
    decoder.start_segment();
  }
  fail_unless_equals_int(decoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_09_caps_change_while_running) {
  const Stream small(3);
  const Stream large(3, "bitrate=500000", video_info(96, 80));
  Decoder decoder(small.caps());
  decoder.push_all(small, 0, 3);
  fail_unless(worst_luma(decoder.pull(), video_info()) > kGoodLuma);
  decoder.set_caps(large.caps());
  for (size_t i = 0; i < 3; ++i) {
    GstBuffer* buffer = large.copy(i);
    GST_BUFFER_PTS(buffer) += 3 * kInterval;
    fail_unless_equals_int(decoder.push(buffer), GST_FLOW_OK);
  }
  decoder.expect_field("width", "96");
  fail_unless(worst_luma(decoder.pull(), video_info(96, 80)) > kGoodLuma);
}
GST_END_TEST;

GST_START_TEST(b1_09_the_same_caps_again_keep_the_references) {
  const Stream stream(4);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  GstCaps* caps = gst_caps_copy(stream.caps());
  gst_caps_set_simple(caps, "pixel-aspect-ratio", GST_TYPE_FRACTION, 4, 3, nullptr);
  decoder.set_caps(caps);
  gst_caps_unref(caps);
  decoder.push_all(stream, 2, 2);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 4);
  for (GstBuffer* buffer : decoded) fail_unless(!has_flag(buffer, GST_BUFFER_FLAG_CORRUPTED));
  decoder.expect_field("pixel-aspect-ratio", "4/3");
}
GST_END_TEST;

GST_START_TEST(b1_10_a_clean_run_is_silent) {
  const Stream stream(20);
  LogCounter counter("crlsc");
  LogCounter base("videodecoder");
  {
    Decoder decoder(stream.caps());
    decoder.push_all(stream, 0, 20);
    decoder.push(gst_event_new_eos());
    fail_unless_equals_int(decoder.pop(GST_MESSAGE_WARNING).domain, 0);
  }
  fail_unless_equals_int(counter.lines(), 0);
  fail_unless_equals_int(base.lines(), 0);
}
GST_END_TEST;

GST_START_TEST(b3_01_format_is_what_downstream_takes) {
  const char* formats[] = {"I420", "NV12", "YV12", "NV21"};
  const char* format = formats[__i__];
  const Stream stream(3);
  Harness decoder(std::string("crlscdec model=") + kModel);
  gst_harness_set_sink_caps_str(decoder.h(), (std::string("video/x-raw, format=") + format).c_str());
  gst_harness_set_src_caps(decoder.h(), gst_caps_ref(stream.caps()));
  for (size_t i = 0; i < 3; ++i) fail_unless_equals_int(decoder.push(stream.copy(i)), GST_FLOW_OK);
  decoder.expect_field("format", format);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 3);
  const GstVideoInfo info = video_info(64, 48, gst_video_format_from_string(format));
  fail_unless(worst_luma(decoded, info) > kGoodLuma);
  GstBuffer* original = make_frame(video_info(), 2);
  for (int c = 1; c < 3; ++c) fail_unless(psnr(original, video_info(), decoded[2], info, c) > kGoodChroma);
  gst_buffer_unref(original);
}
GST_END_TEST;

GST_START_TEST(b3_01_the_first_choice_is_i420) {
  const Stream stream(1);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  decoder.expect_field("format", "I420");
  decoder.expect_field("framerate", "10/1");
  decoder.expect_field("width", "64");
  decoder.expect_field("height", "48");
}
GST_END_TEST;

GST_START_TEST(b3_01_downstream_changes_its_mind) {
  const Stream stream(4);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  gst_harness_set_sink_caps_str(decoder.h(), "video/x-raw, format=NV12");
  decoder.push_all(stream, 2, 2);
  decoder.expect_field("format", "NV12");
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 4);
  GstBuffer* original = make_frame(video_info(), 3);
  const double chroma = psnr(original, video_info(), decoded[3], video_info(64, 48, GST_VIDEO_FORMAT_NV12), 1);
  gst_buffer_unref(original);
  fail_unless(chroma > kGoodChroma, "%f dB", chroma);
}
GST_END_TEST;

GST_START_TEST(b3_01_downstream_that_takes_nothing) {
  const Stream stream(1);
  Harness decoder(std::string("crlscdec model=") + kModel);
  gst_harness_set_sink_caps_str(decoder.h(), "video/x-raw, format=GRAY16_LE");
  gst_harness_set_src_caps(decoder.h(), gst_caps_ref(stream.caps()));
  fail_unless_equals_int(decoder.push(stream.copy(0)), GST_FLOW_NOT_NEGOTIATED);
}
GST_END_TEST;

GST_START_TEST(b3_01_only_parsed_packetized_streams) {
  fail_unless(!refuses("video/x-crlsc, stream-format=packetized, alignment=au, parsed=true"));
  fail_unless(refuses("video/x-crlsc, stream-format=packetized, alignment=au"));
  fail_unless(refuses("video/x-crlsc, stream-format=byte-stream, alignment=au, parsed=true"));
  fail_unless(refuses("video/x-crlsc, stream-format=packetized, alignment=unit, parsed=true"));
  fail_unless(refuses("video/x-h264, stream-format=packetized, alignment=au, parsed=true"));
}
GST_END_TEST;

GST_START_TEST(b3_01_without_codec_data_the_stream_says_it) {
  const Stream stream(3);
  GstCaps* caps = without_codec_data(stream.caps());
  Decoder decoder(caps);
  gst_caps_unref(caps);
  decoder.push_all(stream, 1, 1);
  fail_unless(decoder.pull().empty());
  fail_unless_equals_int(decoder.key_requests(), 1);
  decoder.push_all(stream, 0, 3);
  fail_unless_equals_int(decoder.pull().size(), 3);
}
GST_END_TEST;

// As behind a file source: the usual mistake is named.
GST_START_TEST(b3_01_no_caps_at_all) {
  Harness decoder(std::string("crlscdec model=") + kModel);
  gst_harness_play(decoder.h());
  fail_unless(decoder.push(gst_event_new_stream_start("test")));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  decoder.push(gst_event_new_segment(&segment));
  const Posted error = decoder.pop();
  fail_unless(error.is(GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION));
  fail_unless(error.says("put crlscparse in front"));
}
GST_END_TEST;

GST_START_TEST(b3_01_codec_data_that_makes_no_sense) {
  const Stream stream(1);
  GstCaps* caps = gst_caps_copy(stream.caps());
  GstBuffer* nonsense = gst_buffer_new_memdup("nonsense", 8);
  gst_caps_set_simple(caps, "codec_data", GST_TYPE_BUFFER, nonsense, nullptr);
  gst_buffer_unref(nonsense);
  Harness decoder(std::string("crlscdec model=") + kModel);
  fail_unless(!decoder.accepts(caps));
  gst_caps_unref(caps);
  fail_unless(decoder.pop().is(GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE));
}
GST_END_TEST;

GST_START_TEST(b3_01_a_header_within_the_stream_changes_the_size) {
  const Stream small(2);
  const Stream large(2, "bitrate=500000", video_info(96, 80));
  Decoder decoder(small.caps());
  decoder.push_all(small, 0, 2);
  decoder.pull();
  for (size_t i = 0; i < 2; ++i) {
    GstBuffer* buffer = large.copy(i);
    GST_BUFFER_PTS(buffer) += 2 * kInterval;
    fail_unless_equals_int(decoder.push(buffer), GST_FLOW_OK);
  }
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 2);
  decoder.expect_field("width", "96");
  fail_unless(worst_luma(decoded, video_info(96, 80)) > kGoodLuma);
}
GST_END_TEST;

GST_START_TEST(b3_04_another_model_in_the_caps) {
  const Stream stream(1);
  Harness decoder(std::string("crlscdec model=") + kOtherModel);
  fail_unless(!decoder.accepts(stream.caps()));
  const Posted posted = decoder.pop();
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
  for (const char* name : {kModel, kOtherModel}) {
    fail_unless(posted.says(crlsc::to_hex(crlsc::ModelFile(crlsc::find_model(name)).id())), "%s", posted.text.c_str());
  }
  fail_unless(posted.says("`model`"), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b3_04_another_model_named_by_the_caps_alone) {
  const Stream stream(1);
  GstCaps* caps = without_codec_data(stream.caps());
  Harness decoder(std::string("crlscdec model=") + kOtherModel);
  fail_unless(!decoder.accepts(caps));
  gst_caps_unref(caps);
  fail_unless(decoder.pop().is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE));
}
GST_END_TEST;

GST_START_TEST(b3_04_without_a_model_that_of_the_caps) {
  Folder folder;
  folder.changed_model("default.safetensors", [](std::string&) {});
  const std::string before = g_getenv("CRLSC_MODEL_PATH");
  g_setenv("CRLSC_MODEL_PATH", (folder.path() + ":" + before).c_str(), TRUE);
  Harness decoder("crlscdec");
  for (const char* name : {kOtherModel, kModel, kOtherModel}) {
    const Stream stream(2, "", video_info(), name);
    gst_harness_set_src_caps(decoder.h(), gst_caps_ref(stream.caps()));
    for (size_t i = 0; i < 2; ++i) fail_unless_equals_int(decoder.push(stream.copy(i)), GST_FLOW_OK);
    const Buffers decoded = decoder.pull();
    fail_unless_equals_int(decoded.size(), 2);
    fail_unless(worst_luma(decoded, video_info()) > kGoodLuma, "%s", name);
  }
  g_setenv("CRLSC_MODEL_PATH", before.c_str(), TRUE);
}
GST_END_TEST;

// Once there is a stream, such a header is damage: see crlscdec_headers.cpp.
GST_START_TEST(b3_04_another_model_within_the_stream) {
  const Stream other(1, "", video_info(), kOtherModel);
  Harness decoder(std::string("crlscdec model=") + kModel);
  gst_harness_set_src_caps_str(decoder.h(), GST_CRLSC_CAPS);
  fail_unless_equals_int(decoder.push(other.copy(0)), GST_FLOW_ERROR);
  const Posted posted = decoder.pop();
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b3_05_pool_of_downstream) {
  const GstVideoInfo info = video_info(50, 38);
  const Stream stream(4, "bitrate=300000", info);
  Decoder usual(stream.caps());
  usual.push_all(stream, 0, 4);
  const Buffers expected = usual.pull();

  WidePool pool(info);
  Harness decoder(std::string("crlscdec model=") + kModel);
  gst_pad_add_probe(decoder.h()->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, offer_pool, &pool, nullptr);
  gst_harness_set_src_caps(decoder.h(), gst_caps_ref(stream.caps()));
  for (size_t i = 0; i < 4; ++i) fail_unless_equals_int(decoder.push(stream.copy(i)), GST_FLOW_OK);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 4);
  for (size_t i = 0; i < 4; ++i) {
    fail_unless(decoded[i]->pool == pool.get());
    const GstVideoMeta* meta = gst_buffer_get_video_meta(decoded[i]);
    fail_unless(meta != nullptr && meta->stride[0] > 64);
    for (int c = 0; c < 3; ++c) fail_unless(psnr(expected[i], info, decoded[i], info, c) > 98);
  }
}
GST_END_TEST;

GST_START_TEST(b3_05_without_video_meta_frames_are_as_usual) {
  const GstVideoInfo info = video_info(50, 38);
  const Stream stream(1, "bitrate=300000", info);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 1);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(gst_buffer_get_size(decoded[0]), GST_VIDEO_INFO_SIZE(&info));
}
GST_END_TEST;

GST_START_TEST(b3_06_end_of_stream_drains) {
  const Stream stream(5);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 5);
  fail_unless_equals_int(decoder.pull().size(), 5);
  fail_unless(decoder.push(gst_event_new_eos()));
  fail_unless(decoder.pull().empty());
  fail_unless_equals_int(decoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b3_06_flush_needs_a_key_picture_again) {
  const Stream stream(6, "bitrate=500000 gop-size=4");
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  decoder.pull();
  decoder.flush();
  fail_unless_equals_int(decoder.key_requests(), 0);
  decoder.push_all(stream, 2, 2);
  fail_unless(decoder.pull().empty());
  fail_unless_equals_int(decoder.key_requests(), 1);
  decoder.push_all(stream, 4, 2);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 2);
  fail_unless_equals_uint64(GST_BUFFER_PTS(decoded[0]), 4 * kInterval);
  fail_unless(!has_flag(decoded[0], GST_BUFFER_FLAG_CORRUPTED));
}
GST_END_TEST;

GST_START_TEST(b3_06_drains_and_segments_keep_the_references) {
  const Stream stream(6);
  Decoder plain(stream.caps());
  plain.push_all(stream, 0, 6);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  fail_unless(decoder.push(gst_event_new_segment_done(GST_FORMAT_TIME, static_cast<gint64>(2 * kInterval))));
  decoder.push_all(stream, 2, 2);
  decoder.start_segment();
  decoder.push_all(stream, 4, 2);
  fail_unless(same_pixels(plain.pull(), decoder.pull()));
}
GST_END_TEST;

GST_START_TEST(b3_06_times_are_kept) {
  const Stream stream(5);
  Decoder decoder(stream.caps());
  const GstClockTime times[] = {0, 100000001, 133333333, 400000000, 5 * GST_SECOND};
  for (size_t i = 0; i < 5; ++i) {
    GstBuffer* buffer = stream.copy(i);
    GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = times[i];
    GST_BUFFER_DURATION(buffer) = 1000 + i;
    fail_unless_equals_int(decoder.push(buffer), GST_FLOW_OK);
  }
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 5);
  for (size_t i = 0; i < 5; ++i) {
    fail_unless_equals_uint64(GST_BUFFER_PTS(decoded[i]), times[i]);
    fail_unless_equals_uint64(GST_BUFFER_DURATION(decoded[i]), 1000 + i);
  }
}
GST_END_TEST;

GST_START_TEST(b3_09_reverse_playback) {
  const Stream stream(8, "bitrate=500000 gop-size=4");
  Decoder forwards(stream.caps());
  forwards.push_all(stream, 0, 8);
  const Buffers expected = forwards.pull();
  Decoder decoder(stream.caps());
  decoder.start_segment(0, -1);
  // Groups come last first, each in the order of decoding.
  for (const size_t begin : {4U, 0U}) {
    for (size_t i = begin; i < begin + 4; ++i) {
      GstBuffer* buffer = stream.copy(i);
      if (i == begin) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
      fail_unless_equals_int(decoder.push(buffer), GST_FLOW_OK);
    }
  }
  decoder.push(gst_event_new_eos());
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 8);
  for (size_t i = 0; i < 8; ++i) fail_unless(to_bytes(decoded[i]) == to_bytes(expected[7 - i]), "picture %u", (guint)i);
}
GST_END_TEST;

GST_START_TEST(max_layers_trade_quality) {
  const GstVideoInfo info = video_info(96, 80);
  const Stream stream(1, "bitrate=3000000", info);
  double before = 0;
  for (int layers = 1; layers <= 3; ++layers) {
    Decoder decoder(stream.caps(), "max-layers=" + std::to_string(layers));
    decoder.push_all(stream, 0, 1);
    const Buffers decoded = decoder.pull();
    const double now = worst_luma(decoded, info);
    fail_unless(now > before, "%d layers: %f dB after %f dB", layers, now, before);
    fail_unless(!has_flag(decoded[0], GST_BUFFER_FLAG_CORRUPTED), "what was left out on purpose is no damage");
    before = now;
  }
}
GST_END_TEST;

GST_START_TEST(latency_is_bounded) {
  const Stream stream(1);
  Decoder decoder(stream.caps());
  gst_harness_set_upstream_latency(decoder.h(), 0);
  fail_unless_equals_uint64(gst_harness_query_latency(decoder.h()), 50 * GST_MSECOND);
  GstVideoInfo info = video_info();
  info.fps_n = 50;
  const Stream fast(1, "", info);
  decoder.set_caps(fast.caps());
  fail_unless_equals_uint64(gst_harness_query_latency(decoder.h()), 20 * GST_MSECOND);
}
GST_END_TEST;

GST_START_TEST(stats_count_what_was_decoded) {
  const Stream stream(10, "bitrate=500000 gop-size=5");
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 10);
  fail_unless_equals_int(decoder.stat("frames"), 10);
  fail_unless_equals_int(decoder.stat("key-frames"), 2);
  fail_unless_equals_int(decoder.stat("bytes"), stream.buffers().bytes());
  for (const char* name : {"corrupted", "concealed", "errors", "discarded", "hurried", "key-requests"}) {
    fail_unless_equals_int(decoder.stat(name), 0);
  }
  GstStructure* stats = nullptr;
  g_object_get(decoder.element(), "stats", &stats, nullptr);
  gdouble middle = 0;
  gdouble worst = 0;
  fail_unless(gst_structure_get(stats, "decode-ms-p50", G_TYPE_DOUBLE, &middle, "decode-ms-p99", G_TYPE_DOUBLE, &worst,
                                nullptr));
  fail_unless(middle > 0 && worst >= middle);
  gst_structure_free(stats);
}
GST_END_TEST;

static Suite* crlscdec_suite(void) {
  Suite* suite = suite_create("crlscdec");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b1_06_properties_change_while_pushing);
  tcase_add_test(tests, b1_08_an_exception_while_decoding);
  tcase_add_test(tests, b1_08_an_exception_in_set_format);
  tcase_add_test(tests, b1_09_reuse_after_ready);
  tcase_add_test(tests, b1_09_caps_change_while_running);
  tcase_add_test(tests, b1_09_the_same_caps_again_keep_the_references);
  tcase_add_test(tests, b1_10_a_clean_run_is_silent);
  tcase_add_loop_test(tests, b3_01_format_is_what_downstream_takes, 0, 4);
  tcase_add_test(tests, b3_01_the_first_choice_is_i420);
  tcase_add_test(tests, b3_01_downstream_changes_its_mind);
  tcase_add_test(tests, b3_01_downstream_that_takes_nothing);
  tcase_add_test(tests, b3_01_only_parsed_packetized_streams);
  tcase_add_test(tests, b3_01_without_codec_data_the_stream_says_it);
  tcase_add_test(tests, b3_01_no_caps_at_all);
  tcase_add_test(tests, b3_01_codec_data_that_makes_no_sense);
  tcase_add_test(tests, b3_01_a_header_within_the_stream_changes_the_size);
  tcase_add_test(tests, b3_04_another_model_in_the_caps);
  tcase_add_test(tests, b3_04_another_model_named_by_the_caps_alone);
  tcase_add_test(tests, b3_04_without_a_model_that_of_the_caps);
  tcase_add_test(tests, b3_04_another_model_within_the_stream);
  tcase_add_test(tests, b3_05_pool_of_downstream);
  tcase_add_test(tests, b3_05_without_video_meta_frames_are_as_usual);
  tcase_add_test(tests, b3_06_end_of_stream_drains);
  tcase_add_test(tests, b3_06_flush_needs_a_key_picture_again);
  tcase_add_test(tests, b3_06_drains_and_segments_keep_the_references);
  tcase_add_test(tests, b3_06_times_are_kept);
  tcase_add_test(tests, b3_09_reverse_playback);
  tcase_add_test(tests, max_layers_trade_quality);
  tcase_add_test(tests, latency_is_bounded);
  tcase_add_test(tests, stats_count_what_was_decoded);
  return suite;
}

GST_CHECK_MAIN(crlscdec)
