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
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "core/bitstream/unit.h"
#include "core/rtp/packetizer.h"
#include "crlsc/caps.h"
#include "crlsc/guard.h"
#include "crlsc/maps.h"

GST_DEBUG_CATEGORY_STATIC(rtpcrlscpay_debug);
GST_DEBUG_CATEGORY_STATIC(performance_debug);
#define GST_CAT_DEFAULT rtpcrlscpay_debug

namespace {

using crlsc::Bytes;
using crlsc::ByteView;
using crlsc::Error;
using crlsc::ErrorKind;
using crlsc::RtpPacket;

constexpr guint kDefaultMtu = 1200;
constexpr int kDefaultConfigInterval = -1;
constexpr int kDefaultPictureIdOffset = -1;
constexpr guint kClockRate = 90000;

enum { kPropMtu = 1, kPropConfigInterval, kPropPictureId, kPropPictureIdOffset };

struct Unref {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
  void operator()(GstBufferList* list) const { gst_buffer_list_unref(list); }
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
  void operator()(GstStructure* structure) const { gst_structure_free(structure); }
  void operator()(GstRTPHeaderExtension* extension) const { gst_object_unref(extension); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

// A header extension that the base class will write into every packet.
struct Extension {
  guint id;
  Owned<GstRTPHeaderExtension> implementation;  // null if nobody knows the URI
};

struct Impl {
  // Under the object lock.
  int config_interval = kDefaultConfigInterval;
  int picture_id_offset = kDefaultPictureIdOffset;

  std::atomic<int> picture_id{0};

  // Streaming thread only.
  Bytes sequence_header;  // the latest one, as a whole unit
  uint8_t model_tag = 0;
  uint8_t kb_epoch = 0;
  GstClockTime last_config = GST_CLOCK_TIME_NONE;  // running time of the sequence header sent last
  Owned<GstCaps> extension_caps;                   // the source caps that `extensions` was made from
  std::vector<Extension> extensions;
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

// Pictures

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
Contents look_through(Impl& impl, ByteView access_unit) {
  Contents contents;
  for (const crlsc::UnitView& unit : crlsc::parse_access_unit(access_unit).units) {
    contents.key |= unit.header.key;
    if (unit.header.type != crlsc::UnitType::kSequenceHeader) continue;
    contents.has_header = true;
    remember_header(impl, crlsc::parse_sequence_header(unit.payload), unit.bytes);
  }
  return contents;
}

// The sequence header to be sent in front of this picture, empty for none.
ByteView header_to_insert(GstRtpCrlscPay* self, const Contents& contents, GstClockTime pts) {
  Impl& impl = self->impl;
  GST_OBJECT_LOCK(self);
  const int interval = impl.config_interval;
  GST_OBJECT_UNLOCK(self);
  const GstClockTime now = gst_segment_to_running_time(&self->parent.segment, GST_FORMAT_TIME, pts);
  bool due = interval < 0 && contents.key;
  if (interval > 0) {
    due = !GST_CLOCK_TIME_IS_VALID(impl.last_config) ||
          (GST_CLOCK_TIME_IS_VALID(now) && now >= impl.last_config + static_cast<guint64>(interval) * GST_SECOND);
  }
  if (!due && !contents.has_header) return {};
  impl.last_config = now;
  return contents.has_header ? ByteView() : ByteView(impl.sequence_header);
}

// Room

// The extensions are private to the base class in 1.22; the source caps name them all.
void update_extensions(GstRtpCrlscPay* self) {
  Impl& impl = self->impl;
  Owned<GstCaps> caps(gst_pad_get_current_caps(GST_RTP_BASE_PAYLOAD_SRCPAD(self)));
  if (caps == impl.extension_caps) return;
  impl.extensions.clear();
  const GstStructure* fields = caps ? gst_caps_get_structure(caps.get(), 0) : nullptr;
  for (int i = 0; fields != nullptr && i < gst_structure_n_fields(fields); ++i) {
    const gchar* name = gst_structure_nth_field_name(fields, static_cast<guint>(i));
    if (!g_str_has_prefix(name, "extmap-")) continue;
    const GValue* value = gst_structure_get_value(fields, name);
    if (GST_VALUE_HOLDS_ARRAY(value) && gst_value_array_get_size(value) > 1)
      value = gst_value_array_get_value(value, 1);
    GstRTPHeaderExtension* made =
        G_VALUE_HOLDS_STRING(value) ? gst_rtp_header_extension_create_from_uri(g_value_get_string(value)) : nullptr;
    if (made != nullptr && g_object_is_floating(made)) gst_object_ref_sink(made);
    const auto id = static_cast<guint>(g_ascii_strtoull(name + strlen("extmap-"), nullptr, 10));
    impl.extensions.push_back({id, Owned<GstRTPHeaderExtension>(made)});
    if (made == nullptr) continue;
    gst_rtp_header_extension_set_id(made, id);
    if (!gst_rtp_header_extension_set_attributes_from_caps(made, caps.get()))
      impl.extensions.back().implementation.reset();
  }
  impl.extension_caps = std::move(caps);
}

// Bytes that header extensions (RFC 8285) may add to a packet.
guint extension_room(GstRtpCrlscPay* self, GstBuffer* buffer) {
  update_extensions(self);
  const std::vector<Extension>& extensions = self->impl.extensions;
  if (extensions.empty()) return 0;
  constexpr gsize kOneByteMost = 16;
  constexpr gsize kTwoByteMost = 255;
  gsize sum = 0;
  bool one_byte = true;
  for (const Extension& extension : extensions) {
    GstRTPHeaderExtension* known = extension.implementation.get();
    const gsize size = known != nullptr ? gst_rtp_header_extension_get_max_size(known, buffer) : kTwoByteMost;
    one_byte &= known != nullptr && extension.id < 15 && size <= kOneByteMost &&
                (gst_rtp_header_extension_get_supported_flags(known) & GST_RTP_HEADER_EXTENSION_ONE_BYTE) != 0;
    sum += size;
  }
  sum += extensions.size() * (one_byte ? 1 : 2);
  return static_cast<guint>(4 + (sum + 3) / 4 * 4);
}

// Bytes that a payload may have. Throws Error(kSettings) when none are left.
size_t payload_room(GstRtpCrlscPay* self, GstBuffer* buffer) {
  GstRTPBasePayload* base = &self->parent;
  GST_OBJECT_LOCK(self);
  const guint mtu = GST_RTP_BASE_PAYLOAD_MTU(base);
  GST_OBJECT_UNLOCK(self);
  const guint sources = gst_rtp_base_payload_get_source_count(base, buffer);
  const guint taken =
      gst_rtp_buffer_calc_header_len(static_cast<guint8>(std::min(sources, 15U))) + extension_room(self, buffer);
  if (mtu < taken + crlsc::kMinPayloadSize) {
    throw Error(ErrorKind::kSettings, "an mtu of " + std::to_string(mtu) + " is too small: RTP headers take " +
                                          std::to_string(taken) + " bytes and a payload needs at least " +
                                          std::to_string(crlsc::kMinPayloadSize));
  }
  return mtu - taken;
}

// Packets

// Copies what describes the picture and not its memory: metas without tags, or with the tag "video" alone.
gboolean copy_meta(GstBuffer* from, GstMeta** meta, gpointer to) {
  const GstMetaInfo* info = (*meta)->info;
  const gchar* const* tags = gst_meta_api_type_get_tags(info->api);
  const bool fits = tags == nullptr || tags[0] == nullptr || (g_str_equal(tags[0], "video") && tags[1] == nullptr);
  if (fits && info->transform_func != nullptr) {
    GstMetaTransformCopy whole = {FALSE, 0, static_cast<gsize>(-1)};
    info->transform_func(static_cast<GstBuffer*>(to), *meta, from, _gst_meta_transform_copy, &whole);
  }
  return TRUE;
}

void set_flags(GstBuffer* out, GstBuffer* in, const crlsc::RtpPayloadHeader& fields) {
  const auto set = [out](guint flag, bool value) {
    if (value) GST_BUFFER_FLAG_SET(out, flag);
  };
  set(GST_BUFFER_FLAG_MARKER, fields.last);
  set(GST_BUFFER_FLAG_DELTA_UNIT, !(fields.key && fields.first));
  set(GST_BUFFER_FLAG_NON_DROPPABLE, !fields.discardable);
  set(GST_BUFFER_FLAG_DROPPABLE, fields.discardable);
  set(GST_BUFFER_FLAG_HEADER, fields.first && GST_BUFFER_FLAG_IS_SET(in, GST_BUFFER_FLAG_HEADER));
  set(GST_BUFFER_FLAG_DISCONT, fields.first && GST_BUFFER_FLAG_IS_SET(in, GST_BUFFER_FLAG_DISCONT));
}

// The packet as a buffer that shares the input's memory. `mapped` are the bytes of `in`.
GstBuffer* make_buffer(GstRtpCrlscPay* self, const RtpPacket& packet, GstBuffer* in, ByteView mapped) {
  GstBuffer* out =
      gst_rtp_base_payload_allocate_output_buffer(&self->parent, static_cast<guint>(packet.header.size()), 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  gst_rtp_buffer_map(out, GST_MAP_READWRITE, &rtp);
  std::copy(packet.header.begin(), packet.header.end(), static_cast<uint8_t*>(gst_rtp_buffer_get_payload(&rtp)));
  gst_rtp_buffer_set_marker(&rtp, packet.fields.last);
  gst_rtp_buffer_unmap(&rtp);

  for (const ByteView part : packet.parts) {
    const bool own = part.begin() >= mapped.begin() && part.end() <= mapped.end();
    GstBuffer* piece = own ? gst_buffer_copy_region(in, GST_BUFFER_COPY_MEMORY,
                                                    static_cast<gsize>(part.begin() - mapped.begin()), part.size())
                           : gst_buffer_new_memdup(part.data(), part.size());
    out = gst_buffer_append(out, piece);
  }
  gst_buffer_foreach_meta(in, copy_meta, out);
  GST_BUFFER_PTS(out) = GST_BUFFER_PTS(in);
  GST_BUFFER_DTS(out) = GST_BUFFER_DTS(in);
  GST_BUFFER_DURATION(out) = GST_BUFFER_DURATION(in);
  set_flags(out, in, packet.fields);
  return out;
}

Owned<GstBufferList> make_list(GstRtpCrlscPay* self, GstBuffer* in) {
  Impl& impl = self->impl;
  if (gst_buffer_n_memory(in) > 1) {
    GST_CAT_LOG_OBJECT(performance_debug, self, "copying an access unit of %u memories", gst_buffer_n_memory(in));
  }
  const crlsc::BufferMap map(in, GST_MAP_READ);
  crlsc::PacketizerSettings settings;
  settings.max_payload = payload_room(self, in);
  settings.picture_id = static_cast<uint16_t>(impl.picture_id);
  const Contents contents = look_through(impl, map.bytes());
  const ByteView header = header_to_insert(self, contents, GST_BUFFER_PTS(in));
  settings.kb_epoch = impl.kb_epoch;
  settings.model_tag = impl.model_tag;
  const std::vector<RtpPacket> packets = crlsc::packetize(map.bytes(), settings, header);
  Owned<GstBufferList> list(gst_buffer_list_new_sized(static_cast<guint>(packets.size())));
  for (const RtpPacket& packet : packets) gst_buffer_list_add(list.get(), make_buffer(self, packet, in, map.bytes()));
  return list;
}

GstFlowReturn handle_buffer(GstRTPBasePayload* base, GstBuffer* buffer) {
  GstRtpCrlscPay* self = GST_RTP_CRLSC_PAY(base);
  const Owned<GstBuffer> in(buffer);
  return crlsc::guard(
      GST_ELEMENT(base), GST_FLOW_ERROR,
      [&] {
        Owned<GstBufferList> list;
        try {
          list = make_list(self, buffer);
        } catch (const Error& error) {
          if (error.kind() == ErrorKind::kSettings) throw;
          GST_WARNING_OBJECT(self, "dropping an access unit: %s", error.what());
        }
        // A picture that was dropped here is missing for the receiver, too.
        next_picture_id(self->impl);
        return list ? gst_rtp_base_payload_push_list(base, list.release()) : GST_FLOW_OK;
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

// Events and states

gboolean sink_event(GstRTPBasePayload* base, GstEvent* event) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&] {
    Impl& impl = GST_RTP_CRLSC_PAY(base)->impl;
    // The receiver learns of pictures that were lost on the way to here from the jump of the picture id.
    if (GST_EVENT_TYPE(event) == GST_EVENT_GAP || GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_START) next_picture_id(impl);
    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) impl.last_config = GST_CLOCK_TIME_NONE;
    return GST_RTP_BASE_PAYLOAD_CLASS(gst_rtp_crlsc_pay_parent_class)->sink_event(base, event);
  });
}

void reset(GstRtpCrlscPay* self) {
  Impl& impl = self->impl;
  GST_OBJECT_LOCK(self);
  const int offset = impl.picture_id_offset;
  GST_OBJECT_UNLOCK(self);
  impl.picture_id = offset < 0 ? g_random_int_range(0, crlsc::kPictureIdMask + 1) : offset;
  impl.sequence_header.clear();
  impl.model_tag = impl.kb_epoch = 0;
  impl.last_config = GST_CLOCK_TIME_NONE;
  impl.extensions.clear();
  impl.extension_caps.reset();
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
  GST_OBJECT_LOCK(self);
  switch (id) {
    case kPropMtu:
      self->parent.mtu = g_value_get_uint(value);
      break;
    case kPropConfigInterval:
      self->impl.config_interval = g_value_get_int(value);
      break;
    case kPropPictureIdOffset:
      self->impl.picture_id_offset = g_value_get_int(value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  GST_OBJECT_UNLOCK(self);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  GstRtpCrlscPay* self = GST_RTP_CRLSC_PAY(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case kPropMtu:
      g_value_set_uint(value, self->parent.mtu);
      break;
    case kPropConfigInterval:
      g_value_set_int(value, self->impl.config_interval);
      break;
    case kPropPictureId:
      g_value_set_int(value, self->impl.picture_id);
      break;
    case kPropPictureIdOffset:
      g_value_set_int(value, self->impl.picture_id_offset);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  GST_OBJECT_UNLOCK(self);
}

void finalize(GObject* object) {
  GST_RTP_CRLSC_PAY(object)->impl.~Impl();
  G_OBJECT_CLASS(gst_rtp_crlsc_pay_parent_class)->finalize(object);
}

void install_properties(GObjectClass* object_class) {
  const auto writable = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  /**
   * GstRtpCrlscPay:mtu:
   *
   * Maximum size of one packet, RTP header and header extensions included.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropMtu,
      g_param_spec_uint("mtu", "MTU", "Maximum size of one packet in bytes, RTP headers included", 28, G_MAXUINT,
                        kDefaultMtu, static_cast<GParamFlags>(writable | GST_PARAM_MUTABLE_PLAYING)));
  /**
   * GstRtpCrlscPay:config-interval:
   *
   * When to put the sequence header into the stream in front of a picture that has none: -1 with every key picture, 0
   * never, n at least every n seconds with whatever picture comes, so that receivers can join a stream without key
   * pictures.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropConfigInterval,
      g_param_spec_int("config-interval", "Config interval",
                       "Seconds between sequence headers in the stream (-1 = with every key picture, 0 = never)", -1,
                       3600, kDefaultConfigInterval, static_cast<GParamFlags>(writable | GST_PARAM_MUTABLE_PLAYING)));
  /**
   * GstRtpCrlscPay:picture-id:
   *
   * Id that the next picture will have.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropPictureId,
      g_param_spec_int("picture-id", "Picture id", "Id of the next picture", 0, crlsc::kPictureIdMask, 0,
                       static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  /**
   * GstRtpCrlscPay:picture-id-offset:
   *
   * Id of the first picture, -1 for a random one.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropPictureIdOffset,
      g_param_spec_int("picture-id-offset", "Picture id offset", "Id of the first picture (-1 = random)", -1,
                       crlsc::kPictureIdMask, kDefaultPictureIdOffset,
                       static_cast<GParamFlags>(writable | GST_PARAM_MUTABLE_READY)));
}

}  // namespace

static void gst_rtp_crlsc_pay_class_init(GstRtpCrlscPayClass* klass) {
  GST_DEBUG_CATEGORY_INIT(rtpcrlscpay_debug, "rtpcrlscpay", 0, "CRLSC RTP payloader");
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
  self->parent.mtu = kDefaultMtu;
}
