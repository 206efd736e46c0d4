// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-rtpcrlscdepay
 * @title: rtpcrlscdepay
 * @short_description: takes CRLSC video out of RTP packets
 *
 * Puts access units together from whatever arrives. A picture that lacks packets is handed on with the units that came
 * (see #GstRtpCrlscDepay:deliver), marked with %GST_BUFFER_FLAG_CORRUPTED. Each picture that is missing as a whole
 * becomes a GAP event with %GST_GAP_FLAG_MISSING_DATA and the picture's own time, with or without an rtpjitterbuffer in
 * front; packets that arrive out of order need one.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 udpsrc port=5004 caps="application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC,payload=96"
 * ! rtpjitterbuffer latency=100 ! rtpcrlscdepay ! crlscdec ! videoconvert ! autovideosink
 * ]| Shows what rtpcrlscpay sends to port 5004.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! video/x-raw,width=320,height=240,framerate=10/1 ! crlscenc !
 * rtpcrlscpay ! identity drop-probability=0.1 ! rtpcrlscdepay ! crlscdec ! fakesink
 * ]| Loses one packet in ten on the way.
 *
 * Since: 0.1
 */
#include "gstrtpcrlscdepay.h"

#include <gst/rtp/rtp.h>
#include <gst/video/video.h>

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "core/bitstream/unit.h"
#include "core/rtp/reassembler.h"
#include "crlsc/caps.h"
#include "crlsc/guard.h"
#include "crlsc/throttle.h"
#include "stream_headers.h"

GST_DEBUG_CATEGORY_STATIC(rtpcrlscdepay_debug);
#define GST_CAT_DEFAULT rtpcrlscdepay_debug

namespace {

using crlsc::Bytes;
using crlsc::ByteView;
using crlsc::Error;
using crlsc::ReceivedPicture;
using crlsc::SequenceHeader;

constexpr guint kClockRate = 90000;
constexpr GstRtpCrlscDelivery kDefaultDeliver = GST_RTP_CRLSC_DELIVER_DECODABLE;
constexpr gint64 kRequestPause = 500 * G_TIME_SPAN_MILLISECOND;
// A packet this far behind the newest one comes from a sender that started anew.
constexpr int kRestartDistance = 100;
// Longer runs of missing pictures end in one gap that covers the rest.
constexpr guint64 kMaxGaps = 256;
constexpr GstClockTime kMaxGapTime = 2 * GST_SECOND;
// Pictures closer than this come from a jump of the counter, not from a camera.
constexpr GstClockTime kMinInterval = GST_MSECOND;

enum { kPropDeliver = 1, kPropWaitForKeyframe, kPropRequestKeyframe, kPropPictureStats };

struct Settings {
  GstRtpCrlscDelivery deliver = kDefaultDeliver;
  bool wait_for_keyframe = false;
  bool request_keyframe = false;
};

struct Counters {
  crlsc::ReassemblerStats reassembler;
  guint64 missing = 0;       // pictures that became gaps
  guint64 lost_packets = 0;  // as told by a jitter buffer
  guint64 requests = 0;      // for key pictures
  guint64 refused = 0;       // pictures that cannot be of this stream
};

// Sequence numbers of one SSRC, extended to 64 bits.
struct Numbering {
  bool started = false;
  guint32 ssrc = 0;
  guint64 highest = 0;
};

struct Impl {
  // Under the object lock.
  Settings settings;
  Counters counters;

  // Streaming thread only.
  crlsc::Reassembler reassembler;
  Numbering numbering;
  crlsc::KnownStream stream;  // its header is what the source caps were made of
  crlsc::Throttle requests{kRequestPause};
  crlsc::Throttle warnings{crlsc::kWarningPause};
  GstClockTime last_pts = GST_CLOCK_TIME_NONE;       // of the last picture, or of its gap
  GstClockTime last_interval = GST_CLOCK_TIME_NONE;  // from picture to picture
  bool waiting = false;                              // for a key picture
  bool discontinuity = false;                        // something before the next picture was not handed on
  guint request_count = 0;
};

}  // namespace

struct _GstRtpCrlscDepay {
  GstRTPBaseDepayload parent;
  Impl impl;
};

G_DEFINE_TYPE(GstRtpCrlscDepay, gst_rtp_crlsc_depay, GST_TYPE_RTP_BASE_DEPAYLOAD)
GST_ELEMENT_REGISTER_DEFINE(rtpcrlscdepay, "rtpcrlscdepay", GST_RANK_SECONDARY, GST_TYPE_RTP_CRLSC_DEPAY)

GType gst_rtp_crlsc_delivery_get_type(void) {
  static const GEnumValue values[] = {
      {GST_RTP_CRLSC_DELIVER_COMPLETE, "Pictures that lack nothing", "complete"},
      {GST_RTP_CRLSC_DELIVER_DECODABLE, "Also pictures with some of layer 0", "decodable"},
      {GST_RTP_CRLSC_DELIVER_ALL, "Also pictures with any whole unit", "all"},
      {0, nullptr, nullptr}};
  static gsize type = 0;
  if (g_once_init_enter(&type)) g_once_init_leave(&type, g_enum_register_static("GstRtpCrlscDelivery", values));
  return type;
}

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS("application/x-rtp, media=(string)video, clock-rate=(int)90000, "
                                            "encoding-name=(string)CRLSC"));

GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_CRLSC_CAPS));

Settings get_settings(GstRtpCrlscDepay* self) {
  GST_OBJECT_LOCK(self);
  const Settings settings = self->impl.settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

crlsc::Delivery delivery(GstRtpCrlscDelivery value) {
  switch (value) {
    case GST_RTP_CRLSC_DELIVER_COMPLETE:
      return crlsc::Delivery::kComplete;
    case GST_RTP_CRLSC_DELIVER_ALL:
      return crlsc::Delivery::kAll;
    default:
      return crlsc::Delivery::kDecodable;
  }
}

// Caps

// Downstream that refuses the caps says so to the next buffer.
void use_header(GstRtpCrlscDepay* self, const SequenceHeader& header) {
  Impl& impl = self->impl;
  if (impl.stream.header && *impl.stream.header == header) return;
  GstCaps* caps = crlsc::make_caps(header);
  GST_DEBUG_OBJECT(self, "source caps %" GST_PTR_FORMAT, static_cast<void*>(caps));
  gst_pad_set_caps(GST_RTP_BASE_DEPAYLOAD_SRCPAD(self), caps);
  gst_caps_unref(caps);
  impl.stream = {header, header.model_id};
}

gboolean set_caps(GstRTPBaseDepayload* base, GstCaps* caps) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    GstRtpCrlscDepay* self = GST_RTP_CRLSC_DEPAY(base);
    const GstStructure* fields = gst_caps_get_structure(caps, 0);
    base->clock_rate = kClockRate;
    const gchar* version = gst_structure_get_string(fields, "version");
    if (version != nullptr && version != std::to_string(crlsc::kBitstreamVersion)) {
      GST_WARNING_OBJECT(self, "the sender speaks version %s of CRLSC", version);
      return FALSE;
    }
    crlsc::KnownStream& stream = self->impl.stream;
    stream.model = crlsc::model_of_caps(fields);
    if (stream.model && stream.header && stream.header->model_id != *stream.model) stream.header.reset();
    std::optional<SequenceHeader> header;
    try {
      header = crlsc::header_of_caps(fields);
    } catch (const Error& error) {
      GST_WARNING_OBJECT(self, "ignoring the config of the caps: %s", error.what());
    }
    // Without a usable one, the stream itself brings it.
    if (header) use_header(self, *header);
    return TRUE;
  });
}

// Key picture requests

void request_key_picture(GstRtpCrlscDepay* self) {
  Impl& impl = self->impl;
  if (!impl.requests.pass(g_get_monotonic_time())) return;
  GST_DEBUG_OBJECT(self, "requesting a key picture");
  GST_OBJECT_LOCK(self);
  ++impl.counters.requests;
  GST_OBJECT_UNLOCK(self);
  gst_pad_push_event(GST_RTP_BASE_DEPAYLOAD_SINKPAD(self),
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, impl.request_count++));
}

// Gaps

bool has_segment(GstRtpCrlscDepay* self) {
  GstEvent* segment = gst_pad_get_sticky_event(GST_RTP_BASE_DEPAYLOAD_SRCPAD(self), GST_EVENT_SEGMENT, 0);
  if (segment == nullptr) return false;
  gst_event_unref(segment);
  return true;
}

void push_gap(GstRtpCrlscDepay* self, GstClockTime start, GstClockTime duration) {
  GstEvent* gap = gst_event_new_gap(start, duration);
  gst_event_set_gap_flags(gap, GST_GAP_FLAG_MISSING_DATA);
  gst_pad_push_event(GST_RTP_BASE_DEPAYLOAD_SRCPAD(self), gap);
}

// One gap for each of `missing` pictures, evenly between the last picture and the one at `pts`.
void push_missing(GstRtpCrlscDepay* self, guint64 missing, GstClockTime pts) {
  Impl& impl = self->impl;
  if (!GST_CLOCK_TIME_IS_VALID(pts) || !GST_CLOCK_TIME_IS_VALID(impl.last_pts) || pts <= impl.last_pts) return;
  const GstClockTime span = pts - impl.last_pts;
  impl.last_interval = span / (missing + 1);
  if (missing == 0 || !has_segment(self)) return;
  if (impl.last_interval < kMinInterval) {
    GST_DEBUG_OBJECT(self, "picture ids jumped by %" G_GUINT64_FORMAT, missing + 1);
    return;
  }
  const guint64 limit = std::clamp<guint64>(kMaxGapTime / impl.last_interval, 1, kMaxGaps);
  const guint64 count = std::min(missing, limit);
  const auto time = [&](guint64 k) { return impl.last_pts + gst_util_uint64_scale(span, k, missing + 1); };
  for (guint64 k = 1; k <= count; ++k) {
    const GstClockTime end = k == count ? pts : time(k + 1);
    push_gap(self, time(k), end - time(k));
  }
  GST_OBJECT_LOCK(self);
  impl.counters.missing += count;
  GST_OBJECT_UNLOCK(self);
}

// Pictures

GstBuffer* make_buffer(ReceivedPicture&& picture, GstClockTime pts, bool discontinuity) {
  auto* units = new Bytes(std::move(picture.units));
  GstBuffer* buffer =
      gst_buffer_new_wrapped_full(static_cast<GstMemoryFlags>(0), units->data(), units->size(), 0, units->size(), units,
                                  [](gpointer p) { delete static_cast<Bytes*>(p); });
  GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = pts;
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_MARKER);
  if (!picture.key) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (!picture.complete) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
  if (discontinuity) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  return buffer;
}

// Takes note of a loss, or of a complete key picture that ends the wait for one. Returns whether pictures may go on;
// one that may not becomes a gap.
bool pass_wait(GstRtpCrlscDepay* self, bool lost, bool complete_key, const Settings& settings) {
  Impl& impl = self->impl;
  impl.waiting = settings.wait_for_keyframe && (impl.waiting || lost);
  if (complete_key) impl.waiting = false;
  if (impl.waiting || (lost && settings.request_keyframe)) request_key_picture(self);
  return !impl.waiting;
}

// What cannot be of this stream counts as a picture that never came.
void refuse(GstRtpCrlscDepay* self, const ReceivedPicture& picture, GstClockTime pts, const Error& error) {
  Impl& impl = self->impl;
  GST_LOG_OBJECT(self, "refusing picture %u: %s", picture.picture_id, error.what());
  GST_OBJECT_LOCK(self);
  ++impl.counters.refused;
  GST_OBJECT_UNLOCK(self);
  if (impl.warnings.pass(g_get_monotonic_time())) {
    GST_ELEMENT_WARNING(self, STREAM, WRONG_TYPE,
                        ("Leaving out a picture that is not of this stream: %s", error.what()), (nullptr));
  }
  if (!impl.stream.header) return;
  pass_wait(self, true, false, get_settings(self));
  // The key picture that a new size began with may be lost.
  if (error.kind() == crlsc::ErrorKind::kCorrupt) request_key_picture(self);
  push_missing(self, picture.missing_before, pts);
  impl.discontinuity = true;
  if (!GST_CLOCK_TIME_IS_VALID(pts) || !has_segment(self)) return;
  impl.last_pts = pts;
  push_gap(self, pts, impl.last_interval);
}

GstFlowReturn hand_on(GstRtpCrlscDepay* self, ReceivedPicture&& picture) {
  Impl& impl = self->impl;
  const GstClockTime arrival = picture.tag;
  const GstClockTime pts = GST_CLOCK_TIME_IS_VALID(arrival)
                               ? arrival + gst_util_uint64_scale(picture.tag_offset, GST_SECOND, kClockRate)
                               : GST_CLOCK_TIME_NONE;
  try {
    const auto header = find_header(impl.stream, picture.units);
    if (header) use_header(self, *header);
  } catch (const Error& error) {
    refuse(self, picture, pts, error);
    return GST_FLOW_OK;
  }
  if (!impl.stream.header) {
    GST_LOG_OBJECT(self, "dropping picture %u: no sequence header yet", picture.picture_id);
    request_key_picture(self);
    return GST_FLOW_OK;
  }
  push_missing(self, picture.missing_before, pts);
  impl.discontinuity |= picture.missing_before > 0;
  if (GST_CLOCK_TIME_IS_VALID(pts)) impl.last_pts = pts;
  const bool lost = picture.missing_before > 0 || !picture.complete;
  if (!pass_wait(self, lost, picture.key && picture.complete, get_settings(self))) {
    GST_LOG_OBJECT(self, "dropping picture %u: waiting for a key picture", picture.picture_id);
    impl.discontinuity = true;
    if (GST_CLOCK_TIME_IS_VALID(pts) && has_segment(self)) push_gap(self, pts, impl.last_interval);
    return GST_FLOW_OK;
  }
  GST_LOG_OBJECT(self, "picture %u, %" G_GSIZE_FORMAT " bytes, %s", picture.picture_id, picture.units.size(),
                 picture.complete ? "complete" : "partial");
  GstBuffer* buffer = make_buffer(std::move(picture), pts, impl.discontinuity);
  impl.discontinuity = false;
  return gst_rtp_base_depayload_push(&self->parent, buffer);
}

void hand_on_all(GstRtpCrlscDepay* self, std::vector<ReceivedPicture>&& pictures) {
  GST_OBJECT_LOCK(self);
  self->impl.counters.reassembler = self->impl.reassembler.stats();
  GST_OBJECT_UNLOCK(self);
  for (ReceivedPicture& picture : pictures) {
    if (hand_on(self, std::move(picture)) != GST_FLOW_OK) break;
  }
}

void drain(GstRtpCrlscDepay* self) { hand_on_all(self, self->impl.reassembler.drain()); }

void flush(Impl& impl) {
  impl.reassembler.flush();
  impl.numbering = {};
  impl.last_pts = impl.last_interval = GST_CLOCK_TIME_NONE;
}

// Packets

// Extends the 16-bit number. When the sender has started anew, what there was before is handed on first.
guint64 extend_sequence(GstRtpCrlscDepay* self, guint16 sequence, guint32 ssrc) {
  Numbering& numbering = self->impl.numbering;
  const auto difference = static_cast<gint16>(sequence - static_cast<guint16>(numbering.highest));
  if (numbering.started && (ssrc != numbering.ssrc || difference < -kRestartDistance)) {
    GST_DEBUG_OBJECT(self, "the sender started anew");
    drain(self);
    self->impl.reassembler.flush();
    numbering.started = false;
  }
  if (!numbering.started) {
    numbering = {true, ssrc, (guint64{1} << 32) + sequence};
    return numbering.highest;
  }
  const guint64 extended = numbering.highest + static_cast<guint64>(static_cast<gint64>(difference));
  numbering.highest = std::max(numbering.highest, extended);
  return extended;
}

GstBuffer* process(GstRTPBaseDepayload* base, GstRTPBuffer* rtp) {
  return crlsc::guard(GST_ELEMENT(base), static_cast<GstBuffer*>(nullptr), [&] {
    GstRtpCrlscDepay* self = GST_RTP_CRLSC_DEPAY(base);
    Impl& impl = self->impl;
    impl.reassembler.set_delivery(delivery(get_settings(self).deliver));
    crlsc::ReceivedPacket packet;
    packet.payload = {static_cast<const uint8_t*>(gst_rtp_buffer_get_payload(rtp)),
                      gst_rtp_buffer_get_payload_len(rtp)};
    packet.sequence = extend_sequence(self, gst_rtp_buffer_get_seq(rtp), gst_rtp_buffer_get_ssrc(rtp));
    packet.timestamp = gst_rtp_buffer_get_timestamp(rtp);
    packet.tag = GST_BUFFER_PTS(rtp->buffer);
    std::vector<ReceivedPicture> pictures;
    try {
      pictures = impl.reassembler.push(packet);
    } catch (const Error& error) {
      GST_WARNING_OBJECT(self, "dropping packet %u: %s", gst_rtp_buffer_get_seq(rtp), error.what());
    }
    hand_on_all(self, std::move(pictures));
    return static_cast<GstBuffer*>(nullptr);
  });
}

// Picture ids tell what is missing; this only counts.
gboolean packet_lost(GstRTPBaseDepayload* base, GstEvent* event) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&] {
    GstRtpCrlscDepay* self = GST_RTP_CRLSC_DEPAY(base);
    const GstStructure* fields = gst_event_get_structure(event);
    GST_DEBUG_OBJECT(self, "%" GST_PTR_FORMAT, static_cast<const void*>(fields));
    gboolean perhaps_no_video = FALSE;
    gst_structure_get_boolean(fields, "might-have-been-fec", &perhaps_no_video);
    GST_OBJECT_LOCK(self);
    self->impl.counters.lost_packets += perhaps_no_video ? 0 : 1;
    GST_OBJECT_UNLOCK(self);
    return TRUE;
  });
}

// Events and states

gboolean handle_event(GstRTPBaseDepayload* base, GstEvent* event) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&] {
    GstRtpCrlscDepay* self = GST_RTP_CRLSC_DEPAY(base);
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) drain(self);
    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) flush(self->impl);
    return GST_RTP_BASE_DEPAYLOAD_CLASS(gst_rtp_crlsc_depay_parent_class)->handle_event(base, event);
  });
}

void reset(GstRtpCrlscDepay* self) {
  Impl& impl = self->impl;
  flush(impl);
  impl.reassembler = crlsc::Reassembler();
  impl.stream = {};
  impl.warnings.reset();
  impl.discontinuity = false;
  impl.requests.reset();
  impl.request_count = 0;
  GST_OBJECT_LOCK(self);
  impl.waiting = impl.settings.wait_for_keyframe;
  impl.counters = {};
  GST_OBJECT_UNLOCK(self);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  return crlsc::guard(element, GST_STATE_CHANGE_FAILURE, [&] {
    GstElementClass* parent = GST_ELEMENT_CLASS(gst_rtp_crlsc_depay_parent_class);
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) reset(GST_RTP_CRLSC_DEPAY(element));
    const GstStateChangeReturn result = parent->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) flush(GST_RTP_CRLSC_DEPAY(element)->impl);
    return result;
  });
}

// Properties

GstStructure* make_stats(const Counters& counters) {
  const crlsc::ReassemblerStats& stats = counters.reassembler;
  return gst_structure_new("application/x-crlsc-picture-stats", "packets", G_TYPE_UINT64, guint64{stats.packets},
                           "corrupt-packets", G_TYPE_UINT64, guint64{stats.corrupt}, "duplicate-packets", G_TYPE_UINT64,
                           guint64{stats.duplicates}, "late-packets", G_TYPE_UINT64, guint64{stats.late},
                           "lost-packets", G_TYPE_UINT64, counters.lost_packets, "pictures", G_TYPE_UINT64,
                           guint64{stats.pictures}, "partial-pictures", G_TYPE_UINT64, guint64{stats.partial},
                           "withheld-pictures", G_TYPE_UINT64, guint64{stats.withheld}, "missing-pictures",
                           G_TYPE_UINT64, counters.missing, "keyframe-requests", G_TYPE_UINT64, counters.requests,
                           "refused-pictures", G_TYPE_UINT64, counters.refused, nullptr);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  GstRtpCrlscDepay* self = GST_RTP_CRLSC_DEPAY(object);
  Settings& settings = self->impl.settings;
  GST_OBJECT_LOCK(self);
  switch (id) {
    case kPropDeliver:
      settings.deliver = static_cast<GstRtpCrlscDelivery>(g_value_get_enum(value));
      break;
    case kPropWaitForKeyframe:
      settings.wait_for_keyframe = g_value_get_boolean(value);
      break;
    case kPropRequestKeyframe:
      settings.request_keyframe = g_value_get_boolean(value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  GST_OBJECT_UNLOCK(self);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  GstRtpCrlscDepay* self = GST_RTP_CRLSC_DEPAY(object);
  GST_OBJECT_LOCK(self);
  const Settings settings = self->impl.settings;
  const Counters counters = self->impl.counters;
  GST_OBJECT_UNLOCK(self);
  switch (id) {
    case kPropDeliver:
      g_value_set_enum(value, settings.deliver);
      break;
    case kPropWaitForKeyframe:
      g_value_set_boolean(value, settings.wait_for_keyframe);
      break;
    case kPropRequestKeyframe:
      g_value_set_boolean(value, settings.request_keyframe);
      break;
    case kPropPictureStats:
      g_value_take_boxed(value, make_stats(counters));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

void finalize(GObject* object) {
  GST_RTP_CRLSC_DEPAY(object)->impl.~Impl();
  G_OBJECT_CLASS(gst_rtp_crlsc_depay_parent_class)->finalize(object);
}

void install_properties(GObjectClass* object_class) {
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  /**
   * GstRtpCrlscDepay:deliver:
   *
   * Which pictures are handed on when packets are lost.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropDeliver,
                                  g_param_spec_enum("deliver", "Deliver", "Which pictures are handed on",
                                                    GST_TYPE_RTP_CRLSC_DELIVERY, kDefaultDeliver, flags));
  /**
   * GstRtpCrlscDepay:wait-for-keyframe:
   *
   * Hand on nothing from a loss to the next complete key picture, nor before the first one. The stream also heals
   * without key pictures.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropWaitForKeyframe,
                                  g_param_spec_boolean("wait-for-keyframe", "Wait for Keyframe",
                                                       "Wait for the next keyframe after packet loss", FALSE, flags));
  /**
   * GstRtpCrlscDepay:request-keyframe:
   *
   * Ask upstream for a key picture after a loss, at most once in 500 ms. While nothing can be handed on without one,
   * it is asked for in any case.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropRequestKeyframe,
      g_param_spec_boolean("request-keyframe", "Request Keyframe", "Request new keyframe when packet loss is detected",
                           FALSE, flags));
  /**
   * GstRtpCrlscDepay:picture-stats:
   *
   * Counters since READY, all guint64: packets, corrupt-packets, duplicate-packets, late-packets, lost-packets (as told
   * by a jitter buffer), pictures, partial-pictures, withheld-pictures, missing-pictures, keyframe-requests,
   * refused-pictures (of another model or version than the stream).
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropPictureStats,
      g_param_spec_boxed("picture-stats", "Picture stats", "Counters of packets and pictures", GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

}  // namespace

static void gst_rtp_crlsc_depay_class_init(GstRtpCrlscDepayClass* klass) {
  GST_DEBUG_CATEGORY_INIT(rtpcrlscdepay_debug, "rtpcrlscdepay", 0, "CRLSC RTP depayloader");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_properties(object_class);
  gst_type_mark_as_plugin_api(GST_TYPE_RTP_CRLSC_DELIVERY, static_cast<GstPluginAPIFlags>(0));

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "RTP CRLSC depayloader", "Codec/Depayloader/Network/RTP",
                                        "Takes CRLSC semantic video out of RTP packets", "CRLSC contributors");

  GstRTPBaseDepayloadClass* depay_class = GST_RTP_BASE_DEPAYLOAD_CLASS(klass);
  depay_class->set_caps = set_caps;
  depay_class->process_rtp_packet = process;
  depay_class->packet_lost = packet_lost;
  depay_class->handle_event = handle_event;
}

static void gst_rtp_crlsc_depay_init(GstRtpCrlscDepay* self) {
  // GObject fills instances with zeros and knows nothing of constructors.
  new (&self->impl) Impl();
}
