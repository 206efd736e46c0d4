// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-crlscdec
 * @title: crlscdec
 * @short_description: decodes CRLSC semantic tokens
 *
 * Decodes what crlscenc made. Pictures that lack units are decoded from those that came; each picture that is missing
 * as a whole (a GAP event with %GST_GAP_FLAG_MISSING_DATA) and each that cannot be read is replaced by the picture
 * before. All of them, and what builds on them, carry %GST_BUFFER_FLAG_CORRUPTED. The stream heals without key
 * pictures, but the first picture after start or flush has to be one: until it comes, upstream is asked for it. What
 * did not arrive is told upstream (the event GstCrlscLoss); crlscenc answers with a refresh, and an RTP session carries
 * the event if gst_crlsc_feedback_attach() was called.
 *
 * Pictures may refer to entries of a knowledge base. For each that #GstCrlscDec:knowledge-base does not have, the
 * element posts the message crlsc-entry-missing once; its string fields are `entry`, the beginning of the entry's hash
 * (16 hexadecimal digits), and `knowledge-base`, the id of the knowledge base that the stream names, if it names one.
 * Upstream is told (the event GstCrlscEntry) and asked for key pictures, and what was shown before stays, as corrupted,
 * until pictures come that need no missing entry. Nothing is put out if there was no such picture yet.
 *
 * With #GstCrlscDec:knowledge-updates, entries that the stream brings are kept in the file that
 * #GstCrlscDec:knowledge-base names, and pictures may be predicted from them from then on.
 *
 * The model has to be the sender's; the caps name it. It is loaded when going from NULL to READY; elements of a process
 * share it. Without #GstCrlscDec:model, a stream of another model that is on the model path is decoded with that.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 udpsrc port=5004 caps="application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC,payload=96"
 * ! rtpjitterbuffer latency=100 ! rtpcrlscdepay ! crlscdec ! videoconvert ! autovideosink
 * ]| Shows what rtpcrlscpay sends to port 5004.
 *
 * Since: 0.1
 */
#include "gstcrlscdec.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "core/bitstream/unit.h"
#include "core/codec/decoder.h"
#include "crlsc/caps.h"
#include "crlsc/frame.h"
#include "crlsc/guard.h"
#include "crlsc/loss_event.h"
#include "crlsc/maps.h"
#include "crlsc/throttle.h"
#include "decoder_knowledge.h"
#include "decoder_properties.h"
#include "output_format.h"
#include "owned_frame.h"

GST_DEBUG_CATEGORY(crlscdec_debug);
#define GST_CAT_DEFAULT crlscdec_debug
GST_DEBUG_CATEGORY_STATIC(performance_debug);

namespace {

using crlsc::ByteView;
using crlsc::DecodedPicture;
using Counters = crlsc::DecoderCounters;
using Settings = crlsc::DecoderSettings;
using crlsc::Error;
using crlsc::ErrorKind;
using crlsc::OwnedFrame;
using crlsc::SequenceHeader;

constexpr gint64 kRequestPause = 500 * G_TIME_SPAN_MILLISECOND;
// How long, in the stream's time, pictures are discarded for want of a key picture before one is done without.
constexpr GstClockTime kPatience = 2 * GST_SECOND;
// Decoding that keeps up takes less than one frame's time; slow streams need not wait that long.
constexpr GstClockTimeDiff kFarBehind = 100 * GST_MSECOND;
constexpr GstClockTime kMaxLatency = 50 * GST_MSECOND;

struct Impl {
  // Under the object lock.
  Settings settings;
  Counters counters;

  // Changed while no data flows only.
  crlsc::ModelSlot model;

  // Streaming thread only.
  crlsc::PixelAspectRatio shape;
  std::optional<SequenceHeader> header;  // of the stream
  std::unique_ptr<crlsc::Decoder> decoder;
  std::unique_ptr<crlsc::DecoderKnowledge> knowledge;  // never null
  bool silent = false;                                 // what came since the start asked for no picture
  bool begun = false;                                  // a picture was decoded since the start or flush
  bool shows_picture = false;                          // and one was put out
  GstClockTime waiting_since = GST_CLOCK_TIME_NONE;    // time of the first picture that was discarded
  bool concealing = false;                             // the frame on its way stands for one that never came
  bool filled = false;  // a frame in the format of the output state is about to be finished
  gint errors = 0;      // in a row
  crlsc::Throttle requests{kRequestPause};
  crlsc::Throttle warnings{crlsc::kWarningPause};
};

}  // namespace

struct _GstCrlscDec {
  GstVideoDecoder parent;
  Impl impl;
};

G_DEFINE_TYPE(GstCrlscDec, gst_crlsc_dec, GST_TYPE_VIDEO_DECODER)
GST_ELEMENT_REGISTER_DEFINE(crlscdec, "crlscdec", GST_RANK_PRIMARY, GST_TYPE_CRLSC_DEC)

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_CRLSC_CAPS));

GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS("video/x-raw, format=(string)" CRLSC_OUTPUT_FORMATS ", "
                                            "width=(int)[ 16, 1920 ], height=(int)[ 16, 1088 ], "
                                            "framerate=(fraction)[ 0, max ]"));

Settings get_settings(GstCrlscDec* self) {
  GST_OBJECT_LOCK(self);
  const Settings settings = self->impl.settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

template <class Change>
void count(GstCrlscDec* self, Change change) {
  GST_OBJECT_LOCK(self);
  change(self->impl.counters);
  GST_OBJECT_UNLOCK(self);
}

// Format

// Makes the output state what the header and downstream ask for.
void update_output_state(GstCrlscDec* self) {
  GstVideoDecoder* base = GST_VIDEO_DECODER(self);
  const GstVideoInfo info = crlsc::choose_output(GST_VIDEO_DECODER_SRC_PAD(base),
                                                 crlsc::make_video_info(*self->impl.header, self->impl.shape));
  GstVideoCodecState* old = gst_video_decoder_get_output_state(base);
  const bool same = old != nullptr && gst_video_info_is_equal(&old->info, &info);
  if (old != nullptr) gst_video_codec_state_unref(old);
  if (same) return;
  GstVideoCodecState* state = gst_video_decoder_set_output_state(
      base, GST_VIDEO_INFO_FORMAT(&info), static_cast<guint>(info.width), static_cast<guint>(info.height), nullptr);
  state->info = info;
  gst_video_codec_state_unref(state);
  if (!crlsc::is_planar(GST_VIDEO_INFO_FORMAT(&info))) {
    GST_CAT_INFO_OBJECT(performance_debug, self, "rearranging I420 as %s",
                        gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info)));
  }
}

void update_latency(GstCrlscDec* self) {
  const SequenceHeader& header = *self->impl.header;
  GstClockTime latency = kMaxLatency;
  if (header.framerate_num > 0) {
    latency = std::min(latency, gst_util_uint64_scale(GST_SECOND, header.framerate_den, header.framerate_num));
  }
  gst_video_decoder_set_latency(GST_VIDEO_DECODER(self), latency, latency);
}

// Prepares for the pictures that follow `header`. The pictures so far stay of use if size and model are the same.
void use_header(GstCrlscDec* self, const SequenceHeader& header) {
  Impl& impl = self->impl;
  const bool goes_on = impl.decoder && header.model_id == impl.header->model_id && header.width == impl.header->width &&
                       header.height == impl.header->height;
  if (!goes_on) {
    impl.decoder.reset();
    impl.begun = impl.shows_picture = false;
    impl.decoder = std::make_unique<crlsc::Decoder>(impl.model.get(), header);
    impl.knowledge->begin(*impl.decoder, header);
  }
  if (header.knowledge && (!impl.header || impl.header->knowledge != header.knowledge)) {
    impl.knowledge->check(*header.knowledge);
  }
  impl.header = header;
  update_output_state(self);
  update_latency(self);
}

// What comes within a stream may be forged, and loads no other model.
void use_model(Impl& impl, const crlsc::ContentId& wanted, bool begins) {
  const crlsc::ModelFile& file = impl.model.get()->file;
  if (wanted == file.id() || (begins && impl.model.follow(wanted))) return;
  throw Error(ErrorKind::kWrongType, "the stream needs model " + crlsc::to_hex(wanted) + ", but '" + file.path() +
                                         "' is " + crlsc::to_hex(file.id()) +
                                         "; set the property `model` to the sender's model");
}

gboolean set_format(GstVideoDecoder* base, GstVideoCodecState* state) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&] {
    GstCrlscDec* self = GST_CRLSC_DEC(base);
    Impl& impl = self->impl;
    const crlsc::StreamCaps caps = crlsc::parse_caps(state->caps);
    if (caps.model) use_model(impl, *caps.model, true);
    impl.shape = caps.pixel_aspect_ratio;
    if (caps.header) use_header(self, *caps.header);  // else the first key picture brings it
    return gboolean{TRUE};
  });
}

gboolean negotiate(GstVideoDecoder* base) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&] {
    GstCrlscDec* self = GST_CRLSC_DEC(base);
    // A frame that is filled already has to go out as it is.
    const bool late = self->impl.filled;
    if (self->impl.header && !late) update_output_state(self);
    const gboolean done = GST_VIDEO_DECODER_CLASS(gst_crlsc_dec_parent_class)->negotiate(base);
    if (late) gst_pad_mark_reconfigure(GST_VIDEO_DECODER_SRC_PAD(base));
    return done;
  });
}

gboolean decide_allocation(GstVideoDecoder* base, GstQuery* query) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    if (!GST_VIDEO_DECODER_CLASS(gst_crlsc_dec_parent_class)->decide_allocation(base, query)) return FALSE;
    if (!gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr)) return TRUE;
    GstBufferPool* pool = nullptr;
    gst_query_parse_nth_allocation_pool(query, 0, &pool, nullptr, nullptr, nullptr);
    GstStructure* config = gst_buffer_pool_get_config(pool);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    // A pool that cannot do it gives tightly packed frames.
    gst_buffer_pool_set_config(pool, config);
    gst_object_unref(pool);
    return TRUE;
  });
}

// Frames

// The picture shown, as the output of the frame.
GstFlowReturn put_out(GstCrlscDec* self, OwnedFrame& frame, bool corrupted) {
  GstVideoDecoder* base = GST_VIDEO_DECODER(self);
  Impl& impl = self->impl;
  if (corrupted) GST_VIDEO_CODEC_FRAME_FLAG_SET(frame.get(), GST_VIDEO_CODEC_FRAME_FLAG_CORRUPTED);
  const GstFlowReturn flow = gst_video_decoder_allocate_output_frame(base, frame.get());
  if (flow != GST_FLOW_OK) return flow;
  GstVideoCodecState* state = gst_video_decoder_get_output_state(base);
  const GstVideoInfo info = state->info;
  gst_video_codec_state_unref(state);
  {
    crlsc::VideoFrameMap map(info, frame.get()->output_buffer, GST_MAP_WRITE);
    crlsc::store_picture(impl.decoder->picture(), map.get());
  }
  impl.filled = true;
  const GstFlowReturn result = gst_video_decoder_finish_frame(base, frame.take());
  impl.filled = false;
  return result;
}

GstFlowReturn conceal(GstCrlscDec* self, OwnedFrame& frame) {
  self->impl.concealing = false;
  self->impl.decoder->conceal();
  count(self, [](Counters& counters) { ++counters.concealed; });
  GST_LOG_OBJECT(self, "concealing the picture at %" GST_TIME_FORMAT, GST_TIME_ARGS(frame.get()->pts));
  return put_out(self, frame, true);
}

// What was decoded builds on pictures that are not here: the last one that does not stays, if there is any.
GstFlowReturn hold(GstCrlscDec* self, OwnedFrame& frame) {
  const bool shown = self->impl.shows_picture;
  count(self, [shown](Counters& counters) { ++(shown ? counters.concealed : counters.discarded); });
  GST_LOG_OBJECT(self, "the picture at %" GST_TIME_FORMAT " needs entries that are missing",
                 GST_TIME_ARGS(frame.get()->pts));
  return shown ? put_out(self, frame, true) : GST_FLOW_OK;
}

void request_key_picture(GstCrlscDec* self, GstVideoCodecFrame* frame) {
  Impl& impl = self->impl;
  if (!impl.requests.pass(g_get_monotonic_time())) return;
  GST_DEBUG_OBJECT(self, "requesting a key picture");
  count(self, [](Counters& counters) { ++counters.key_requests; });
  gst_video_decoder_request_sync_point(GST_VIDEO_DECODER(self), frame,
                                       static_cast<GstVideoDecoderRequestSyncPointFlags>(0));
}

// Where nobody sends key pictures, as in a file whose only one is damaged, refreshed cells are all that ever comes.
bool is_patience_over(Impl& impl, GstClockTime time) {
  if (!GST_CLOCK_TIME_IS_VALID(time)) return false;
  if (!GST_CLOCK_TIME_IS_VALID(impl.waiting_since) || time < impl.waiting_since) impl.waiting_since = time;
  return time - impl.waiting_since >= kPatience;
}

// True for access units that only say what is shown or bring knowledge: there is no picture to put out.
bool asks_for_no_picture(const crlsc::AccessUnitView& access_unit) {
  bool beside = false;
  for (const crlsc::UnitView& unit : access_unit.units) {
    const crlsc::UnitType type = unit.header.type;
    if (type == crlsc::UnitType::kToken) return false;
    beside |= type == crlsc::UnitType::kSemantic || type == crlsc::UnitType::kKnowledgeUpdate;
  }
  return beside && !access_unit.damaged;
}

// Entries of knowledge bases, on their way through the stream to a file and to the scenes that follow.
void take_knowledge(GstCrlscDec* self, const crlsc::AccessUnitView& access_unit) {
  Impl& impl = self->impl;
  if (!impl.decoder) return;
  impl.knowledge->take(access_unit, *impl.header);
  const size_t stored = impl.knowledge->use_stored(*impl.decoder);
  if (stored > 0) count(self, [stored](Counters& counters) { counters.entries += stored; });
}

// Pictures that do not begin a stream say nothing before one that does. The bitstream says which do, for not every
// source of access units sets flags; of what holds no tokens, the flags say it.
bool must_wait(GstCrlscDec* self, GstVideoCodecFrame* frame, const crlsc::AccessUnitView& access_unit) {
  const Impl& impl = self->impl;
  const bool key = access_unit.key().value_or(GST_VIDEO_CODEC_FRAME_IS_SYNC_POINT(frame));
  if (impl.decoder && (impl.begun || key || is_patience_over(self->impl, frame->pts))) return false;
  GST_LOG_OBJECT(self, "discarding a picture: waiting for a key picture");
  count(self, [](Counters& counters) { ++counters.discarded; });
  request_key_picture(self, frame);
  return true;
}

// Throws Error(kWrongType) if no stream can go on with `header`, Error(kCorrupt) if this one cannot.
void check_header(Impl& impl, const SequenceHeader& header, const crlsc::AccessUnitView& access_unit) {
  use_model(impl, header.model_id, !impl.header);
  const bool resized = impl.header && (header.width != impl.header->width || header.height != impl.header->height);
  if (resized && !access_unit.key().value_or(false)) {
    throw Error(ErrorKind::kCorrupt, "the size changes without a key picture");
  }
}

// Headers within the stream come with what follows them, the caps perhaps later. Once there is a stream, anybody may
// have sent one that does not fit it: it is damage then, not the end.
void take_headers(GstCrlscDec* self, GstVideoCodecFrame* frame, const crlsc::AccessUnitView& access_unit) {
  Impl& impl = self->impl;
  for (const crlsc::UnitView& unit : access_unit.units) {
    if (unit.header.type != crlsc::UnitType::kSequenceHeader) continue;
    try {
      const SequenceHeader header = crlsc::parse_sequence_header(unit.payload);
      if (impl.header && *impl.header == header) continue;
      check_header(impl, header, access_unit);
      use_header(self, header);
    } catch (const Error& error) {
      if (!impl.header) throw;
      if (impl.warnings.pass(g_get_monotonic_time())) {
        GST_ELEMENT_WARNING(self, STREAM, WRONG_TYPE,
                            ("Leaving out a picture that is not of this stream: %s", error.what()), (nullptr));
      }
      // The key picture that a new size began with may be lost.
      if (error.kind() == ErrorKind::kCorrupt) request_key_picture(self, frame);
      throw Error(ErrorKind::kCorrupt, error.what());
    }
  }
}

DecodedPicture decode(GstCrlscDec* self, GstVideoCodecFrame* frame, ByteView access_unit) {
  Impl& impl = self->impl;
  const Settings settings = get_settings(self);
  const GstClockTimeDiff left = gst_video_decoder_get_max_decode_time(GST_VIDEO_DECODER(self), frame);
  const bool hurried = left < 0;  // later pictures miss the detail of this one, but not the post-filter
  impl.decoder->set_max_layers(left < -kFarBehind ? 1 : static_cast<int>(settings.max_layers));
  impl.decoder->set_post_filter(settings.post_filter && !hurried);
  const gint64 begin = g_get_monotonic_time();
  const DecodedPicture picture = impl.decoder->decode(access_unit);
  impl.decoder->picture();
  const gint64 duration = g_get_monotonic_time() - begin;
  GST_LOG_OBJECT(self, "%" G_GSIZE_FORMAT " bytes, key %d, corrupted %d, %d layers", access_unit.size(), picture.key,
                 picture.corrupted, picture.layers);
  const bool damaged = picture.corrupted || GST_BUFFER_FLAG_IS_SET(frame->input_buffer, GST_BUFFER_FLAG_CORRUPTED);
  count(self, [&](Counters& counters) {
    ++counters.frames;
    counters.corrupted += damaged ? 1 : 0;
    counters.hurried += hurried ? 1 : 0;
    counters.key_frames += picture.key ? 1 : 0;
    counters.losses += picture.losses.size();
    counters.bytes += access_unit.size();
    counters.decode_times.add(duration);
  });
  push_loss_events(GST_VIDEO_DECODER_SINK_PAD(self), picture.losses);
  impl.knowledge->note_lacking(picture.lacking, *impl.header);
  if (picture.held || (picture.corrupted && !picture.lacking.empty())) request_key_picture(self, frame);
  return picture;
}

// Counts against max-errors, as all errors in a row: what is put out resets the base class's count.
GstFlowReturn note_error(GstCrlscDec* self, const Error& error) {
  Impl& impl = self->impl;
  count(self, [](Counters& counters) { ++counters.errors; });
  impl.errors = std::min(impl.errors + 1, G_MAXINT / 2);
  const gint weight = impl.shows_picture ? impl.errors : 1;
  GstFlowReturn flow = GST_FLOW_OK;
  GST_VIDEO_DECODER_ERROR(self, weight, STREAM, DECODE, ("%s", error.what()), (nullptr), flow);
  return flow;
}

GstFlowReturn decode_frame(GstCrlscDec* self, OwnedFrame& frame) {
  Impl& impl = self->impl;
  if (impl.concealing) return conceal(self, frame);
  const bool corrupted = GST_BUFFER_FLAG_IS_SET(frame.get()->input_buffer, GST_BUFFER_FLAG_CORRUPTED);
  DecodedPicture picture;
  try {
    const crlsc::BufferMap map(frame.get()->input_buffer, GST_MAP_READ);
    const crlsc::AccessUnitView access_unit = crlsc::parse_access_unit(map.bytes());
    take_headers(self, frame.get(), access_unit);
    take_knowledge(self, access_unit);
    impl.silent = !corrupted && asks_for_no_picture(access_unit);
    if (impl.silent) {
      count(self, [](Counters& counters) { ++counters.semantic; });
      return GST_FLOW_OK;
    }
    if (must_wait(self, frame.get(), access_unit)) return GST_FLOW_OK;
    picture = decode(self, frame.get(), map.bytes());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) throw;
    const GstFlowReturn flow = note_error(self, error);
    return flow == GST_FLOW_OK && impl.shows_picture ? conceal(self, frame) : flow;
  }
  impl.begun = true;
  impl.errors = 0;
  if (picture.held) return hold(self, frame);
  impl.shows_picture = true;
  return put_out(self, frame, corrupted || picture.corrupted);
}

GstFlowReturn handle_frame(GstVideoDecoder* base, GstVideoCodecFrame* codec_frame) {
  OwnedFrame frame(base, codec_frame);
  return crlsc::guard(GST_ELEMENT(base), GST_FLOW_ERROR, [&] { return decode_frame(GST_CRLSC_DEC(base), frame); });
}

// Returns false if a frame stands for the missing one, else the gap goes on downstream.
gboolean handle_missing_data(GstVideoDecoder* base, GstClockTime time, GstClockTime duration) {
  return crlsc::guard(GST_ELEMENT(base), TRUE, [&]() -> gboolean {
    Impl& impl = GST_CRLSC_DEC(base)->impl;
    const gboolean forward =
        GST_VIDEO_DECODER_CLASS(gst_crlsc_dec_parent_class)->handle_missing_data(base, time, duration);
    // Frames of reverse playback wait for their key picture; no place among them is known for one without data.
    if (!forward || !impl.shows_picture || base->input_segment.rate < 0) return forward;
    GstBuffer* nothing = gst_buffer_new();
    GST_BUFFER_PTS(nothing) = time;
    GST_BUFFER_DURATION(nothing) = duration;
    GST_BUFFER_FLAG_SET(nothing, GST_BUFFER_FLAG_DELTA_UNIT);
    // Only the chain function can make a frame, and with it events, times and QoS are as ever. It must not hold the
    // stream lock while it pushes, so ours has to go.
    GstPad* pad = GST_VIDEO_DECODER_SINK_PAD(base);
    impl.concealing = true;
    GST_VIDEO_DECODER_STREAM_UNLOCK(base);
    GST_PAD_CHAINFUNC(pad)(pad, GST_OBJECT(base), nothing);
    GST_VIDEO_DECODER_STREAM_LOCK(base);
    // The base class discards it instead if it was told to wait for a key picture.
    return std::exchange(impl.concealing, false);
  });
}

// Caps come before the segment or not at all; the base class would only say that it is not initialised.
void check_caps(GstVideoDecoder* base) {
  if (gst_pad_has_current_caps(GST_VIDEO_DECODER_SINK_PAD(base))) return;
  GST_ELEMENT_ERROR(base, CORE, NEGOTIATION,
                    ("There are no caps that say what the stream is: put crlscparse in front of the decoder."),
                    ("Files and sockets bring bytes; access units and their caps are what crlscparse makes of them."));
}

// A gap that became a frame is handled.
gboolean sink_event(GstVideoDecoder* base, GstEvent* event) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    const bool gap = GST_EVENT_TYPE(event) == GST_EVENT_GAP;
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) check_caps(base);
    const Impl& impl = GST_CRLSC_DEC(base)->impl;
    // The base class would take a stream without pictures for one that could not be decoded.
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && impl.silent && !impl.shows_picture) {
      return gst_pad_push_event(GST_VIDEO_DECODER_SRC_PAD(base), event);
    }
    return GST_VIDEO_DECODER_CLASS(gst_crlsc_dec_parent_class)->sink_event(base, event) || gap;
  });
}

// States

gboolean flush(GstVideoDecoder* base) {
  Impl& impl = GST_CRLSC_DEC(base)->impl;
  impl.begun = impl.shows_picture = false;
  impl.waiting_since = GST_CLOCK_TIME_NONE;
  impl.requests.reset();
  impl.errors = 0;
  return TRUE;
}

// Nothing is ever held back.
GstFlowReturn drain(GstVideoDecoder*) { return GST_FLOW_OK; }

gboolean start(GstVideoDecoder* base) {
  flush(base);
  GST_CRLSC_DEC(base)->impl.warnings.reset();
  count(GST_CRLSC_DEC(base), [](Counters& counters) { counters = {}; });
  return TRUE;
}

gboolean stop(GstVideoDecoder* base) {
  Impl& impl = GST_CRLSC_DEC(base)->impl;
  impl.decoder.reset();
  impl.header.reset();
  impl.knowledge->stop();
  impl.silent = false;
  impl.shape = {};
  return TRUE;
}

bool load(GstCrlscDec* self) {
  GstElement* element = GST_ELEMENT(self);
  const Settings settings = get_settings(self);
  const auto load_model = [&] {
    self->impl.model.load(settings.model);
    GST_INFO_OBJECT(self, "using model %s", self->impl.model.get()->file.path().c_str());
    return true;
  };
  const auto load_knowledge = [&] {
    self->impl.knowledge->load(settings);
    return true;
  };
  return crlsc::guard(element, false, load_model, "model") &&
         crlsc::guard(element, false, load_knowledge, "knowledge-base");
}

// The vfunc open() would add a second, less telling error to ours.
GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  const auto change = [&] {
    GstCrlscDec* self = GST_CRLSC_DEC(element);
    const bool loads = transition == GST_STATE_CHANGE_NULL_TO_READY || transition == GST_STATE_CHANGE_READY_TO_PAUSED;
    if (loads && !load(self)) return GST_STATE_CHANGE_FAILURE;
    const auto result = GST_ELEMENT_CLASS(gst_crlsc_dec_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) self->impl.model.clear();
    return result;
  };
  return crlsc::guard(element, GST_STATE_CHANGE_FAILURE, change);
}

// Properties

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  GST_OBJECT_LOCK(object);
  const bool stays = crlsc::stays(GST_ELEMENT(object), pspec);
  const bool known = stays || crlsc::set_decoder_property(GST_CRLSC_DEC(object)->impl.settings, id, value);
  GST_OBJECT_UNLOCK(object);
  if (stays) GST_WARNING_OBJECT(object, "`%s` can be set in READY only and stays as it is", pspec->name);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  GstCrlscDec* self = GST_CRLSC_DEC(object);
  GST_OBJECT_LOCK(self);
  const Settings settings = self->impl.settings;
  const Counters counters = self->impl.counters;
  GST_OBJECT_UNLOCK(self);
  if (!crlsc::get_decoder_property(settings, counters, id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void finalize(GObject* object) {
  GST_CRLSC_DEC(object)->impl.~Impl();
  G_OBJECT_CLASS(gst_crlsc_dec_parent_class)->finalize(object);
}

}  // namespace

static void gst_crlsc_dec_class_init(GstCrlscDecClass* klass) {
  GST_DEBUG_CATEGORY_INIT(crlscdec_debug, "crlscdec", 0, "CRLSC decoder");
  GST_DEBUG_CATEGORY_GET(performance_debug, "GST_PERFORMANCE");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  crlsc::install_decoder_properties(object_class);

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "CRLSC decoder", "Codec/Decoder/Video",
                                        "Decodes CRLSC semantic tokens to video", "CRLSC contributors");

  GstVideoDecoderClass* decoder_class = GST_VIDEO_DECODER_CLASS(klass);
  decoder_class->start = start;
  decoder_class->stop = stop;
  decoder_class->flush = flush;
  decoder_class->drain = drain;
  decoder_class->finish = drain;
  decoder_class->set_format = set_format;
  decoder_class->negotiate = negotiate;
  decoder_class->decide_allocation = decide_allocation;
  decoder_class->sink_event = sink_event;
  decoder_class->handle_frame = handle_frame;
  decoder_class->handle_missing_data = handle_missing_data;
}

static void gst_crlsc_dec_init(GstCrlscDec* self) {
  // GObject fills instances with zeros and knows nothing of constructors.
  new (&self->impl) Impl();
  self->impl.knowledge = std::make_unique<crlsc::DecoderKnowledge>(GST_ELEMENT(self));
  gst_video_decoder_set_packetized(GST_VIDEO_DECODER(self), TRUE);
  gst_video_decoder_set_needs_format(GST_VIDEO_DECODER(self), TRUE);
  // Accept what the template allows; the caps themselves are looked at in set_format().
  gst_video_decoder_set_use_default_pad_acceptcaps(GST_VIDEO_DECODER(self), TRUE);
  GST_PAD_SET_ACCEPT_TEMPLATE(GST_VIDEO_DECODER_SINK_PAD(self));
}
