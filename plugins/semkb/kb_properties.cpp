// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kb_properties.h"

GType gst_crlsc_kb_mode_get_type(void) {
  static const GEnumValue values[] = {{GST_CRLSC_KB_MODE_QUERY, "Look up what is shown", "query"},
                                      {GST_CRLSC_KB_MODE_BUILD, "Add what is shown", "build"},
                                      {GST_CRLSC_KB_MODE_BOTH, "Look up what is shown, then add it", "both"},
                                      {0, nullptr, nullptr}};
  static gsize type = 0;
  if (g_once_init_enter(&type)) g_once_init_leave(&type, g_enum_register_static("GstCrlscKbMode", values));
  return type;
}

namespace crlsc {
namespace {

constexpr guint kMaxInterval = 3600000;  // ms

enum {
  kPropMode = kPropOwn,
  kPropTopK,
  kPropInterval,
  kPropLabel,
  kPropMinSimilarity,
  kPropMaxEntries,
  kPropRerank,
  kPropScenes,
  kPropMaxAge
};

GstStructure* make_stats(const KbCounters& counters) {
  return gst_structure_new(
      "application/x-crlsc-kb-stats", "buffers", G_TYPE_UINT64, counters.buffers, "searches", G_TYPE_UINT64,
      counters.searches, "matched", G_TYPE_UINT64, counters.matched, "skipped", G_TYPE_UINT64, counters.skipped,
      "unusable", G_TYPE_UINT64, counters.unusable, "entries", G_TYPE_UINT64, counters.entries, "added", G_TYPE_UINT64,
      guint64{counters.knowledge.added}, "duplicates", G_TYPE_UINT64, guint64{counters.knowledge.duplicates},
      "rejected", G_TYPE_UINT64, guint64{counters.knowledge.rejected}, "reloads", G_TYPE_UINT64,
      guint64{counters.knowledge.reloads}, "removed", G_TYPE_UINT64, guint64{counters.knowledge.removed},
      "search-ms-p50", G_TYPE_DOUBLE, counters.search_times.percentile(0.5), "search-ms-p99", G_TYPE_DOUBLE,
      counters.search_times.percentile(0.99), nullptr);
}

void install_file_properties(GObjectClass* klass) {
  /**
   * GstCrlscKb:mode:
   *
   * What to do with it. Entries can only be added to a private knowledge base.
   *
   * Since: 0.1
   */
  g_object_class_install_property(klass, kPropMode,
                                  g_param_spec_enum("mode", "Mode", "Whether to look up what is shown, or to add it",
                                                    GST_TYPE_CRLSC_KB_MODE, KbSettings().mode, kReady));
  /**
   * GstCrlscKb:max-entries:
   *
   * Most entries that the knowledge base may have: a larger one is refused, and no more are added then.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, kPropMaxEntries,
      g_param_spec_uint("max-entries", "Maximum entries", "Most entries that the knowledge base may have", 1,
                        kMaxEntries, kDefaultMaxEntries, kReady));
  /**
   * GstCrlscKb:label:
   *
   * Label of the entries that are added from now on, at most 255 bytes.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, kPropLabel,
      g_param_spec_string("label", "Label", "Label of entries that are added (NULL = none)", nullptr, kPlaying));
}

void install_scene_properties(GObjectClass* klass) {
  /**
   * GstCrlscKb:scenes:
   *
   * Of raw video, keep scenes when building: in place of an entry for each interval, one for each background that was
   * watched for a while, with a picture of it, which crlscenc and crlscdec refer to. In mode query a warning message
   * says that it does nothing.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, kPropScenes,
      g_param_spec_boolean("scenes", "Scenes",
                           "With mode build or both, of raw video: add the backgrounds of scenes, with their pictures, "
                           "in place of an entry for each interval",
                           KbSettings().scenes, kReady));
  /**
   * GstCrlscKb:max-age:
   *
   * With #GstCrlscKb:scenes, entries with reference pictures are removed, and overwritten, when what they show was not
   * seen for so long.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, kPropMaxAge,
      g_param_spec_uint("max-age", "Maximum age",
                        "With scenes, seconds after which those that are not seen are removed (0 = never)", 0,
                        G_MAXUINT, KbSettings().max_age, kPlaying));
}

void install_search_properties(GObjectClass* klass) {
  /**
   * GstCrlscKb:top-k:
   *
   * Most matches of a search.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, kPropTopK,
      g_param_spec_uint("top-k", "Top k", "Most matches of a search", 1, kMaxMatches, KbSettings().top_k, kPlaying));
  /**
   * GstCrlscKb:interval:
   *
   * Least time from one picture that is looked at to the next, for raw video; 0 looks at all of them. Of encoded video,
   * all semantic units are.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, kPropInterval,
      g_param_spec_uint("interval", "Interval",
                        "Least milliseconds from one raw picture that is looked at to the next (0 = all are)", 0,
                        kMaxInterval, KbSettings().interval, kPlaying));
  /**
   * GstCrlscKb:min-similarity:
   *
   * Entries whose cosine with what is shown is less do not match.
   *
   * Since: 0.1
   */
  g_object_class_install_property(klass, kPropMinSimilarity,
                                  g_param_spec_double("min-similarity", "Minimum similarity", "Least cosine of a match",
                                                      -1, 1, KbSettings().min_similarity, kPlaying));
  /**
   * GstCrlscKb:rerank:
   *
   * For raw video: so many candidates, the nearest by their codes, are compared once more by their 8-bit vectors, those
   * of them that have one. They take memory: as many bytes for each entry as vectors have numbers.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, kPropRerank,
      g_param_spec_uint("rerank", "Re-rank",
                        "Candidates that raw pictures are compared with once more by 8-bit vectors (0 = codes decide)",
                        0, kMaxMatches, KbSettings().rerank, kReady));
}

}  // namespace

void install_kb_properties(GObjectClass* klass) {
  /**
   * GstCrlscKb:location:
   *
   * A shared or private knowledge base: a path, or a name on the model path. Without one, the element does nothing.
   *
   * Since: 0.1
   */
  /**
   * GstCrlscKb:stats:
   *
   * Counters since READY. guint64: buffers, searches, matched (searches with a match), skipped (raw pictures that were
   * too late), unusable (semantic units that make no sense to this knowledge base), entries (now), added, duplicates
   * (near duplicates, which are not added), rejected (no room), reloads (the file had changed), removed (scenes that
   * were too old); double: search-ms-p50 and search-ms-p99 of the latest 256 searches.
   *
   * Since: 0.1
   */
  install_shared_properties(
      klass,
      {"location", "Location",
       "Knowledge base (.crlsckb), a private one to add to: a path, or a name in the working directory or on the model "
       "path (NULL = do nothing)"},
      "Counters of searches, entries and times");
  install_file_properties(klass);
  install_scene_properties(klass);
  install_search_properties(klass);
}

bool set_kb_property(KbSettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kPropMode:
      settings.mode = static_cast<GstCrlscKbMode>(g_value_get_enum(value));
      return true;
    case kPropTopK:
      settings.top_k = g_value_get_uint(value);
      return true;
    case kPropInterval:
      settings.interval = g_value_get_uint(value);
      return true;
    case kPropLabel:
      settings.label = get_text(value);
      return true;
    case kPropMinSimilarity:
      settings.min_similarity = g_value_get_double(value);
      return true;
    case kPropMaxEntries:
      settings.max_entries = g_value_get_uint(value);
      return true;
    case kPropRerank:
      settings.rerank = g_value_get_uint(value);
      return true;
    case kPropScenes:
      settings.scenes = g_value_get_boolean(value);
      return true;
    case kPropMaxAge:
      settings.max_age = g_value_get_uint(value);
      return true;
    default:
      return set_shared_property(settings, id, value);
  }
}

bool get_kb_property(const KbSettings& settings, const KbCounters& counters, guint id, GValue* value) {
  switch (id) {
    case kPropMode:
      g_value_set_enum(value, settings.mode);
      return true;
    case kPropTopK:
      g_value_set_uint(value, settings.top_k);
      return true;
    case kPropInterval:
      g_value_set_uint(value, settings.interval);
      return true;
    case kPropLabel:
      set_text(value, settings.label);
      return true;
    case kPropMinSimilarity:
      g_value_set_double(value, settings.min_similarity);
      return true;
    case kPropMaxEntries:
      g_value_set_uint(value, settings.max_entries);
      return true;
    case kPropRerank:
      g_value_set_uint(value, settings.rerank);
      return true;
    case kPropScenes:
      g_value_set_boolean(value, settings.scenes);
      return true;
    case kPropMaxAge:
      g_value_set_uint(value, settings.max_age);
      return true;
    case kPropStats:
      g_value_take_boxed(value, make_stats(counters));
      return true;
    default:
      return get_shared_property(settings, id, value);
  }
}

}  // namespace crlsc
