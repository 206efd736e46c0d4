// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-crlscchannel
 * @title: crlscchannel
 * @short_description: a lossy link inside a pipeline
 *
 * Loses and damages packets as a bad link does, without delay and without sockets: bit errors of BPSK, QPSK or 16-QAM
 * in Gaussian noise or Rayleigh fading, and packet loss, uniform or in bursts. Buffers of any caps are its packets, so
 * every codec behind its payloader can be sent over the same channel. The same seed, settings and packets have the same
 * fate, however they are timed and grouped into lists. As long as no property is set, everything passes.
 *
 * The models are documented in gst/core/channel/channel.h and docs/elements/crlscchannel.md.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=50 ! video/x-raw,width=160,height=120,framerate=10/1 ! crlscenc !
 * rtpcrlscpay mtu=200 ! crlscchannel loss=0.1 seed=7 ! rtpcrlscdepay ! crlscdec ! fakesink
 * ]| Loses a tenth of the packets.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=50 ! video/x-raw,width=160,height=120,framerate=10/1 ! crlscenc !
 * rtpcrlscpay mtu=200 ! crlscchannel snr=20 modulation=bpsk fading=rayleigh unequal-protection=true !
 * rtpcrlscdepay ! crlscdec ! fakesink
 * ]| Packets fade one by one; those of the base layer are protected.
 *
 * Since: 0.1
 */
#include "gstcrlscchannel.h"

#include <gst/rtp/rtp.h>

#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "channel_properties.h"
#include "core/channel/channel.h"
#include "crlsc/guard.h"
#include "crlsc/maps.h"

GST_DEBUG_CATEGORY_STATIC(crlscchannel_debug);
GST_DEBUG_CATEGORY_STATIC(performance_debug);
#define GST_CAT_DEFAULT crlscchannel_debug

namespace {

using crlsc::ChannelProperties;
using crlsc::ChannelSettings;
using crlsc::ChannelStats;
using crlsc::Error;
using crlsc::ErrorKind;

constexpr guint kPropStats = crlsc::kLastChannelProperty + 1;

struct Unref {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
  void operator()(GstBufferList* list) const { gst_buffer_list_unref(list); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

// Exceptions unlock it, too.
class ObjectLock {
 public:
  explicit ObjectLock(GObject* object) : object_(object) { GST_OBJECT_LOCK(object_); }
  ~ObjectLock() { GST_OBJECT_UNLOCK(object_); }
  ObjectLock(const ObjectLock&) = delete;
  ObjectLock& operator=(const ObjectLock&) = delete;

 private:
  GObject* object_;
};

struct Impl {
  // Under the object lock.
  ChannelProperties properties;
  ChannelStats stats;

  // Streaming thread only.
  crlsc::Channel channel;
  bool rtp = false;  // packets have an RTP header, by their caps
};

}  // namespace

// No GstBaseTransform: that takes buffer lists apart, and this has to hand them on as lists, less what is lost.
struct _GstCrlscChannel {
  GstElement parent;
  GstPad* sink;
  GstPad* src;
  Impl impl;
};

G_DEFINE_TYPE(GstCrlscChannel, gst_crlsc_channel, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(crlscchannel, "crlscchannel", GST_RANK_NONE, GST_TYPE_CRLSC_CHANNEL)

namespace {

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

// Packets

// Bytes of the RTP header, CSRC list and extensions included; 0 if it cannot be read.
gsize rtp_header_size(GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  const auto flags = static_cast<GstMapFlags>(GST_MAP_READ | guint{GST_RTP_BUFFER_MAP_FLAG_SKIP_PADDING});
  if (!gst_rtp_buffer_map(buffer, flags, &rtp)) return 0;
  const gsize size = gst_rtp_buffer_get_header_len(&rtp);
  gst_rtp_buffer_unmap(&rtp);
  return size;
}

// The memory may belong to others, such as a queue for retransmission: they keep what they have.
Owned<GstBuffer> damaged_copy(GstBuffer* buffer, const std::vector<crlsc::ByteError>& errors) {
  Owned<GstBuffer> copy(gst_buffer_copy_deep(buffer));
  if (!copy) throw Error(ErrorKind::kWrite, "cannot copy a packet to damage it");
  crlsc::BufferMap map(copy.get(), GST_MAP_READWRITE);
  for (const crlsc::ByteError& error : errors) map.data()[error.offset] ^= error.mask;
  return copy;
}

// What comes out of the channel; null if the packet is lost.
Owned<GstBuffer> transmit(GstCrlscChannel* self, Owned<GstBuffer> buffer) {
  Impl& impl = self->impl;
  GST_OBJECT_LOCK(self);
  const ChannelSettings settings = impl.properties.settings;
  GST_OBJECT_UNLOCK(self);
  crlsc::ChannelPacket packet;
  packet.size = gst_buffer_get_size(buffer.get());
  packet.important = GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_NON_DROPPABLE);
  if (impl.rtp && settings.error_action == crlsc::ErrorAction::kDeliver) packet.intact = rtp_header_size(buffer.get());

  crlsc::Passage passage = impl.channel.admit(settings, packet);
  if (passage.noisy) {
    if (gst_buffer_n_memory(buffer.get()) > 1) {
      GST_CAT_LOG_OBJECT(performance_debug, self, "copying a packet of %u memories", gst_buffer_n_memory(buffer.get()));
    }
    std::vector<crlsc::ByteError> errors;
    {
      const crlsc::BufferMap map(buffer.get(), GST_MAP_READ);
      errors = impl.channel.corrupt(settings, passage, map.bytes());
    }
    if (!passage.lost && !errors.empty()) buffer = damaged_copy(buffer.get(), errors);
  }
  GST_OBJECT_LOCK(self);
  impl.stats = impl.channel.stats();
  GST_OBJECT_UNLOCK(self);
  if (!passage.lost) return buffer;
  GST_LOG_OBJECT(self, "packet %" G_GUINT64_FORMAT " of %" G_GSIZE_FORMAT " bytes is lost", guint64{passage.number},
                 packet.size);
  return nullptr;
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) {
  GstCrlscChannel* self = GST_CRLSC_CHANNEL(parent);
  Owned<GstBuffer> in(buffer);
  return crlsc::guard(GST_ELEMENT(parent), GST_FLOW_ERROR, [&] {
    Owned<GstBuffer> out = transmit(self, std::move(in));
    return out ? gst_pad_push(self->src, out.release()) : GST_FLOW_OK;
  });
}

GstFlowReturn chain_list(GstPad*, GstObject* parent, GstBufferList* list) {
  GstCrlscChannel* self = GST_CRLSC_CHANNEL(parent);
  Owned<GstBufferList> in(list);
  return crlsc::guard(GST_ELEMENT(parent), GST_FLOW_ERROR, [&] {
    const guint length = gst_buffer_list_length(list);
    Owned<GstBufferList> out(gst_buffer_list_new_sized(length));
    for (guint i = 0; i < length; ++i) {
      Owned<GstBuffer> buffer = transmit(self, Owned<GstBuffer>(gst_buffer_ref(gst_buffer_list_get(list, i))));
      if (buffer) gst_buffer_list_add(out.get(), buffer.release());
    }
    // Else its buffers would have two owners, and downstream had to copy them to write.
    in.reset();
    return gst_buffer_list_length(out.get()) > 0 ? gst_pad_push_list(self->src, out.release()) : GST_FLOW_OK;
  });
}

// Events and states

gboolean sink_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(event, &caps);
    const GstStructure* fields = gst_caps_get_structure(caps, 0);
    GST_CRLSC_CHANNEL(parent)->impl.rtp =
        gst_structure_has_name(fields, "application/x-rtp") || gst_structure_has_name(fields, "application/x-srtp");
  }
  return gst_pad_event_default(pad, parent, event);
}

// Throws Error(kSettings).
void check_properties(GstCrlscChannel* self) {
  GST_OBJECT_LOCK(self);
  const std::string text = self->impl.properties.drop_pattern;
  GST_OBJECT_UNLOCK(self);
  const crlsc::DropPattern readable(text);
}

void reset(GstCrlscChannel* self) {
  self->impl.channel = crlsc::Channel();
  self->impl.rtp = false;
  GST_OBJECT_LOCK(self);
  self->impl.stats = {};
  GST_OBJECT_UNLOCK(self);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  return crlsc::guard(
      element, GST_STATE_CHANGE_FAILURE,
      [&] {
        if (transition == GST_STATE_CHANGE_NULL_TO_READY) check_properties(GST_CRLSC_CHANNEL(element));
        if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) reset(GST_CRLSC_CHANNEL(element));
        return GST_ELEMENT_CLASS(gst_crlsc_channel_parent_class)->change_state(element, transition);
      },
      "drop-pattern");
}

// Properties

double ratio(guint64 part, guint64 whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

GstStructure* make_stats(const ChannelStats& stats, const ChannelSettings& settings) {
  const auto number = [](uint64_t value) { return guint64{value}; };
  const double expected_ber =
      crlsc::bit_error_probability(settings.modulation, settings.fading, crlsc::from_decibels(settings.snr));
  return gst_structure_new("application/x-crlsc-channel-stats", "packets", G_TYPE_UINT64, number(stats.packets),
                           "important", G_TYPE_UINT64, number(stats.important), "lost", G_TYPE_UINT64,
                           number(stats.lost), "damaged", G_TYPE_UINT64, number(stats.damaged), "bits", G_TYPE_UINT64,
                           number(stats.bits), "bit-errors", G_TYPE_UINT64, number(stats.bit_errors), "ber",
                           G_TYPE_DOUBLE, ratio(stats.bit_errors, stats.bits), "expected-ber", G_TYPE_DOUBLE,
                           expected_ber, "expected-loss", G_TYPE_DOUBLE, crlsc::mean_loss(settings.loss), "bytes-in",
                           G_TYPE_UINT64, number(stats.bytes_in), "bytes-out", G_TYPE_UINT64, number(stats.bytes_out),
                           "bytes-sent", G_TYPE_UINT64, number(stats.bytes_sent), "redundancy", G_TYPE_DOUBLE,
                           ratio(stats.bytes_sent - stats.bytes_in, stats.bytes_in), nullptr);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  GstCrlscChannel* self = GST_CRLSC_CHANNEL(object);
  if (id > crlsc::kLastChannelProperty) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  crlsc::guard(
      GST_ELEMENT(object), false,
      [&] {
        try {
          const ObjectLock lock(object);
          crlsc::set_channel_property(self->impl.properties, id, value);
        } catch (const Error& error) {
          GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS, ("%s", error.what()), ("property `%s`", pspec->name));
        }
        return true;
      },
      pspec->name);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  Impl& impl = GST_CRLSC_CHANNEL(object)->impl;
  GST_OBJECT_LOCK(object);
  const ChannelProperties properties = impl.properties;
  const ChannelStats stats = impl.stats;
  GST_OBJECT_UNLOCK(object);
  if (id <= crlsc::kLastChannelProperty) {
    crlsc::get_channel_property(properties, id, value);
  } else if (id == kPropStats) {
    g_value_take_boxed(value, make_stats(stats, properties.settings));
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

void finalize(GObject* object) {
  GST_CRLSC_CHANNEL(object)->impl.~Impl();
  G_OBJECT_CLASS(gst_crlsc_channel_parent_class)->finalize(object);
}

GstPad* add_pad(GstElement* element, GstStaticPadTemplate* pad_template) {
  GstPad* pad = gst_pad_new_from_static_template(pad_template, pad_template->name_template);
  GST_PAD_SET_PROXY_CAPS(pad);
  GST_PAD_SET_PROXY_ALLOCATION(pad);
  gst_element_add_pad(element, pad);
  return pad;
}

}  // namespace

static void gst_crlsc_channel_class_init(GstCrlscChannelClass* klass) {
  GST_DEBUG_CATEGORY_INIT(crlscchannel_debug, "crlscchannel", 0, "CRLSC channel");
  GST_DEBUG_CATEGORY_GET(performance_debug, "GST_PERFORMANCE");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  crlsc::install_channel_properties(object_class);
  /**
   * GstCrlscChannel:stats:
   *
   * Counters since READY. guint64: packets, important (of them, NON_DROPPABLE), lost (for whatever cause), damaged
   * (with wrong bits, whether lost by that or handed on), bits (exposed to noise), bit-errors, bytes-in, bytes-out,
   * bytes-sent (bytes-in and the redundancy of unequal-protection); double: ber (bit-errors per bit), redundancy (share
   * of bytes-in). Of the present settings, without protection: expected-ber, expected-loss.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropStats,
      g_param_spec_boxed("stats", "Statistics", "Counters of packets, bytes and bits", GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "CRLSC channel", "Filter/Network",
                                        "Loses and damages packets of any codec as a bad link does",
                                        "CRLSC contributors");
}

static void gst_crlsc_channel_init(GstCrlscChannel* self) {
  // GObject fills instances with zeros and knows nothing of constructors.
  new (&self->impl) Impl();
  self->sink = add_pad(GST_ELEMENT(self), &sink_template);
  gst_pad_set_chain_function(self->sink, chain);
  gst_pad_set_chain_list_function(self->sink, chain_list);
  gst_pad_set_event_function(self->sink, sink_event);
  self->src = add_pad(GST_ELEMENT(self), &src_template);
}
