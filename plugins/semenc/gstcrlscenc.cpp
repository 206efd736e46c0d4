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
 * With a #GstCrlscEnc:knowledge-base and a model that has a semantic head, the stream also says what it shows: at the
 * start, on changes of scene and every #GstCrlscEnc:semantic-interval, in some 40 bytes that crlsckb understands
 * without decoding pictures. In #GstCrlscEnc:mode semantic it says nothing else. Pictures of the knowledge base serve
 * as references; with #GstCrlscEnc:knowledge-updates the stream carries them to receivers first.
 *
 * The model is loaded when going from NULL to READY; elements of a process share it.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! video/x-raw,width=320,height=240,framerate=10/1 ! crlscenc
 * bitrate=20000 ! crlscdec ! videoconvert ! fakesink
 * ]| Encodes and decodes a test picture.
 * |[
 * gst-launch-1.0 -m videotestsrc num-buffers=50 pattern=blue ! video/x-raw,width=320,height=240,framerate=10/1 !
 * crlscenc knowledge-base=example.crlsckb mode=semantic ! crlsckb location=example.crlsckb ! fakesink
 * ]| Sends only what the pictures show, and says it in messages.
 *
 * Since: 0.1
 */
#include "gstcrlscenc.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/codec/encoder.h"
#include "core/codec/semantic_encoder.h"
#include "core/kb/knowledge_path.h"
#include "crlsc/caps.h"
#include "crlsc/entry_event.h"
#include "crlsc/guard.h"
#include "crlsc/input_reader.h"
#include "crlsc/loss_event.h"
#include "encoder_properties.h"
#include "knowledge_sender.h"

GST_DEBUG_CATEGORY(crlscenc_debug);
#define GST_CAT_DEFAULT crlscenc_debug
GST_DEBUG_CATEGORY_STATIC(performance_debug);

namespace {

using crlsc::Bytes;
using crlsc::EncodedPicture;
using Counters = crlsc::EncoderCounters;
using Settings = crlsc::EncoderSettings;
using crlsc::Error;
using crlsc::ErrorKind;

constexpr double kFallbackInterval = 1.0 / 25;  // seconds between frames, if nothing says
constexpr int kMaxFailures = 10;                // in a row, before they are an error
constexpr int kHopeless = 2;                    // frame intervals too late for even the base layer
constexpr size_t kMostLosses = 64;              // that are kept from one frame to the next
constexpr size_t kMostReports = 16;             // likewise
constexpr GstClockTime kRequestPause = 500 * GST_MSECOND;
// A request so soon after the answer to the one before: somebody makes nothing of the key picture.
constexpr GstClockTime kDoubtful = 3 * GST_SECOND;

struct Impl {
  // Under the object lock.
  Settings settings;
  Counters counters;
  std::vector<crlsc::PictureLoss> losses;   // told since the last frame
  std::vector<crlsc::EntryReport> reports;  // likewise

  // Changed while no data flows only.
  crlsc::ModelSlot model;
  std::optional<crlsc::Codebooks> knowledge;

  // Streaming thread only.
  GstVideoInfo input;
  std::unique_ptr<crlsc::InputReader> reader;
  std::unique_ptr<crlsc::Encoder> encoder;
  std::unique_ptr<crlsc::SemanticEncoder> semantic;  // null: the stream says nothing of what it shows
  std::unique_ptr<crlsc::KnowledgeSender> scene;     // null: there is no knowledge base
  double interval = kFallbackInterval;               // seconds
  GstClockTime last_pts = GST_CLOCK_TIME_NONE;       // of the frame that the encoder saw last
  double unaccounted = 0;                            // seconds that rate control has not heard of
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

// Semantic layer

// Null if there is none. Throws Error(kSettings) if there has to be one, Error(kWrongType) if model and knowledge base
// do not fit each other.
std::unique_ptr<crlsc::SemanticEncoder> open_semantic(GstCrlscEnc* self, const Settings& settings) {
  const Impl& impl = self->impl;
  const bool needed = settings.mode == GST_CRLSC_ENC_MODE_SEMANTIC;
  if (!impl.knowledge) {
    if (needed) throw Error(ErrorKind::kSettings, "mode=semantic needs a knowledge base");
    return nullptr;
  }
  const crlsc::ModelFile& file = impl.model.get()->file;
  auto embedder = impl.model.get()->network->open_embedder();
  if (!embedder) {
    const std::string text = "the model '" + file.path() + "' has no semantic head, which the knowledge base '" +
                             impl.knowledge->path + "' needs";
    if (needed) throw Error(ErrorKind::kWrongType, text + "; use a model that has one");
    GST_INFO_OBJECT(self, "%s: the stream will not say what it shows", text.c_str());
    return nullptr;
  }
  crlsc::check_encoder(impl.knowledge->encoder, file.head_id(), impl.knowledge->path);
  return std::make_unique<crlsc::SemanticEncoder>(std::move(embedder), impl.knowledge->quantiser);
}

void load_knowledge(GstCrlscEnc* self, const Settings& settings) {
  self->impl.knowledge.reset();
  if (settings.knowledge_base.empty() && settings.knowledge_updates) {
    throw Error(ErrorKind::kSettings, "knowledge-updates needs a knowledge-base whose entries are sent");
  }
  if (!settings.knowledge_base.empty()) {
    self->impl.knowledge = crlsc::open_codebooks(crlsc::find_knowledge_base(settings.knowledge_base, "knowledge-base"));
  }
  open_semantic(self, settings);  // or an error now, rather than with the first picture
}

// Null without a knowledge base, and where no pictures are sent.
std::unique_ptr<crlsc::KnowledgeSender> open_scene(GstCrlscEnc* self, const Settings& settings, int width, int height) {
  const Impl& impl = self->impl;
  if (!impl.knowledge || settings.mode != GST_CRLSC_ENC_MODE_FULL) return nullptr;
  if (settings.resize_mode == GST_CRLSC_ENC_RESIZE_HALF) return nullptr;
  auto scene = std::make_unique<crlsc::KnowledgeSender>(
      crlsc::KnowledgeSenderSettings{impl.knowledge->path, width, height, settings.knowledge_updates});
  GST_INFO_OBJECT(self, "'%s' has %" G_GSIZE_FORMAT " pictures of %dx%d", impl.knowledge->path.c_str(),
                  scene->pictures(), width, height);
  const auto complaint = scene->complaint();
  if (complaint) crlsc::post_warning(GST_ELEMENT(self), Error(ErrorKind::kSettings, *complaint), "knowledge-base");
  return scene;
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
    const Settings settings = get_settings(self);
    config.bitrate = static_cast<int>(settings.bitrate);
    config.resize = crlsc::resize_mode(settings.resize_mode);
    impl.semantic = open_semantic(self, settings);
    impl.scene = open_scene(self, settings, config.sequence.width, config.sequence.height);
    // Known pictures have the size of the input.
    const bool known = impl.scene && (impl.scene->pictures() > 0 || settings.knowledge_updates);
    if (known) config.resize = crlsc::ResizeMode::kNone;
    if (impl.semantic || (impl.scene && settings.knowledge_updates)) {
      config.sequence.knowledge = crlsc::KnowledgeRef{impl.knowledge->id, impl.knowledge->epoch};
    }
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

// Whoever lacks the pictures that cells refer to can begin with a key picture that refers to none.
void doubt_scene(GstCrlscEnc* self, GstClockTime pts) {
  Impl& impl = self->impl;
  if (!impl.scene || !impl.key_requested || !impl.key_owed) return;
  const bool known = GST_CLOCK_TIME_IS_VALID(impl.last_answer) && GST_CLOCK_TIME_IS_VALID(pts);
  const bool soon = known && pts >= impl.last_answer && pts - impl.last_answer < kDoubtful;
  if (!impl.scene->key_requested(soon)) return;
  GST_INFO_OBJECT(self, "a receiver may lack pictures of the knowledge base; doing without them for now");
}

// What receivers told since the last frame.
void take_feedback(GstCrlscEnc* self) {
  Impl& impl = self->impl;
  GST_OBJECT_LOCK(self);
  const std::vector<crlsc::PictureLoss> losses = std::exchange(impl.losses, {});
  const std::vector<crlsc::EntryReport> reports = std::exchange(impl.reports, {});
  GST_OBJECT_UNLOCK(self);
  for (const crlsc::PictureLoss& loss : losses) impl.encoder->report_loss(loss);
  if (!impl.scene) return;
  for (const crlsc::EntryReport& report : reports) impl.scene->report(report);
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

// Whole units with pieces of entries. A key picture needs the room itself.
Bytes next_pieces(Impl& impl, double seconds, const Settings& settings, bool key) {
  Bytes pieces;
  if (!impl.scene || !settings.knowledge_updates) return pieces;
  impl.scene->append_pieces(pieces, seconds, static_cast<int>(settings.bitrate), key ? 0 : settings.knowledge_share);
  return pieces;
}

// What the encoder makes of a picture that came `seconds` after the one before.
EncodedPicture encode_picture(GstCrlscEnc* self, const crlsc::PictureView& view, double seconds,
                              const Settings& settings) {
  Impl& impl = self->impl;
  const bool key = impl.key_owed || !impl.started;
  Bytes unit;
  if (impl.semantic) unit = impl.semantic->next(view, seconds, settings.semantic_interval / 1000.0, key);
  if (impl.scene) {
    if (auto scene = impl.scene->next(view, seconds)) impl.encoder->set_scene(std::move(*scene));
  }
  const Bytes pieces = next_pieces(impl, seconds, settings, key);
  impl.unaccounted += seconds;
  const bool full = settings.mode == GST_CRLSC_ENC_MODE_FULL;
  EncodedPicture picture;
  if (full || !unit.empty()) {
    const double time = std::exchange(impl.unaccounted, 0);
    Bytes beside = unit;
    beside.insert(beside.end(), pieces.begin(), pieces.end());
    picture =
        full ? impl.encoder->encode(view, time, impl.key_owed, beside) : impl.encoder->encode_beside(beside, time, key);
  }
  const bool sent = !unit.empty() && !picture.bytes.empty();
  count(self, [&](Counters& counters) {
    counters.entry_bytes += pieces.size();
    counters.entries = impl.scene ? impl.scene->known() : 0;
    counters.semantic_units += sent ? 1 : 0;
    counters.semantic_bytes += sent ? unit.size() : 0;
    const bool rests = picture.rests && picture.bytes.empty();
    counters.idle += rests || (!full && unit.empty()) ? 1 : 0;
    counters.dropped += picture.bytes.empty() && !rests && (full || !unit.empty()) ? 1 : 0;
  });
  return picture;
}

EncodedPicture encode(GstCrlscEnc* self, GstVideoCodecFrame* frame, const Settings& settings) {
  Impl& impl = self->impl;
  const double seconds = take_time(impl, frame->pts);
  crlsc::VideoFrameMap map(impl.input, frame->input_buffer, GST_MAP_READ);
  const gint64 begin = g_get_monotonic_time();
  EncodedPicture picture = encode_picture(self, impl.reader->read(map.get()), seconds, settings);
  const gint64 duration = g_get_monotonic_time() - begin;
  count(self, [&](Counters& counters) {
    counters.encode_times.add(duration);
    counters.lambda = impl.encoder->lambda();
    counters.half_frames += impl.encoder->half() ? 1 : 0;
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
  doubt_scene(self, frame->pts);
  take_feedback(self);
  const Pace pace = get_pace(self, frame);
  if (pace != Pace::kSkip) {
    const bool hurried = pace == Pace::kBaseLayer;
    impl.encoder->set_bitrate(static_cast<int>(settings.bitrate));
    impl.encoder->set_layers(hurried ? 1 : static_cast<int>(settings.layers));
    impl.encoder->set_min_unit_size(settings.min_unit_size);
    impl.encoder->set_refresh_share(settings.refresh_share);
    impl.encoder->set_min_quantizer(settings.min_quantizer);
    EncodedPicture picture;
    try {
      picture = encode(self, frame, settings);
      impl.failures = 0;
    } catch (const std::exception& error) {
      note_failure(self, error.what());
      return;
    }
    if (!picture.bytes.empty()) {
      put_out(self, frame, picture, hurried);
    } else {
      GST_LOG_OBJECT(self, "nothing is sent for this frame");
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
  if (!crlsc::is_loss_event(event) && !crlsc::is_entry_event(event)) {
    return GST_VIDEO_ENCODER_CLASS(gst_crlsc_enc_parent_class)->src_event(base, event);
  }
  const gboolean taken = crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    Impl& impl = GST_CRLSC_ENC(base)->impl;
    const auto loss = crlsc::parse_loss_event(event);
    const auto report = crlsc::parse_entry_event(event);
    GST_DEBUG_OBJECT(base, "%" GST_PTR_FORMAT, static_cast<const void*>(gst_event_get_structure(event)));
    GST_OBJECT_LOCK(base);
    if (loss) ++impl.counters.losses;
    if (loss && impl.losses.size() < kMostLosses) impl.losses.push_back(*loss);
    if (report && impl.reports.size() < kMostReports) impl.reports.push_back(*report);
    GST_OBJECT_UNLOCK(base);
    return loss || report ? TRUE : FALSE;
  });
  gst_event_unref(event);
  return taken;
}

// States

gboolean flush(GstVideoEncoder* base) {
  Impl& impl = GST_CRLSC_ENC(base)->impl;
  impl.key_owed = true;
  impl.last_pts = impl.last_answer = GST_CLOCK_TIME_NONE;
  if (impl.semantic) impl.semantic->reset();
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
  impl.semantic.reset();
  impl.scene.reset();
  impl.reader.reset();
  return TRUE;
}

bool load(GstCrlscEnc* self) {
  GstElement* element = GST_ELEMENT(self);
  const Settings settings = get_settings(self);
  const auto load_model = [&] {
    self->impl.model.load(settings.model);
    GST_INFO_OBJECT(self, "using model %s", self->impl.model.get()->file.path().c_str());
    return true;
  };
  const auto load_rest = [&] {
    load_knowledge(self, settings);
    return true;
  };
  return crlsc::guard(element, false, load_model, "model") && crlsc::guard(element, false, load_rest, "knowledge-base");
}

// The vfunc open() would add a second, less telling error to ours.
GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  const auto change = [&] {
    GstCrlscEnc* self = GST_CRLSC_ENC(element);
    const bool loads = transition == GST_STATE_CHANGE_NULL_TO_READY || transition == GST_STATE_CHANGE_READY_TO_PAUSED;
    if (loads && !load(self)) return GST_STATE_CHANGE_FAILURE;
    const auto result = GST_ELEMENT_CLASS(gst_crlsc_enc_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
      self->impl.model.clear();
      self->impl.knowledge.reset();
    }
    return result;
  };
  return crlsc::guard(element, GST_STATE_CHANGE_FAILURE, change);
}

// Properties

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  GST_OBJECT_LOCK(object);
  const bool stays = crlsc::stays(GST_ELEMENT(object), pspec);
  const bool known = stays || crlsc::set_encoder_property(GST_CRLSC_ENC(object)->impl.settings, id, value);
  GST_OBJECT_UNLOCK(object);
  if (stays) GST_WARNING_OBJECT(object, "`%s` can be set in READY only and stays as it is", pspec->name);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  GstCrlscEnc* self = GST_CRLSC_ENC(object);
  GST_OBJECT_LOCK(self);
  const Settings settings = self->impl.settings;
  const Counters counters = self->impl.counters;
  GST_OBJECT_UNLOCK(self);
  if (!crlsc::get_encoder_property(settings, counters, id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void finalize(GObject* object) {
  GST_CRLSC_ENC(object)->impl.~Impl();
  G_OBJECT_CLASS(gst_crlsc_enc_parent_class)->finalize(object);
}

}  // namespace

static void gst_crlsc_enc_class_init(GstCrlscEncClass* klass) {
  GST_DEBUG_CATEGORY_INIT(crlscenc_debug, "crlscenc", 0, "CRLSC encoder");
  GST_DEBUG_CATEGORY_GET(performance_debug, "GST_PERFORMANCE");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  crlsc::install_encoder_properties(object_class);
  gst_type_mark_as_plugin_api(GST_TYPE_CRLSC_ENC_MODE, static_cast<GstPluginAPIFlags>(0));

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
