// SPDX-License-Identifier: LGPL-2.1-or-later
#include "decoder_properties.h"

namespace crlsc {
namespace {

enum { kPropModel = 1, kPropThreads, kPropMaxLayers, kPropKnowledgeBase, kPropStats };

GstStructure* make_stats(const DecoderCounters& counters) {
  return gst_structure_new("application/x-crlsc-decoder-stats", "frames", G_TYPE_UINT64, counters.frames, "corrupted",
                           G_TYPE_UINT64, counters.corrupted, "concealed", G_TYPE_UINT64, counters.concealed, "errors",
                           G_TYPE_UINT64, counters.errors, "discarded", G_TYPE_UINT64, counters.discarded, "hurried",
                           G_TYPE_UINT64, counters.hurried, "key-frames", G_TYPE_UINT64, counters.key_frames,
                           "key-requests", G_TYPE_UINT64, counters.key_requests, "losses", G_TYPE_UINT64,
                           counters.losses, "semantic", G_TYPE_UINT64, counters.semantic, "bytes", G_TYPE_UINT64,
                           counters.bytes, "decode-ms-p50", G_TYPE_DOUBLE, counters.decode_times.percentile(0.5),
                           "decode-ms-p99", G_TYPE_DOUBLE, counters.decode_times.percentile(0.99), nullptr);
}

}  // namespace

void install_decoder_properties(GObjectClass* object_class) {
  install_model_properties(object_class, kPropModel, kPropThreads);
  /**
   * GstCrlscDec:max-layers:
   *
   * Layers to decode, if the stream has that many. Fewer take less time and look coarser. Takes effect with the next
   * frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropMaxLayers,
      g_param_spec_uint(
          "max-layers", "Max layers", "Most layers to decode", 1, kMaxLayers, kMaxLayers,
          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)));
  /**
   * GstCrlscDec:knowledge-base:
   *
   * A shared or private knowledge base. If the stream uses another one, the element posts the message
   * crlsc-knowledge-base-missing once, with its id in the field knowledge-base, and decodes pictures all the same.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropKnowledgeBase,
      g_param_spec_string(
          "knowledge-base", "Knowledge base",
          "Knowledge base (.crlsckb): a path, or a name on the model path (NULL = what streams name is looked for "
          "there)",
          nullptr, static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)));
  /**
   * GstCrlscDec:stats:
   *
   * Counters since READY. guint64: frames (decoded), corrupted (of them), concealed (put out in place of others),
   * errors (pictures that could not be read), discarded (before the first key picture), hurried (base layer only),
   * key-frames, key-requests, losses (told upstream), semantic (access units without a picture), bytes; double:
   * decode-ms-p50 and decode-ms-p99 of the latest 256 frames.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropStats,
      g_param_spec_boxed("stats", "Statistics", "Counters of frames, bytes and times", GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

bool set_decoder_property(DecoderSettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kPropModel:
      set_model(settings.model, value);
      return true;
    case kPropThreads:
      settings.model.threads = g_value_get_uint(value);
      return true;
    case kPropMaxLayers:
      settings.max_layers = g_value_get_uint(value);
      return true;
    case kPropKnowledgeBase:
      settings.knowledge_base = get_text(value);
      return true;
    default:
      return false;
  }
}

bool get_decoder_property(const DecoderSettings& settings, const DecoderCounters& counters, guint id, GValue* value) {
  switch (id) {
    case kPropModel:
      get_model(settings.model, value);
      return true;
    case kPropThreads:
      g_value_set_uint(value, settings.model.threads);
      return true;
    case kPropMaxLayers:
      g_value_set_uint(value, settings.max_layers);
      return true;
    case kPropKnowledgeBase:
      set_text(value, settings.knowledge_base);
      return true;
    case kPropStats:
      g_value_take_boxed(value, make_stats(counters));
      return true;
    default:
      return false;
  }
}

}  // namespace crlsc
