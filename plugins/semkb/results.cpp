// SPDX-License-Identifier: LGPL-2.1-or-later
#include "results.h"

#include <algorithm>

#include "crlsc/kb_meta.h"

namespace crlsc {
namespace {

// A cosine but for rounding.
double similarity(const Match& match) { return std::clamp(double{match.similarity}, -1.0, 1.0); }

}  // namespace

void attach_matches(GstBuffer* buffer, const std::vector<Match>& matches) {
  GstCrlscKbMeta* meta = gst_buffer_add_crlsc_kb_meta(buffer);
  for (const Match& match : matches) {
    gst_crlsc_kb_meta_add_match(meta, match.id, match.label.c_str(), similarity(match));
  }
}

std::string labels_text(const std::vector<Match>& matches) {
  std::string text;
  for (const Match& match : matches) {
    if (!match.label.empty()) text += (text.empty() ? "" : "\n") + match.label;
  }
  return text;
}

GstMessage* make_matches_message(GstObject* source, const GstSegment& segment, GstBuffer* buffer,
                                 const std::vector<Match>& matches) {
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  guint64 stream_time = GST_CLOCK_TIME_NONE;
  guint64 running_time = GST_CLOCK_TIME_NONE;
  if (segment.format == GST_FORMAT_TIME && GST_CLOCK_TIME_IS_VALID(pts)) {
    stream_time = gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, pts);
    running_time = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, pts);
  }
  GstStructure* fields = gst_structure_new("crlsckb", "timestamp", G_TYPE_UINT64, pts, "stream-time", G_TYPE_UINT64,
                                           stream_time, "running-time", G_TYPE_UINT64, running_time, "duration",
                                           G_TYPE_UINT64, GST_BUFFER_DURATION(buffer), nullptr);
  GValue array = G_VALUE_INIT;
  g_value_init(&array, GST_TYPE_ARRAY);
  for (const Match& match : matches) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&value,
                       gst_structure_new("match", "id", G_TYPE_UINT64, guint64{match.id}, "label", G_TYPE_STRING,
                                         match.label.c_str(), "similarity", G_TYPE_DOUBLE, similarity(match), nullptr));
    gst_value_array_append_and_take_value(&array, &value);
  }
  gst_structure_take_value(fields, "matches", &array);
  return gst_message_new_element(source, fields);
}

}  // namespace crlsc
