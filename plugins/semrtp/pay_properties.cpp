// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pay_properties.h"

namespace crlsc {
namespace {

constexpr guint kRtpHeaderSize = 12;
constexpr guint kMinMtu = kRtpHeaderSize + kMinPayloadSize;
constexpr guint kMaxAggregationTime = 10000;  // milliseconds

// Those that decide what shares a packet.
void install_packet_properties(GObjectClass* object_class) {
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  /**
   * GstRtpCrlscPay:max-aggregation-ms:
   *
   * How long a picture may wait for others to share a packet with, up to four in all; 0 sends each at once. It is part
   * of the latency. Key pictures and those that need several packets do not wait.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPayMaxAggregation,
      g_param_spec_uint("max-aggregation-ms", "Max aggregation",
                        "Milliseconds that a picture may wait for others to share a packet with (0 = none)", 0,
                        kMaxAggregationTime, 0, flags));
  /**
   * GstRtpCrlscPay:max-layers:
   *
   * Layers to send, if the stream has that many: 1 is the base layer only. Takes effect with the next picture.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPayMaxLayers,
      g_param_spec_uint("max-layers", "Max layers", "Most layers to send", 1, kMaxLayers, kMaxLayers, flags));
  /**
   * GstRtpCrlscPay:separate-base:
   *
   * Put the base layer into packets of its own, so that error correction and retransmission can be spent on it alone:
   * only its packets are %GST_BUFFER_FLAG_NON_DROPPABLE. Costs one more packet for each picture that has details.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPaySeparateBase,
                                  g_param_spec_boolean("separate-base", "Separate base",
                                                       "Put the base layer into packets of its own", FALSE, flags));
}

}  // namespace

void install_pay_properties(GObjectClass* object_class) {
  const auto writable = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  /**
   * GstRtpCrlscPay:mtu:
   *
   * Maximum size of one packet, RTP header and header extensions included. A packet needs 44 bytes, and more with
   * header extensions or contributing sources.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPayMtu,
      g_param_spec_uint("mtu", "MTU", "Maximum size of one packet in bytes, RTP headers included", kMinMtu, G_MAXUINT,
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
      object_class, kPayConfigInterval,
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
      object_class, kPayPictureId,
      g_param_spec_int("picture-id", "Picture id", "Id of the next picture", 0, kPictureIdMask, 0,
                       static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  /**
   * GstRtpCrlscPay:picture-id-offset:
   *
   * Id of the first picture, -1 for a random one.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPayPictureIdOffset,
      g_param_spec_int("picture-id-offset", "Picture id offset", "Id of the first picture (-1 = random)", -1,
                       kPictureIdMask, kDefaultPictureIdOffset,
                       static_cast<GParamFlags>(writable | GST_PARAM_MUTABLE_READY)));
  install_packet_properties(object_class);
}

bool set_pay_property(PaySettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kPayConfigInterval:
      settings.config_interval = g_value_get_int(value);
      return true;
    case kPayPictureIdOffset:
      settings.picture_id_offset = g_value_get_int(value);
      return true;
    case kPayMaxAggregation:
      settings.max_aggregation = g_value_get_uint(value);
      return true;
    case kPayMaxLayers:
      settings.max_layers = g_value_get_uint(value);
      return true;
    case kPaySeparateBase:
      settings.separate_base = g_value_get_boolean(value);
      return true;
    default:
      return false;
  }
}

bool get_pay_property(const PaySettings& settings, guint id, GValue* value) {
  switch (id) {
    case kPayConfigInterval:
      g_value_set_int(value, settings.config_interval);
      return true;
    case kPayPictureIdOffset:
      g_value_set_int(value, settings.picture_id_offset);
      return true;
    case kPayMaxAggregation:
      g_value_set_uint(value, settings.max_aggregation);
      return true;
    case kPayMaxLayers:
      g_value_set_uint(value, settings.max_layers);
      return true;
    case kPaySeparateBase:
      g_value_set_boolean(value, settings.separate_base);
      return true;
    default:
      return false;
  }
}

}  // namespace crlsc
