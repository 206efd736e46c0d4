// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/entry_event.h"

#include "core/bitstream/sequence_header.h"

namespace crlsc {
namespace {

constexpr const char* kName = "GstCrlscEntry";

void append(GValue* array, size_t number) {
  GValue value = G_VALUE_INIT;
  g_value_init(&value, G_TYPE_UINT);
  g_value_set_uint(&value, static_cast<guint>(number));
  gst_value_array_append_and_take_value(array, &value);
}

std::optional<size_t> number_at(const GValue* array, guint index) {
  const GValue* value = gst_value_array_get_value(array, index);
  return G_VALUE_HOLDS_UINT(value) ? std::optional<size_t>(g_value_get_uint(value)) : std::nullopt;
}

}  // namespace

bool is_entry_event(GstEvent* event) {
  return GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_UPSTREAM && gst_event_has_name(event, kName);
}

GstEvent* make_entry_event(const EntryReport& report, std::optional<guint32> ssrc) {
  GstStructure* fields = gst_structure_new(kName, "entry", G_TYPE_STRING, to_hex(report.name).c_str(), nullptr);
  GValue missing = G_VALUE_INIT;
  g_value_init(&missing, GST_TYPE_ARRAY);
  for (const ByteRange& range : report.missing) {
    append(&missing, range.offset);
    append(&missing, range.size);
  }
  gst_structure_take_value(fields, "missing", &missing);
  if (ssrc) gst_structure_set(fields, "ssrc", G_TYPE_UINT, *ssrc, nullptr);
  return gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, fields);
}

std::optional<EntryReport> parse_entry_event(GstEvent* event) {
  if (!is_entry_event(event)) return std::nullopt;
  const GstStructure* fields = gst_event_get_structure(event);
  const gchar* text = gst_structure_get_string(fields, "entry");
  const auto name = content_id_from_hex(text == nullptr ? "" : text);
  const GValue* missing = gst_structure_get_value(fields, "missing");
  if (!name || missing == nullptr || !GST_VALUE_HOLDS_ARRAY(missing)) return std::nullopt;
  EntryReport report{*name, {}};
  const guint numbers = gst_value_array_get_size(missing);
  if (numbers % 2 != 0 || numbers > 2 * kMostReportRanges) return std::nullopt;
  for (guint i = 0; i < numbers; i += 2) {
    const auto offset = number_at(missing, i);
    const auto size = number_at(missing, i + 1);
    if (!offset || !size) return std::nullopt;
    report.missing.push_back({*offset, *size});
  }
  return is_valid(report) ? std::optional<EntryReport>(report) : std::nullopt;
}

}  // namespace crlsc
