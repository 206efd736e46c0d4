// SPDX-License-Identifier: LGPL-2.1-or-later
#include "decoder_properties.h"

namespace crlsc {
namespace {

enum { kPropMaxLayers = kPropOwn, kPropPostFilter, kPropKnowledgeUpdates, kPropMaxEntries };

GstStructure* make_stats(const DecoderCounters& counters) {
  return gst_structure_new(
      "application/x-crlsc-decoder-stats", "frames", G_TYPE_UINT64, counters.frames, "corrupted", G_TYPE_UINT64,
      counters.corrupted, "concealed", G_TYPE_UINT64, counters.concealed, "errors", G_TYPE_UINT64, counters.errors,
      "discarded", G_TYPE_UINT64, counters.discarded, "hurried", G_TYPE_UINT64, counters.hurried, "key-frames",
      G_TYPE_UINT64, counters.key_frames, "key-requests", G_TYPE_UINT64, counters.key_requests, "losses", G_TYPE_UINT64,
      counters.losses, "semantic", G_TYPE_UINT64, counters.semantic, "entries", G_TYPE_UINT64, counters.entries,
      "bytes", G_TYPE_UINT64, counters.bytes, "decode-ms-p50", G_TYPE_DOUBLE, counters.decode_times.percentile(0.5),
      "decode-ms-p99", G_TYPE_DOUBLE, counters.decode_times.percentile(0.99), nullptr);
}

void install_knowledge_properties(GObjectClass* object_class) {
  /**
   * GstCrlscDec:knowledge-updates:
   *
   * Whether entries that the stream brings, with pictures of what it has shown, are stored in the knowledge base. It
   * has to be a private one; if there is no such file, one is made, for which the shared knowledge base that the stream
   * names has to be on the model path.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropKnowledgeUpdates,
      g_param_spec_boolean("knowledge-updates", "Knowledge updates",
                           "Whether to store the entries, with pictures, that the stream brings in the knowledge base, "
                           "a private one, which is made if there is none",
                           FALSE, kReady));
  /**
   * GstCrlscDec:max-entries:
   *
   * Entries from streams that the knowledge base keeps; beyond that, those go that no stream has brought or referred to
   * for the longest time. Other entries stay.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropMaxEntries,
      g_param_spec_uint("max-entries", "Max entries",
                        "Most entries from streams that the knowledge base keeps: those unused for the longest go", 1,
                        kMostScenePictures, kMostScenePictures, kReady));
}

}  // namespace

void install_decoder_properties(GObjectClass* object_class) {
  /**
   * GstCrlscDec:knowledge-base:
   *
   * A shared or private knowledge base. If the stream uses another one, the element posts the message
   * crlsc-knowledge-base-missing once, with its id in the field knowledge-base. Only pictures that refer to entries
   * which are not in it cannot be decoded; the message crlsc-entry-missing tells these.
   *
   * Since: 0.1
   */
  /**
   * GstCrlscDec:stats:
   *
   * Counters since READY. guint64: frames (decoded), corrupted (of them), concealed (put out in place of others),
   * errors (pictures that could not be read), discarded (before the first picture that can be shown), hurried (without
   * post-filter, or base layer only), key-frames, key-requests, losses (told upstream), semantic (access units without
   * a picture), entries (that the stream brought, and that are new in the knowledge base), bytes; double: decode-ms-p50
   * and decode-ms-p99 of the latest 256 frames.
   *
   * Since: 0.1
   */
  install_shared_properties(object_class,
                            {"knowledge-base", "Knowledge base",
                             "Knowledge base (.crlsckb) with the pictures that streams may refer to: a path, or a name "
                             "in the working directory or on the model path (NULL = streams have to do without)"},
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
  /**
   * GstCrlscDec:post-filter:
   *
   * Whether pictures are shown through the model's post-filter, if it has one: a network that removes some of what
   * coding did to them, most where they were coded at half size. It takes about as long as decoding, and only where
   * something changes. Frames that come too late do without. Takes effect with the next frame.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropPostFilter,
      g_param_spec_boolean("post-filter", "Post-filter",
                           "Whether to improve decoded pictures by the model's post-filter, if it has one", TRUE,
                           kPlaying));
  install_knowledge_properties(object_class);
}

bool set_decoder_property(DecoderSettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kPropMaxLayers:
      settings.max_layers = g_value_get_uint(value);
      return true;
    case kPropPostFilter:
      settings.post_filter = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropKnowledgeUpdates:
      settings.knowledge_updates = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropMaxEntries:
      settings.max_entries = g_value_get_uint(value);
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
    case kPropPostFilter:
      g_value_set_boolean(value, settings.post_filter);
      return true;
    case kPropKnowledgeUpdates:
      g_value_set_boolean(value, settings.knowledge_updates);
      return true;
    case kPropMaxEntries:
      g_value_set_uint(value, settings.max_entries);
      return true;
    case kPropStats:
      g_value_take_boxed(value, make_stats(counters));
      return true;
    default:
      return get_shared_property(settings, id, value);
  }
}

}  // namespace crlsc
