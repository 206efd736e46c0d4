// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-rtpcrlscpay
 * @title: rtpcrlscpay
 * @short_description: puts CRLSC video into RTP packets
 *
 * Cuts each access unit into RTP packets at the borders of its units, so that a lost packet costs its own units and
 * nothing else. The most useful units go first: sequence header, semantic units, layer 0, then the higher layers. The
 * format is described in docs/payload-format.md.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! video/x-raw,width=320,height=240,framerate=10/1 ! crlscenc !
 * rtpcrlscpay ! udpsink host=127.0.0.1 port=5004
 * ]| Sends a test picture at 20 kbit/s.
 *
 * Since: 0.1
 */
#include "gstrtpcrlscpay.h"

#include <gst/rtp/rtp.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/bitstream/unit.h"
#include "core/rtp/aggregation.h"
#include "core/rtp/packetizer.h"
#include "crlsc/caps.h"
#include "crlsc/guard.h"
#include "crlsc/maps.h"
#include "extension_room.h"
#include "packet_buffer.h"
#include "pay_properties.h"

GST_DEBUG_CATEGORY_STATIC(rtpcrlscpay_debug);
GST_DEBUG_CATEGORY_STATIC(performance_debug);
#define GST_CAT_DEFAULT rtpcrlscpay_debug

namespace {

using crlsc::Bytes;
using crlsc::ByteView;
using crlsc::Error;
using crlsc::ErrorKind;
using crlsc::Owned;
using crlsc::PaySettings;
using crlsc::RtpPacket;

constexpr guint kClockRate = 90000;

// A picture on its way into packets.
struct Picture {
  Owned<GstBuffer> buffer;
  Bytes sequence_header;  // to be sent in front of it, empty for none
  uint16_t id = 0;
  crlsc::AggregationPlan::Item item;  // with the running time
};

struct Impl {
  PaySettings settings;  // under the object lock

  std::atomic<int> picture_id{0};

  // Under the sink pad's stream lock.
  Bytes sequence_header;  // the latest one, as a whole unit
  uint8_t model_tag = 0;
  uint8_t kb_epoch = 0;
  GstClockTime last_config = GST_CLOCK_TIME_NONE;  // running time of the sequence header sent last
  crlsc::ExtensionRoom extensions;
  std::vector<Picture> waiting;  // for others to share a packet
  crlsc::AggregationPlan plan;   // of the pictures that wait
  guint round = 0;               // counts packets that were waited for
  GstClockID deadline = nullptr;
};

}  // namespace

struct _GstRtpCrlscPay {
  GstRTPBasePayload parent;
  Impl impl;
};

G_DEFINE_TYPE(GstRtpCrlscPay, gst_rtp_crlsc_pay, GST_TYPE_RTP_BASE_PAYLOAD)
GST_ELEMENT_REGISTER_DEFINE(rtpcrlscpay, "rtpcrlscpay", GST_RANK_SECONDARY, GST_TYPE_RTP_CRLSC_PAY)

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS("video/x-crlsc, stream-format=(string)packetized, alignment=(string)au"));

GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("application/x-rtp, media=(string)video, encoding-name=(string)CRLSC, clock-rate=(int)90000, "
                    "payload=(int)" GST_RTP_PAYLOAD_DYNAMIC_STRING));

PaySettings get_settings(GstRtpCrlscPay* self) {
  GST_OBJECT_LOCK(self);
  const PaySettings settings = self->impl.settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

// Sequence headers and ids

void next_picture_id(Impl& impl) { impl.picture_id = (impl.picture_id + 1) & crlsc::kPictureIdMask; }

void remember_header(Impl& impl, const crlsc::SequenceHeader& header, ByteView unit) {
  impl.sequence_header.assign(unit.begin(), unit.end());
  impl.model_tag = header.model_id[0];
  impl.kb_epoch = header.knowledge ? header.knowledge->epoch : 0;
}

struct Contents {
  bool key = false;
  bool has_header = false;
};

// Looks for what decides about a sequence header; a header that is found replaces the one from the caps.
Contents look_through(Impl& impl, ByteView bytes) {
  const crlsc::AccessUnitView access_unit = crlsc::parse_access_unit(bytes);
  const crlsc::UnitView* header = access_unit.sequence_header();
  if (header != nullptr) remember_header(impl, crlsc::parse_sequence_header(header->payload), header->bytes);
  return {access_unit.key().value_or(false), header != nullptr};
}

// The sequence header to be sent in front of this picture, empty for none.
Bytes header_to_insert(GstRtpCrlscPay* self, const Contents& contents, int interval, GstClockTime pts) {
  Impl& impl = self->impl;
  const GstClockTime now = gst_segment_to_running_time(&self->parent.segment, GST_FORMAT_TIME, pts);
  bool due = interval < 0 && contents.key;
  if (interval > 0) {
    due = !GST_CLOCK_TIME_IS_VALID(impl.last_config) ||
          (GST_CLOCK_TIME_IS_VALID(now) && now >= impl.last_config + static_cast<guint64>(interval) * GST_SECOND);
  }
  if (!due && !contents.has_header) return {};
  impl.last_config = now;
  return contents.has_header ? Bytes() : impl.sequence_header;
}

// Room

// Bytes that a payload may have. Throws Error(kSettings) when none are left.
size_t payload_room(GstRtpCrlscPay* self, GstBuffer* buffer) {
  GstRTPBasePayload* base = &self->parent;
  GST_OBJECT_LOCK(self);
  const guint mtu = GST_RTP_BASE_PAYLOAD_MTU(base);
  GST_OBJECT_UNLOCK(self);
  const guint sources = gst_rtp_base_payload_get_source_count(base, buffer);
  Owned<GstCaps> caps(gst_pad_get_current_caps(GST_RTP_BASE_PAYLOAD_SRCPAD(base)));
  const guint taken = gst_rtp_buffer_calc_header_len(static_cast<guint8>(std::min(sources, 15U))) +
                      self->impl.extensions.bytes(std::move(caps), buffer);
  if (mtu < taken + crlsc::kMinPayloadSize) {
    throw Error(ErrorKind::kSettings, "an mtu of " + std::to_string(mtu) + " is too small: RTP headers take " +
                                          std::to_string(taken) + " bytes and a payload needs at least " +
                                          std::to_string(crlsc::kMinPayloadSize));
  }
  return mtu - taken;
}

// Packets

crlsc::PacketizerSettings packet_settings(GstRtpCrlscPay* self, const Picture& picture) {
  const PaySettings settings = get_settings(self);
  crlsc::PacketizerSettings out;
  out.max_payload = payload_room(self, picture.buffer.get());
  out.picture_id = picture.id;
  out.kb_epoch = self->impl.kb_epoch;
  out.model_tag = self->impl.model_tag;
  out.max_layers = static_cast<int>(settings.max_layers);
  out.separate_base = settings.separate_base;
  return out;
}

GstFlowReturn push_packets(GstRtpCrlscPay* self, const std::vector<RtpPacket>& packets, GstBuffer* in,
                           ByteView mapped) {
  GstRTPBasePayload* base = &self->parent;
  Owned<GstBufferList> list(gst_buffer_list_new_sized(static_cast<guint>(packets.size())));
  for (const RtpPacket& packet : packets) {
    gst_buffer_list_add(list.get(), crlsc::make_packet_buffer(base, packet, in, mapped).release());
  }
  return gst_rtp_base_payload_push_list(base, list.release());
}

GstFlowReturn send_alone(GstRtpCrlscPay* self, const Picture& picture) {
  const crlsc::BufferMap map(picture.buffer.get(), GST_MAP_READ);
  const auto packets = crlsc::packetize(map.bytes(), packet_settings(self, picture), picture.sequence_header);
  return push_packets(self, packets, picture.buffer.get(), map.bytes());
}

// Aggregation

// Nothing waits any longer.
std::vector<Picture> take_waiting(Impl& impl) {
  if (impl.deadline != nullptr) {
    gst_clock_id_unschedule(impl.deadline);
    gst_clock_id_unref(impl.deadline);
    impl.deadline = nullptr;
  }
  ++impl.round;
  impl.plan.clear();
  return std::exchange(impl.waiting, {});
}

guint64 ticks(const Picture& picture) { return gst_util_uint64_scale_int(picture.item.time, kClockRate, GST_SECOND); }

// One packet for all of them; nothing if they do not fit into one any more.
std::optional<RtpPacket> aggregate(GstRtpCrlscPay* self, const std::vector<Picture>& pictures) {
  std::deque<crlsc::BufferMap> maps;
  std::vector<crlsc::AggregateItem> items;
  for (const Picture& picture : pictures) {
    maps.emplace_back(picture.buffer.get(), GST_MAP_READ);
    const auto offset = static_cast<uint32_t>(ticks(picture) - ticks(pictures.front()));
    items.push_back({maps.back().bytes(), offset, picture.sequence_header});
  }
  return crlsc::aggregate(items, packet_settings(self, pictures.front()));
}

// The packet lasts from the first picture to the end of the last one.
GstFlowReturn push_shared(GstRtpCrlscPay* self, const std::vector<Picture>& pictures, const RtpPacket& packet) {
  const crlsc::AggregationPlan::Item& first = pictures.front().item;
  const crlsc::AggregationPlan::Item& last = pictures.back().item;
  Owned<GstBuffer> buffer = crlsc::make_packet_buffer(&self->parent, packet, pictures.front().buffer.get(), {});
  GST_BUFFER_DURATION(buffer.get()) = last.duration ? last.time + *last.duration - first.time : GST_CLOCK_TIME_NONE;
  Owned<GstBufferList> list(gst_buffer_list_new_sized(1));
  gst_buffer_list_add(list.get(), buffer.release());
  return gst_rtp_base_payload_push_list(&self->parent, list.release());
}

GstFlowReturn send_waiting(GstRtpCrlscPay* self) {
  const std::vector<Picture> pictures = take_waiting(self->impl);
  const std::optional<RtpPacket> packet = pictures.size() > 1 ? aggregate(self, pictures) : std::nullopt;
  if (packet) {
    GST_LOG_OBJECT(self, "%" G_GSIZE_FORMAT " pictures in %" G_GSIZE_FORMAT " bytes", pictures.size(), packet->size());
    return push_shared(self, pictures, *packet);
  }
  GstFlowReturn flow = GST_FLOW_OK;
  for (size_t i = 0; i < pictures.size() && flow == GST_FLOW_OK; ++i) flow = send_alone(self, pictures[i]);
  return flow;
}

// In a thread of GStreamer's: the pictures that should share the packet did not come.
void on_late(GstElement* element, gpointer round) {
  GstPad* pad = GST_RTP_BASE_PAYLOAD_SINKPAD(element);
  GST_PAD_STREAM_LOCK(pad);
  crlsc::guard(
      element, GST_FLOW_ERROR,
      [&] {
        GstRtpCrlscPay* self = GST_RTP_CRLSC_PAY(element);
        return self->impl.round == GPOINTER_TO_UINT(round) ? send_waiting(self) : GST_FLOW_OK;
      },
      "mtu");
  GST_PAD_STREAM_UNLOCK(pad);
}

struct Alarm {
  GstElement* element;
  guint round;
};

// In the clock's thread, which others need, too.
gboolean on_deadline(GstClock*, GstClockTime, GstClockID, gpointer data) {
  const auto* alarm = static_cast<Alarm*>(data);
  gst_element_call_async(alarm->element, on_late, GUINT_TO_POINTER(alarm->round), nullptr);
  return TRUE;
}

// Sees to it that what waits in a live stream is sent in time, whether or not more comes.
void set_deadline(GstRtpCrlscPay* self, GstClockTime longest_wait) {
  Impl& impl = self->impl;
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  GstClockTime latency = 0;
  if (gst_pad_peer_query(GST_RTP_BASE_PAYLOAD_SINKPAD(self), query)) {
    gst_query_parse_latency(query, &live, &latency, nullptr);
  }
  gst_query_unref(query);
  GstClock* clock = live ? gst_element_get_clock(GST_ELEMENT(self)) : nullptr;
  if (clock == nullptr) return;
  const GstClockTime base = gst_element_get_base_time(GST_ELEMENT(self));
  impl.deadline = gst_clock_new_single_shot_id(clock, base + impl.plan.first_time() + latency + longest_wait);
  auto* alarm = new Alarm{GST_ELEMENT(gst_object_ref(self)), impl.round};
  gst_clock_id_wait_async(impl.deadline, on_deadline, alarm, [](gpointer data) {
    const auto* done = static_cast<Alarm*>(data);
    gst_object_unref(done->element);
    delete done;
  });
  gst_object_unref(clock);
}

GstFlowReturn add_waiting(GstRtpCrlscPay* self, Picture&& picture, const crlsc::AggregationPlan::Limits& limits) {
  Impl& impl = self->impl;
  impl.plan.add(picture.item);
  impl.waiting.push_back(std::move(picture));
  if (impl.plan.complete(limits)) return send_waiting(self);
  if (impl.waiting.size() == 1) set_deadline(self, limits.longest_wait);
  return GST_FLOW_OK;
}

// Pictures

// Whether the picture may share a packet with others: it is due at a known time, needs a single packet, and nobody
// waits for it.
bool may_wait(GstRtpCrlscPay* self, Picture& picture, const std::vector<RtpPacket>& packets) {
  const GstBuffer* buffer = picture.buffer.get();
  const GstClockTime time = gst_segment_to_running_time(&self->parent.segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  if (packets.size() > 1 || packets.front().fields.key || !GST_CLOCK_TIME_IS_VALID(time)) return false;
  picture.item.time = time;
  if (GST_BUFFER_DURATION_IS_VALID(buffer)) picture.item.duration = GST_BUFFER_DURATION(buffer);
  picture.item.size = packets.front().size() - packets.front().header.size();
  return true;
}

// Ids of pictures in one packet follow each other, and what precedes a discontinuity stays apart from what follows it.
bool may_join(const Impl& impl, const Picture& picture, const crlsc::AggregationPlan::Limits& limits) {
  if (impl.waiting.empty()) return true;
  const int next = (impl.waiting.back().id + 1) & crlsc::kPictureIdMask;
  return picture.id == next && !GST_BUFFER_IS_DISCONT(picture.buffer.get()) && impl.plan.takes(picture.item, limits);
}

// Throws Error(kCorrupt) if it cannot be sent; then nothing has happened.
GstFlowReturn take_picture(GstRtpCrlscPay* self, GstBuffer* in) {
  Impl& impl = self->impl;
  if (gst_buffer_n_memory(in) > 1) {
    GST_CAT_LOG_OBJECT(performance_debug, self, "copying an access unit of %u memories", gst_buffer_n_memory(in));
  }
  const crlsc::BufferMap map(in, GST_MAP_READ);
  const PaySettings settings = get_settings(self);
  Picture picture;
  picture.buffer.reset(gst_buffer_ref(in));
  picture.id = static_cast<uint16_t>(impl.picture_id);
  const Contents contents = look_through(impl, map.bytes());
  picture.sequence_header = header_to_insert(self, contents, settings.config_interval, GST_BUFFER_PTS(in));
  const crlsc::PacketizerSettings how = packet_settings(self, picture);
  const std::vector<RtpPacket> packets = crlsc::packetize(map.bytes(), how, picture.sequence_header);

  const crlsc::AggregationPlan::Limits limits{settings.longest_wait(), how.max_payload};
  const bool waits = settings.max_aggregation > 0 && may_wait(self, picture, packets) &&
                     crlsc::AggregationPlan().takes(picture.item, limits);
  GstFlowReturn flow = GST_FLOW_OK;
  if (!waits || !may_join(impl, picture, limits)) flow = send_waiting(self);
  next_picture_id(impl);
  if (flow != GST_FLOW_OK) return flow;
  return waits ? add_waiting(self, std::move(picture), limits) : push_packets(self, packets, in, map.bytes());
}

GstFlowReturn handle_buffer(GstRTPBasePayload* base, GstBuffer* buffer) {
  GstRtpCrlscPay* self = GST_RTP_CRLSC_PAY(base);
  const Owned<GstBuffer> in(buffer);
  return crlsc::guard(
      GST_ELEMENT(base), GST_FLOW_ERROR,
      [&] {
        try {
          return take_picture(self, buffer);
        } catch (const Error& error) {
          if (error.kind() == ErrorKind::kSettings) throw;
          GST_WARNING_OBJECT(self, "dropping an access unit: %s", error.what());
        }
        // A picture that was dropped here is missing for the receiver, too.
        next_picture_id(self->impl);
        return GST_FLOW_OK;
      },
      "mtu");
}

// Caps

void set_text(GstStructure* fields, const char* name, const std::string& value) {
  gst_structure_set(fields, name, G_TYPE_STRING, value.c_str(), nullptr);
}

std::string base64(ByteView bytes) {
  gchar* text = g_base64_encode(bytes.data(), bytes.size());
  std::string out(text);
  g_free(text);
  return out;
}

// SDP carries caps fields only if they are strings with lower-case names.
void set_format_parameters(GstStructure* fields, const Impl& impl, const crlsc::StreamCaps& stream) {
  set_text(fields, "version", std::to_string(crlsc::kBitstreamVersion));
  if (stream.model) set_text(fields, "model", crlsc::to_hex(*stream.model));
  if (!stream.header) return;
  const crlsc::SequenceHeader& header = *stream.header;
  set_text(fields, "layers", std::to_string(header.layers));
  set_text(fields, "width", std::to_string(header.width));
  set_text(fields, "height", std::to_string(header.height));
  set_text(fields, "framerate", std::to_string(header.framerate_num) + "/" + std::to_string(header.framerate_den));
  if (header.knowledge) {
    set_text(fields, "kb", crlsc::to_hex(header.knowledge->id));
    set_text(fields, "kb-epoch", std::to_string(header.knowledge->epoch));
  }
  set_text(fields, "config", base64(impl.sequence_header));
}

void take_codec_data(Impl& impl, const GstCaps* caps) {
  const GValue* value = gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
  const crlsc::BufferMap map(gst_value_get_buffer(value), GST_MAP_READ);
  look_through(impl, map.bytes());
}

gboolean set_caps(GstRTPBasePayload* base, GstCaps* caps) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    GstRtpCrlscPay* self = GST_RTP_CRLSC_PAY(base);
    Owned<GstStructure> fields(gst_structure_new("parameters", "rtcp-fb-nack", G_TYPE_BOOLEAN, TRUE, "rtcp-fb-nack-pli",
                                                 G_TYPE_BOOLEAN, TRUE, "rtcp-fb-ccm-fir", G_TYPE_BOOLEAN, TRUE,
                                                 nullptr));
    try {
      const crlsc::StreamCaps stream = crlsc::parse_caps(caps);
      self->impl.sequence_header.clear();
      if (stream.header) take_codec_data(self->impl, caps);
      set_format_parameters(fields.get(), self->impl, stream);
    } catch (const Error& error) {
      GST_WARNING_OBJECT(self, "refusing caps %" GST_PTR_FORMAT ": %s", static_cast<void*>(caps), error.what());
      return FALSE;
    }
    gst_rtp_base_payload_set_options(base, "video", TRUE, "CRLSC", kClockRate);
    return gst_rtp_base_payload_set_outcaps_structure(base, fields.get());
  });
}

// Events, queries and states

// Events keep their place in the stream: what waits goes out before them.
gboolean sink_event(GstRTPBasePayload* base, GstEvent* event) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&] {
    GstRtpCrlscPay* self = GST_RTP_CRLSC_PAY(base);
    Impl& impl = self->impl;
    const GstEventType type = GST_EVENT_TYPE(event);
    if (GST_EVENT_IS_SERIALIZED(event) && type != GST_EVENT_FLUSH_STOP) send_waiting(self);
    // The receiver learns of pictures that were lost on the way to here from the jump of the picture id.
    if (type == GST_EVENT_GAP || type == GST_EVENT_FLUSH_START) next_picture_id(impl);
    if (type == GST_EVENT_FLUSH_STOP) {
      take_waiting(impl);
      impl.last_config = GST_CLOCK_TIME_NONE;
    }
    return GST_RTP_BASE_PAYLOAD_CLASS(gst_rtp_crlsc_pay_parent_class)->sink_event(base, event);
  });
}

gboolean source_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  return crlsc::guard(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    if (!gst_pad_query_default(pad, parent, query)) return FALSE;
    if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return TRUE;
    const GstClockTime wait = get_settings(GST_RTP_CRLSC_PAY(parent)).longest_wait();
    gboolean live = FALSE;
    GstClockTime least = 0;
    GstClockTime most = GST_CLOCK_TIME_NONE;
    gst_query_parse_latency(query, &live, &least, &most);
    gst_query_set_latency(query, live, least + wait, GST_CLOCK_TIME_IS_VALID(most) ? most + wait : most);
    return TRUE;
  });
}

void reset(GstRtpCrlscPay* self) {
  Impl& impl = self->impl;
  const int offset = get_settings(self).picture_id_offset;
  GST_PAD_STREAM_LOCK(GST_RTP_BASE_PAYLOAD_SINKPAD(self));
  take_waiting(impl);
  impl.picture_id = offset < 0 ? g_random_int_range(0, crlsc::kPictureIdMask + 1) : offset;
  impl.sequence_header.clear();
  impl.model_tag = impl.kb_epoch = 0;
  impl.last_config = GST_CLOCK_TIME_NONE;
  impl.extensions.clear();
  GST_PAD_STREAM_UNLOCK(GST_RTP_BASE_PAYLOAD_SINKPAD(self));
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  return crlsc::guard(element, GST_STATE_CHANGE_FAILURE, [&] {
    GstElementClass* parent = GST_ELEMENT_CLASS(gst_rtp_crlsc_pay_parent_class);
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) reset(GST_RTP_CRLSC_PAY(element));
    const GstStateChangeReturn result = parent->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) reset(GST_RTP_CRLSC_PAY(element));
    return result;
  });
}

// Properties

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  GstRtpCrlscPay* self = GST_RTP_CRLSC_PAY(object);
  PaySettings& settings = self->impl.settings;
  GST_OBJECT_LOCK(self);
  const guint aggregation = settings.max_aggregation;
  if (id == crlsc::kPayMtu) {
    self->parent.mtu = g_value_get_uint(value);
  } else if (!crlsc::set_pay_property(settings, id, value)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  const bool latency_changed = aggregation != settings.max_aggregation;
  GST_OBJECT_UNLOCK(self);
  if (latency_changed) gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  GstRtpCrlscPay* self = GST_RTP_CRLSC_PAY(object);
  GST_OBJECT_LOCK(self);
  if (id == crlsc::kPayMtu) {
    g_value_set_uint(value, self->parent.mtu);
  } else if (id == crlsc::kPayPictureId) {
    g_value_set_int(value, self->impl.picture_id);
  } else if (!crlsc::get_pay_property(self->impl.settings, id, value)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  GST_OBJECT_UNLOCK(self);
}

void finalize(GObject* object) {
  GST_RTP_CRLSC_PAY(object)->impl.~Impl();
  G_OBJECT_CLASS(gst_rtp_crlsc_pay_parent_class)->finalize(object);
}

}  // namespace

static void gst_rtp_crlsc_pay_class_init(GstRtpCrlscPayClass* klass) {
  GST_DEBUG_CATEGORY_INIT(rtpcrlscpay_debug, "rtpcrlscpay", 0, "CRLSC RTP payloader");
  GST_DEBUG_CATEGORY_GET(performance_debug, "GST_PERFORMANCE");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  crlsc::install_pay_properties(object_class);

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "RTP CRLSC payloader", "Codec/Payloader/Network/RTP",
                                        "Puts CRLSC semantic video into RTP packets", "CRLSC contributors");

  GstRTPBasePayloadClass* pay_class = GST_RTP_BASE_PAYLOAD_CLASS(klass);
  pay_class->set_caps = set_caps;
  pay_class->handle_buffer = handle_buffer;
  pay_class->sink_event = sink_event;
}

static void gst_rtp_crlsc_pay_init(GstRtpCrlscPay* self) {
  // GObject fills instances with zeros and knows nothing of constructors.
  new (&self->impl) Impl();
  self->parent.mtu = crlsc::kDefaultMtu;
  // The base class answers queries of the sink pad only.
  gst_pad_set_query_function(GST_RTP_BASE_PAYLOAD_SRCPAD(self), source_query);
}
