// SPDX-License-Identifier: LGPL-2.1-or-later
#include "encoder_properties.h"

GType gst_crlsc_enc_mode_get_type(void) {
  static const GEnumValue values[] = {
      {GST_CRLSC_ENC_MODE_FULL, "Pictures, and what they show", "full"},
      {GST_CRLSC_ENC_MODE_SEMANTIC, "Only what pictures show, as codes of a knowledge base", "semantic"},
      {0, nullptr, nullptr}};
  static gsize type = 0;
  if (g_once_init_enter(&type)) g_once_init_leave(&type, g_enum_register_static("GstCrlscEncMode", values));
  return type;
}

GType gst_crlsc_enc_resize_mode_get_type(void) {
  static const GEnumValue values[] = {
      {GST_CRLSC_ENC_RESIZE_NONE, "At the size of the input", "none"},
      {GST_CRLSC_ENC_RESIZE_HALF, "At half width and height", "half"},
      {GST_CRLSC_ENC_RESIZE_AUTO, "At half width and height while bits are few for what is shown", "auto"},
      {0, nullptr, nullptr}};
  static gsize type = 0;
  if (g_once_init_enter(&type)) g_once_init_leave(&type, g_enum_register_static("GstCrlscEncResizeMode", values));
  return type;
}

namespace crlsc {
namespace {

constexpr guint kMinBitrate = 1000;
constexpr guint kMaxBitrate = 10000000;
constexpr guint kMaxSemanticInterval = 3600000;
constexpr double kMaxKnowledgeShare = 0.5;

enum {
  kPropBitrate = kPropOwn,
  kPropLayers,
  kPropMinUnitSize,
  kPropGopSize,
  kPropRefreshShare,
  kPropMinQuantizer,
  kPropSemanticInterval,
  kPropMode,
  kPropKnowledgeUpdates,
  kPropKnowledgeShare,
  kPropResizeMode
};

GstStructure* make_stats(const EncoderCounters& counters) {
  GstStructure* stats = gst_structure_new(
      "application/x-crlsc-encoder-stats", "frames", G_TYPE_UINT64, counters.frames, "dropped", G_TYPE_UINT64,
      counters.dropped, "skipped", G_TYPE_UINT64, counters.skipped, "failed", G_TYPE_UINT64, counters.failed, "hurried",
      G_TYPE_UINT64, counters.hurried, "idle", G_TYPE_UINT64, counters.idle, "semantic-units", G_TYPE_UINT64,
      counters.semantic_units, "semantic-bytes", G_TYPE_UINT64, counters.semantic_bytes, "entries", G_TYPE_UINT64,
      counters.entries, "entry-bytes", G_TYPE_UINT64, counters.entry_bytes, "key-frames", G_TYPE_UINT64,
      counters.key_frames, "half-frames", G_TYPE_UINT64, counters.half_frames, "losses", G_TYPE_UINT64, counters.losses,
      "complete-frames", G_TYPE_UINT64, counters.complete_frames, "bytes", G_TYPE_UINT64, counters.bytes, "lambda",
      G_TYPE_DOUBLE, counters.lambda, "encode-ms-p50", G_TYPE_DOUBLE, counters.encode_times.percentile(0.5),
      "encode-ms-p99", G_TYPE_DOUBLE, counters.encode_times.percentile(0.99), nullptr);
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

void install_semantic_properties(GObjectClass* object_class) {
  /**
   * GstCrlscEnc:semantic-interval:
   *
   * Time between two semantic units while the scene stays the same, in ms; 0 for none at all. A change takes effect
   * with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropSemanticInterval,
      g_param_spec_uint("semantic-interval", "Semantic interval",
                        "Milliseconds between two statements of what pictures show, if the scene does not change "
                        "(0 = none are made)",
                        0, kMaxSemanticInterval, kDefaultSemanticInterval, kPlaying));
  /**
   * GstCrlscEnc:mode:
   *
   * Whether pictures are sent at all.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropMode,
                                  g_param_spec_enum("mode", "Mode", "Whether to send pictures, or only what they show",
                                                    GST_TYPE_CRLSC_ENC_MODE, kDefaultMode, kReady));
}

void install_knowledge_properties(GObjectClass* object_class) {
  /**
   * GstCrlscEnc:knowledge-updates:
   *
   * Whether receivers get the entries that show the scene at hand, with label, code and picture, through the stream.
   * Pictures refer to an entry only once a receiver has said that it is stored there or, if none ever says anything,
   * after all of it was sent twice. A key picture that is asked for refers to nothing that is not acknowledged, and nor
   * do those behind it until that has been sent again. Otherwise receivers are taken to have the same knowledge base.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropKnowledgeUpdates,
      g_param_spec_boolean("knowledge-updates", "Knowledge updates",
                           "Whether to send receivers the entries of a private knowledge base that show the scene, and "
                           "refer to them once they are stored there (FALSE = receivers have the same file)",
                           FALSE, kReady));
  /**
   * GstCrlscEnc:knowledge-share:
   *
   * Most of the bit rate that entries take with knowledge-updates. A change takes effect with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropKnowledgeShare,
                                  g_param_spec_double("knowledge-share", "Knowledge share",
                                                      "Most of the bit rate that entries take with knowledge-updates",
                                                      0, kMaxKnowledgeShare, kDefaultKnowledgeShare, kPlaying));
}

}  // namespace

ResizeMode resize_mode(GstCrlscEncResizeMode mode) {
  switch (mode) {
    case GST_CRLSC_ENC_RESIZE_HALF:
      return ResizeMode::kHalf;
    case GST_CRLSC_ENC_RESIZE_AUTO:
      return ResizeMode::kAuto;
    case GST_CRLSC_ENC_RESIZE_NONE:
      break;
  }
  return ResizeMode::kNone;
}

void install_encoder_properties(GObjectClass* object_class) {
  /**
   * GstCrlscEnc:knowledge-base:
   *
   * A shared or private knowledge base, whose codebooks say what pictures show, and whose reference pictures of the
   * stream's size are referred to: a path, or a name in the working directory or on the model path. The stream names
   * the shared one. What pictures show is only said if the model has a semantic head. A warning message says so if none
   * of its pictures has the stream's size.
   *
   * Since: 0.1
   */
  /**
   * GstCrlscEnc:stats:
   *
   * Counters since READY. guint64: frames, dropped (bit rate), skipped (too late), failed, hurried (base layer only),
   * idle (a known scene at rest; semantic mode: nothing due), semantic-units, semantic-bytes, entries (that receivers
   * have, as far as the encoder knows), entry-bytes, key-frames, half-frames (at half size), losses (told by
   * receivers), complete-frames (nothing worth sending was left out), bytes; an array of guint64: layer-bytes; double:
   * lambda (squared error that a bit has to save), encode-ms-p50 and encode-ms-p99 of the latest 256 frames.
   *
   * Since: 0.1
   */
  install_shared_properties(object_class,
                            {"knowledge-base", "Knowledge base",
                             "Knowledge base (.crlsckb) whose codes say what pictures show, and whose pictures of the "
                             "stream's size it refers to: a path, or a name in the working directory or on the model "
                             "path (NULL = neither)"},
                            "Counters of frames, bytes and times");
  /**
   * GstCrlscEnc:bitrate:
   *
   * Ceiling for all layers together, in bit/s. A change takes effect with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropBitrate,
                                  g_param_spec_uint("bitrate", "Bitrate", "Most bits a second, all layers together",
                                                    kMinBitrate, kMaxBitrate, kDefaultBitrate, kPlaying));
  /**
   * GstCrlscEnc:layers:
   *
   * Layers to encode, if the model has that many. Takes effect with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropLayers,
      g_param_spec_uint("layers", "Layers", "Most layers to encode", 1, kMaxLayers, kMaxLayers, kPlaying));
  /**
   * GstCrlscEnc:min-unit-size:
   *
   * Layers of a picture that take no more bytes than this together travel in one unit, which saves some 5 bytes a
   * layer. Such layers cannot be left out on the way; 0 gives each its own unit. Takes effect with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropMinUnitSize,
      g_param_spec_uint("min-unit-size", "Minimum unit size",
                        "Layers of no more bytes than this share one unit (0 = each has its own)", 0, kMaxMinUnitSize,
                        kDefaultMinUnitSize, kPlaying));
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
                        G_MAXUINT, kDefaultGopSize, kPlaying));
  /**
   * GstCrlscEnc:refresh-share:
   *
   * Share of the bit rate for cells that are sent anew although nothing changed, so that receivers heal which lost
   * something and cannot say so. 0 suits files, and transports that lose nothing. Takes effect with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropRefreshShare,
      g_param_spec_double("refresh-share", "Refresh share",
                          "Share of the bit rate that heals receivers which lost something (0 = for files)", 0, 1,
                          kDefaultRefreshShare, kPlaying));
  /**
   * GstCrlscEnc:min-quantizer:
   *
   * The finest step between two levels of a coefficient, in units of a sample, that bits are spent on: what would only
   * make a good picture better is left out, and where nothing else is to be sent, nothing is, for up to half a second.
   * #GstCrlscEnc:bitrate is then what the stream takes at most. 0 uses all of it. 60 is hardly seen, 120 is seen where
   * something stands still that was not there before, 1000 leaves blurs. What #GstCrlscEnc:refresh-share sends anew
   * becomes as coarse. Takes effect with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropMinQuantizer,
      g_param_spec_uint(
          "min-quantizer", "Minimum quantizer",
          "Pictures become no finer than this step, which saves bits (0 = as fine as the bit rate allows, "
          "60 = hardly seen, 120 = seen)",
          0, kMaxMinQuantizer, 0, kPlaying));
  /**
   * GstCrlscEnc:resize-mode:
   *
   * At which size pictures are coded; receivers enlarge what has half of it. Where bits are few, that gives much better
   * pictures. `auto` begins with half size below 0.015 bits for a sample, and changes, without a key picture, when the
   * price of bits says so. At half size, layers travel together. Pictures of a knowledge base need full size, which is
   * used wherever it has any of the stream's size.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropResizeMode,
      g_param_spec_enum("resize-mode", "Resize mode", "At which size pictures are coded; they are shown at their own",
                        GST_TYPE_CRLSC_ENC_RESIZE_MODE, kDefaultResizeMode, kReady));
  install_semantic_properties(object_class);
  install_knowledge_properties(object_class);
}

bool set_encoder_property(EncoderSettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kPropBitrate:
      settings.bitrate = g_value_get_uint(value);
      return true;
    case kPropLayers:
      settings.layers = g_value_get_uint(value);
      return true;
    case kPropMinUnitSize:
      settings.min_unit_size = g_value_get_uint(value);
      return true;
    case kPropGopSize:
      settings.gop_size = g_value_get_uint(value);
      return true;
    case kPropRefreshShare:
      settings.refresh_share = g_value_get_double(value);
      return true;
    case kPropMinQuantizer:
      settings.min_quantizer = g_value_get_uint(value);
      return true;
    case kPropSemanticInterval:
      settings.semantic_interval = g_value_get_uint(value);
      return true;
    case kPropMode:
      settings.mode = static_cast<GstCrlscEncMode>(g_value_get_enum(value));
      return true;
    case kPropResizeMode:
      settings.resize_mode = static_cast<GstCrlscEncResizeMode>(g_value_get_enum(value));
      return true;
    case kPropKnowledgeUpdates:
      settings.knowledge_updates = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropKnowledgeShare:
      settings.knowledge_share = g_value_get_double(value);
      return true;
    default:
      return set_shared_property(settings, id, value);
  }
}

bool get_encoder_property(const EncoderSettings& settings, const EncoderCounters& counters, guint id, GValue* value) {
  switch (id) {
    case kPropBitrate:
      g_value_set_uint(value, settings.bitrate);
      return true;
    case kPropLayers:
      g_value_set_uint(value, settings.layers);
      return true;
    case kPropMinUnitSize:
      g_value_set_uint(value, settings.min_unit_size);
      return true;
    case kPropGopSize:
      g_value_set_uint(value, settings.gop_size);
      return true;
    case kPropRefreshShare:
      g_value_set_double(value, settings.refresh_share);
      return true;
    case kPropMinQuantizer:
      g_value_set_uint(value, settings.min_quantizer);
      return true;
    case kPropSemanticInterval:
      g_value_set_uint(value, settings.semantic_interval);
      return true;
    case kPropMode:
      g_value_set_enum(value, settings.mode);
      return true;
    case kPropResizeMode:
      g_value_set_enum(value, settings.resize_mode);
      return true;
    case kPropKnowledgeUpdates:
      g_value_set_boolean(value, settings.knowledge_updates);
      return true;
    case kPropKnowledgeShare:
      g_value_set_double(value, settings.knowledge_share);
      return true;
    case kPropStats:
      g_value_take_boxed(value, make_stats(counters));
      return true;
    default:
      return get_shared_property(settings, id, value);
  }
}

}  // namespace crlsc
