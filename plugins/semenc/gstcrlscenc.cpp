// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-crlscenc
 * @title: crlscenc
 * @short_description: encodes video as CRLSC semantic tokens
 *
 * Encodes raw video into the tokens of a trained network, made for 5 to 100 kbit/s. The first picture is a key picture;
 * after it, cells are refreshed in turn, so that receivers heal from losses without further ones. Key pictures come
 * when downstream asks for one (GstForceKeyUnit; from the second on, at most one in 500 ms), after a flush, and every
 * #GstCrlscEnc:gop-size frames. When crlscdec tells downstream's losses (GstCrlscLoss), just the cells that show them
 * are refreshed.
 *
 * The bit rate is a ceiling for all layers together: detail gives way first, then whole frames are left out.
 *
 * The model is loaded when going from NULL to READY; elements of a process share it.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! video/x-raw,width=320,height=240,framerate=10/1 ! crlscenc
 * bitrate=20000 ! crlscdec ! videoconvert ! fakesink
 * ]| Encodes and decodes a test picture.
 *
 * Since: 0.1
 */
#include "gstcrlscenc.h"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core/codec/encoder.h"
#include "crlsc/caps.h"
#include "crlsc/guard.h"
#include "crlsc/loss_event.h"
#include "crlsc/model_settings.h"
#include "crlsc/time_window.h"
#include "input_reader.h"

GST_DEBUG_CATEGORY_STATIC(crlscenc_debug);
#define GST_CAT_DEFAULT crlscenc_debug
GST_DEBUG_CATEGORY_STATIC(performance_debug);

namespace {

using crlsc::EncodedPicture;
using crlsc::Error;
using crlsc::ErrorKind;

constexpr guint kDefaultBitrate = 20000;
constexpr guint kMinBitrate = 1000;
constexpr guint kMaxBitrate = 10000000;
constexpr guint kDefaultGopSize = 0;
constexpr double kFallbackInterval = 1.0 / 25;  // seconds between frames, if nothing says
constexpr int kMaxFailures = 10;                // in a row, before they are an error
constexpr int kHopeless = 2;                    // frame intervals too late for even the base layer
constexpr size_t kMostLosses = 64;              // that are kept from one frame to the next
constexpr GstClockTime kRequestPause = 500 * GST_MSECOND;

enum { kPropModel = 1, kPropThreads, kPropBitrate, kPropLayers, kPropGopSize, kPropStats };

struct Settings {
  crlsc::ModelSettings model;
  guint bitrate = kDefaultBitrate;
  guint layers = crlsc::kMaxLayers;
  guint gop_size = kDefaultGopSize;
};

struct Counters {
  guint64 frames = 0;   // put out
  guint64 dropped = 0;  // for the sake of the bit rate
  guint64 skipped = 0;  // too late
  guint64 failed = 0;
  guint64 hurried = 0;  // put out with the base layer only, to catch up
  guint64 key_frames = 0;
  guint64 losses = 0;  // that receivers told
  guint64 complete_frames = 0;
  guint64 bytes = 0;
  std::array<guint64, crlsc::kMaxLayers> layer_bytes{};
  double lambda = 0;
  crlsc::TimeWindow encode_times;
};

struct Impl {
  // Under the object lock.
  Settings settings;
  Counters counters;
  std::vector<crlsc::PictureLoss> losses;  // told since the last frame

  // Changed while no data flows only.
  crlsc::ModelSlot model;

  // Streaming thread only.
  GstVideoInfo input;
  std::unique_ptr<crlsc::InputReader> reader;
  std::unique_ptr<crlsc::Encoder> encoder;
  double interval = kFallbackInterval;          // seconds
  GstClockTime last_pts = GST_CLOCK_TIME_NONE;  // of the frame that the encoder saw last
  guint frames_since_key = 0;
  bool started = false;
  bool key_owed = false;                           // and not put out yet
  bool key_requested = false;                      // by others; becomes owed when it may
  GstClockTime last_answer = GST_CLOCK_TIME_NONE;  // of the last key picture that was requested
  int failures = 0;                                // in a row
};

enum class Pace { kAllLayers, kBaseLayer, kSkip };

}  // namespace

struct _GstCrlscEnc {
  GstVideoEncoder parent;
  Impl impl;
};

G_DEFINE_TYPE(GstCrlscEnc, gst_crlsc_enc, GST_TYPE_VIDEO_ENCODER)
GST_ELEMENT_REGISTER_DEFINE(crlscenc, "crlscenc", GST_RANK_PRIMARY, GST_TYPE_CRLSC_ENC)

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS("video/x-raw, "
                                            "format=(string){ I420, YV12, NV12, NV21, RGB, BGR, RGBx, BGRx, GRAY8 }, "
                                            "width=(int)[ 16, 1920 ], height=(int)[ 16, 1088 ], "
                                            "framerate=(fraction)[ 0, max ], interlace-mode=(string)progressive"));

GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS(GST_CRLSC_CAPS ", width=(int)[ 16, 1920 ], height=(int)[ 16, 1088 ], "
                                                           "framerate=(fraction)[ 0, max ]"));

Settings get_settings(GstCrlscEnc* self) {
  GST_OBJECT_LOCK(self);
  const Settings settings = self->impl.settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

template <class Change>
void count(GstCrlscEnc* self, Change change) {
  GST_OBJECT_LOCK(self);
  change(self->impl.counters);
  GST_OBJECT_UNLOCK(self);
}

// Format

void set_source_caps(GstCrlscEnc* self, GstVideoCodecState* input) {
  const crlsc::SequenceHeader& header = self->impl.encoder->sequence_header();
  const crlsc::PixelAspectRatio shape{input->info.par_n, input->info.par_d};
  GstVideoCodecState* output =
      gst_video_encoder_set_output_state(GST_VIDEO_ENCODER(self), crlsc::make_caps(header, shape), input);
  // The base class writes these into the caps; those of RGB input are not what is coded.
  const GstVideoInfo coded = crlsc::make_video_info(header, shape);
  output->info.colorimetry = coded.colorimetry;
  output->info.chroma_site = coded.chroma_site;
  gst_video_codec_state_unref(output);
}

gboolean set_format(GstVideoEncoder* base, GstVideoCodecState* state) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    GstCrlscEnc* self = GST_CRLSC_ENC(base);
    Impl& impl = self->impl;
    impl.encoder.reset();
    impl.reader.reset();
    crlsc::EncoderConfig config;
    config.sequence = crlsc::make_sequence_header(state->info, impl.model.get()->file.id(), crlsc::kMaxLayers);
    config.bitrate = static_cast<int>(get_settings(self).bitrate);
    impl.input = state->info;
    impl.encoder = std::make_unique<crlsc::Encoder>(impl.model.get(), config);
    impl.reader = std::make_unique<crlsc::InputReader>(state->info, crlsc::make_video_info(config.sequence));
    if (impl.reader->converts()) {
      GST_CAT_INFO_OBJECT(performance_debug, self, "converting %s to I420",
                          gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&state->info)));
    }
    impl.started = false;
    impl.last_pts = GST_CLOCK_TIME_NONE;
    const gint num = GST_VIDEO_INFO_FPS_N(&state->info);
    const gint den = GST_VIDEO_INFO_FPS_D(&state->info);
    impl.interval = num > 0 && den > 0 ? static_cast<double>(den) / num : kFallbackInterval;
    // Nothing is held back, but encoding may take as long as one frame lasts.
    const auto latency = static_cast<GstClockTime>(impl.interval * GST_SECOND);
    gst_video_encoder_set_latency(base, latency, latency);
    set_source_caps(self, state);
    return gst_video_encoder_negotiate(base);
  });
}

gboolean propose_allocation(GstVideoEncoder* base, GstQuery* query) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&] {
    const gboolean done = GST_VIDEO_ENCODER_CLASS(gst_crlsc_enc_parent_class)->propose_allocation(base, query);
    if (!gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr)) {
      gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
    }
    return done;
  });
}

// Frames

// Requests come in storms, from many receivers or from one that repeats them: each key picture answers all before it.
bool may_answer(const Impl& impl, GstClockTime pts) {
  const bool known = GST_CLOCK_TIME_IS_VALID(pts) && GST_CLOCK_TIME_IS_VALID(impl.last_answer);
  return !known || pts < impl.last_answer || pts - impl.last_answer >= kRequestPause;
}

void note_requests(Impl& impl, GstVideoCodecFrame* frame, guint gop_size) {
  impl.key_requested |= GST_VIDEO_CODEC_FRAME_IS_FORCE_KEYFRAME(frame) != 0;
  impl.key_owed |= impl.key_requested && may_answer(impl, frame->pts);
  impl.key_owed |= gop_size > 0 && impl.frames_since_key >= gop_size;
}

void report_losses(GstCrlscEnc* self) {
  GST_OBJECT_LOCK(self);
  const std::vector<crlsc::PictureLoss> losses = std::exchange(self->impl.losses, {});
  GST_OBJECT_UNLOCK(self);
  for (const crlsc::PictureLoss& loss : losses) self->impl.encoder->report_loss(loss);
}

// What downstream's QoS leaves time for.
Pace get_pace(GstCrlscEnc* self, GstVideoCodecFrame* frame) {
  const Impl& impl = self->impl;
  const GstClockTimeDiff left = gst_video_encoder_get_max_encode_time(GST_VIDEO_ENCODER(self), frame);
  if (left >= 0) return Pace::kAllLayers;
  const bool wanted = impl.key_owed || !impl.started;
  const auto hopeless = static_cast<GstClockTimeDiff>(impl.interval * kHopeless * GST_SECOND);
  return !wanted && -left > hopeless ? Pace::kSkip : Pace::kBaseLayer;
}

// Seconds since the frame that the encoder saw last.
double take_time(Impl& impl, GstClockTime pts) {
  const bool known = GST_CLOCK_TIME_IS_VALID(pts) && GST_CLOCK_TIME_IS_VALID(impl.last_pts) && pts > impl.last_pts;
  const double seconds = known ? static_cast<double>(pts - impl.last_pts) / GST_SECOND : impl.interval;
  impl.last_pts = pts;
  return seconds;
}

EncodedPicture encode(GstCrlscEnc* self, GstVideoCodecFrame* frame) {
  Impl& impl = self->impl;
  const double seconds = take_time(impl, frame->pts);
  crlsc::VideoFrameMap map(impl.input, frame->input_buffer, GST_MAP_READ);
  const gint64 begin = g_get_monotonic_time();
  EncodedPicture picture = impl.encoder->encode(impl.reader->read(map.get()), seconds, impl.key_owed);
  const gint64 duration = g_get_monotonic_time() - begin;
  count(self, [&](Counters& counters) {
    counters.encode_times.add(duration);
    counters.lambda = impl.encoder->lambda();
  });
  return picture;
}

// A frame that cannot be encoded is lost; many of them in a row are an error.
void note_failure(GstCrlscEnc* self, const char* what) {
  Impl& impl = self->impl;
  impl.key_owed = true;  // whatever the encoder remembers of other pictures, nobody else does
  count(self, [](Counters& counters) { ++counters.failed; });
  if (++impl.failures >= kMaxFailures) throw;
  GST_ELEMENT_WARNING(self, STREAM, ENCODE, ("A frame could not be encoded and is left out: %s", what), (nullptr));
}

void put_out(GstCrlscEnc* self, GstVideoCodecFrame* frame, const EncodedPicture& picture, bool hurried) {
  Impl& impl = self->impl;
  const gsize size = picture.bytes.size();
  if (gst_video_encoder_allocate_output_frame(GST_VIDEO_ENCODER(self), frame, size) != GST_FLOW_OK) {
    throw Error(ErrorKind::kWrite, "cannot allocate a buffer of " + std::to_string(size) + " bytes");
  }
  gst_buffer_fill(frame->output_buffer, 0, picture.bytes.data(), size);
  if (picture.key) {
    GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT(frame);
    GST_BUFFER_FLAG_SET(frame->output_buffer, GST_BUFFER_FLAG_HEADER);
    if (impl.key_requested) impl.last_answer = frame->pts;
    impl.key_owed = impl.key_requested = false;
    impl.frames_since_key = 0;
  }
  impl.started = true;
  count(self, [&](Counters& counters) {
    ++counters.frames;
    counters.hurried += hurried ? 1 : 0;
    counters.key_frames += picture.key ? 1 : 0;
    counters.complete_frames += picture.complete ? 1 : 0;
    counters.bytes += size;
    const size_t layers = std::min(picture.layer_bytes.size(), counters.layer_bytes.size());
    for (size_t i = 0; i < layers; ++i) counters.layer_bytes[i] += picture.layer_bytes[i];
  });
  GST_LOG_OBJECT(self, "%" G_GSIZE_FORMAT " bytes, key %d, complete %d", size, picture.key, picture.complete);
}

// Leaves the frame without output buffer if it is dropped.
void encode_frame(GstCrlscEnc* self, GstVideoCodecFrame* frame) {
  Impl& impl = self->impl;
  if (!impl.encoder || !impl.reader) throw Error(ErrorKind::kSettings, "a frame came without a usable format");
  const Settings settings = get_settings(self);
  note_requests(impl, frame, settings.gop_size);
  report_losses(self);
  const Pace pace = get_pace(self, frame);
  if (pace != Pace::kSkip) {
    const bool hurried = pace == Pace::kBaseLayer;
    impl.encoder->set_bitrate(static_cast<int>(settings.bitrate));
    impl.encoder->set_layers(hurried ? 1 : static_cast<int>(settings.layers));
    EncodedPicture picture;
    try {
      picture = encode(self, frame);
      impl.failures = 0;
    } catch (const std::exception& error) {
      note_failure(self, error.what());
      return;
    }
    if (!picture.bytes.empty()) {
      put_out(self, frame, picture, hurried);
    } else {
      GST_LOG_OBJECT(self, "no room for a picture");
      count(self, [](Counters& counters) { ++counters.dropped; });
    }
  } else {
    GST_LOG_OBJECT(self, "too late for a picture");
    count(self, [](Counters& counters) { ++counters.skipped; });
  }
  ++impl.frames_since_key;
}

GstFlowReturn handle_frame(GstVideoEncoder* base, GstVideoCodecFrame* frame) {
  const bool usable = crlsc::guard(GST_ELEMENT(base), false, [&] {
    encode_frame(GST_CRLSC_ENC(base), frame);
    return true;
  });
  // Without an output buffer, the base class takes the frame as dropped.
  const GstFlowReturn flow = gst_video_encoder_finish_frame(base, frame);
  return usable ? flow : GST_FLOW_ERROR;
}

// Events

gboolean src_event(GstVideoEncoder* base, GstEvent* event) {
  if (!crlsc::is_loss_event(event)) {
    return GST_VIDEO_ENCODER_CLASS(gst_crlsc_enc_parent_class)->src_event(base, event);
  }
  const gboolean taken = crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    Impl& impl = GST_CRLSC_ENC(base)->impl;
    const auto loss = crlsc::parse_loss_event(event);
    GST_DEBUG_OBJECT(base, "%" GST_PTR_FORMAT, static_cast<const void*>(gst_event_get_structure(event)));
    if (!loss) return FALSE;
    GST_OBJECT_LOCK(base);
    ++impl.counters.losses;
    if (impl.losses.size() < kMostLosses) impl.losses.push_back(*loss);
    GST_OBJECT_UNLOCK(base);
    return TRUE;
  });
  gst_event_unref(event);
  return taken;
}

// States

gboolean flush(GstVideoEncoder* base) {
  Impl& impl = GST_CRLSC_ENC(base)->impl;
  impl.key_owed = true;
  impl.last_pts = impl.last_answer = GST_CLOCK_TIME_NONE;
  return TRUE;
}

gboolean start(GstVideoEncoder* base) {
  GstCrlscEnc* self = GST_CRLSC_ENC(base);
  Impl& impl = self->impl;
  impl.key_owed = impl.key_requested = false;
  impl.last_answer = GST_CLOCK_TIME_NONE;
  impl.frames_since_key = 0;
  impl.failures = 0;
  count(self, [](Counters& counters) { counters = {}; });
  return TRUE;
}

gboolean stop(GstVideoEncoder* base) {
  Impl& impl = GST_CRLSC_ENC(base)->impl;
  impl.encoder.reset();
  impl.reader.reset();
  return TRUE;
}

// The vfunc open() would add a second, less telling error to ours.
GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  const auto change = [&] {
    GstCrlscEnc* self = GST_CRLSC_ENC(element);
    if (transition == GST_STATE_CHANGE_NULL_TO_READY || transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
      self->impl.model.load(get_settings(self).model);
      GST_INFO_OBJECT(self, "using model %s", self->impl.model.get()->file.path().c_str());
    }
    const auto result = GST_ELEMENT_CLASS(gst_crlsc_enc_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) self->impl.model.clear();
    return result;
  };
  return crlsc::guard(element, GST_STATE_CHANGE_FAILURE, change, "model");
}

// Properties

GstStructure* make_stats(const Counters& counters) {
  GstStructure* stats = gst_structure_new(
      "application/x-crlsc-encoder-stats", "frames", G_TYPE_UINT64, counters.frames, "dropped", G_TYPE_UINT64,
      counters.dropped, "skipped", G_TYPE_UINT64, counters.skipped, "failed", G_TYPE_UINT64, counters.failed, "hurried",
      G_TYPE_UINT64, counters.hurried, "key-frames", G_TYPE_UINT64, counters.key_frames, "losses", G_TYPE_UINT64,
      counters.losses, "complete-frames", G_TYPE_UINT64, counters.complete_frames, "bytes", G_TYPE_UINT64,
      counters.bytes, "lambda", G_TYPE_DOUBLE, counters.lambda, "encode-ms-p50", G_TYPE_DOUBLE,
      counters.encode_times.percentile(0.5), "encode-ms-p99", G_TYPE_DOUBLE, counters.encode_times.percentile(0.99),
      nullptr);
  GValue array = G_VALUE_INIT;
  g_value_init(&array, GST_TYPE_ARRAY);
  for (const guint64 bytes : counters.layer_bytes) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_UINT64);
    g_value_set_uint64(&value, bytes);
    gst_value_array_append_and_take_value(&array, &value);
  }
  gst_structure_take_value(stats, "layer-bytes", &array);
  return stats;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  Settings& settings = GST_CRLSC_ENC(object)->impl.settings;
  GST_OBJECT_LOCK(object);
  if ((id == kPropModel || id == kPropThreads) && crlsc::is_running(GST_ELEMENT(object))) {
    GST_OBJECT_UNLOCK(object);
    GST_WARNING_OBJECT(object, "`%s` can be set in READY only and stays as it is", pspec->name);
    return;
  }
  switch (id) {
    case kPropModel:
      crlsc::set_model(settings.model, value);
      break;
    case kPropThreads:
      settings.model.threads = g_value_get_uint(value);
      break;
    case kPropBitrate:
      settings.bitrate = g_value_get_uint(value);
      break;
    case kPropLayers:
      settings.layers = g_value_get_uint(value);
      break;
    case kPropGopSize:
      settings.gop_size = g_value_get_uint(value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  GST_OBJECT_UNLOCK(object);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  GstCrlscEnc* self = GST_CRLSC_ENC(object);
  GST_OBJECT_LOCK(self);
  const Settings settings = self->impl.settings;
  const Counters counters = self->impl.counters;
  GST_OBJECT_UNLOCK(self);
  switch (id) {
    case kPropModel:
      crlsc::get_model(settings.model, value);
      break;
    case kPropThreads:
      g_value_set_uint(value, settings.model.threads);
      break;
    case kPropBitrate:
      g_value_set_uint(value, settings.bitrate);
      break;
    case kPropLayers:
      g_value_set_uint(value, settings.layers);
      break;
    case kPropGopSize:
      g_value_set_uint(value, settings.gop_size);
      break;
    case kPropStats:
      g_value_take_boxed(value, make_stats(counters));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

void finalize(GObject* object) {
  GST_CRLSC_ENC(object)->impl.~Impl();
  G_OBJECT_CLASS(gst_crlsc_enc_parent_class)->finalize(object);
}

void install_properties(GObjectClass* object_class) {
  crlsc::install_model_properties(object_class, kPropModel, kPropThreads);
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  /**
   * GstCrlscEnc:bitrate:
   *
   * Ceiling for all layers together, in bit/s. A change takes effect with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropBitrate,
                                  g_param_spec_uint("bitrate", "Bitrate", "Most bits a second, all layers together",
                                                    kMinBitrate, kMaxBitrate, kDefaultBitrate, flags));
  /**
   * GstCrlscEnc:layers:
   *
   * Layers to encode, if the model has that many. Takes effect with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropLayers,
      g_param_spec_uint("layers", "Layers", "Most layers to encode", 1, crlsc::kMaxLayers, crlsc::kMaxLayers, flags));
  /**
   * GstCrlscEnc:gop-size:
   *
   * Frames from one forced key picture to the next, 0 for key pictures on request only.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropGopSize,
      g_param_spec_uint("gop-size", "GOP size", "Frames between forced key pictures (0 = on request only)", 0,
                        G_MAXUINT, kDefaultGopSize, flags));
  /**
   * GstCrlscEnc:stats:
   *
   * Counters since READY. guint64: frames, dropped (bit rate), skipped (too late), failed, hurried (base layer only),
   * key-frames, losses (told by receivers), complete-frames (nothing worth sending was left out), bytes; an array of
   * guint64: layer-bytes; double: lambda (squared error that a bit has to save), encode-ms-p50 and encode-ms-p99 of the
   * latest 256 frames.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropStats,
      g_param_spec_boxed("stats", "Statistics", "Counters of frames, bytes and times", GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

}  // namespace

static void gst_crlsc_enc_class_init(GstCrlscEncClass* klass) {
  GST_DEBUG_CATEGORY_INIT(crlscenc_debug, "crlscenc", 0, "CRLSC encoder");
  GST_DEBUG_CATEGORY_GET(performance_debug, "GST_PERFORMANCE");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_properties(object_class);

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "CRLSC encoder", "Codec/Encoder/Video",
                                        "Encodes video as CRLSC semantic tokens", "CRLSC contributors");

  GstVideoEncoderClass* encoder_class = GST_VIDEO_ENCODER_CLASS(klass);
  encoder_class->start = start;
  encoder_class->stop = stop;
  encoder_class->flush = flush;
  encoder_class->set_format = set_format;
  encoder_class->propose_allocation = propose_allocation;
  encoder_class->src_event = src_event;
  encoder_class->handle_frame = handle_frame;
}

static void gst_crlsc_enc_init(GstCrlscEnc* self) {
  // GObject fills instances with zeros and knows nothing of constructors.
  new (&self->impl) Impl();
  // Caps without interlace-mode are progressive.
  GST_PAD_SET_ACCEPT_INTERSECT(GST_VIDEO_ENCODER_SINK_PAD(self));
}
