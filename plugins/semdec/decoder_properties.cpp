// SPDX-License-Identifier: LGPL-2.1-or-later
#include "decoder_properties.h"

namespace crlsc {
namespace {

enum { kPropMaxLayers = kPropOwn };

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
  /**
   * GstCrlscDec:knowledge-base:
   *
   * A shared or private knowledge base. If the stream uses another one, the element posts the message
   * crlsc-knowledge-base-missing once, with its id in the field knowledge-base, and decodes pictures all the same.
   *
   * Since: 0.1
   */
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
  install_shared_properties(
      object_class,
      {"knowledge-base", "Knowledge base",
       "Knowledge base (.crlsckb): a path, or a name on the model path (NULL = what streams name is looked for there)"},
      "Counters of frames, bytes and times");
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
      g_param_spec_uint("max-layers", "Max layers", "Most layers to decode", 1, kMaxLayers, kMaxLayers, kPlaying));
}

bool set_decoder_property(DecoderSettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kPropMaxLayers:
      settings.max_layers = g_value_get_uint(value);
      return true;
    default:
      return set_shared_property(settings, id, value);
  }
}

bool get_decoder_property(const DecoderSettings& settings, const DecoderCounters& counters, guint id, GValue* value) {
  switch (id) {
    case kPropMaxLayers:
      g_value_set_uint(value, settings.max_layers);
      return true;
    case kPropStats:
      g_value_take_boxed(value, make_stats(counters));
      return true;
    default:
      return get_shared_property(settings, id, value);
  }
}

}  // namespace crlsc
