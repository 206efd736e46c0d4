// SPDX-License-Identifier: LGPL-2.1-or-later
#include "extension_room.h"

#include <cstring>
#include <utility>

namespace crlsc {
namespace {

constexpr const char* kPrefix = "extmap-";
constexpr gsize kOneByteMost = 16;   // of data, with a header of one byte
constexpr gsize kTwoByteMost = 255;  // with a header of two
constexpr guint kOneByteMaxId = 14;

// The URI in the value of an extmap field: a string, or an array with direction, URI and attributes.
const gchar* uri_of(const GValue* value) {
  if (GST_VALUE_HOLDS_ARRAY(value) && gst_value_array_get_size(value) > 1) value = gst_value_array_get_value(value, 1);
  return G_VALUE_HOLDS_STRING(value) ? g_value_get_string(value) : nullptr;
}

Owned<GstRTPHeaderExtension> make_extension(const gchar* uri, guint id, GstCaps* caps) {
  GstRTPHeaderExtension* made = uri != nullptr ? gst_rtp_header_extension_create_from_uri(uri) : nullptr;
  if (made == nullptr) return nullptr;
  if (g_object_is_floating(made)) gst_object_ref_sink(made);
  Owned<GstRTPHeaderExtension> out(made);
  gst_rtp_header_extension_set_id(made, id);
  if (!gst_rtp_header_extension_set_attributes_from_caps(made, caps)) out.reset();
  return out;
}

}  // namespace

void ExtensionRoom::update(Owned<GstCaps> caps) {
  if (caps == caps_) return;
  extensions_.clear();
  const GstStructure* fields = caps ? gst_caps_get_structure(caps.get(), 0) : nullptr;
  for (int i = 0; fields != nullptr && i < gst_structure_n_fields(fields); ++i) {
    const gchar* name = gst_structure_nth_field_name(fields, static_cast<guint>(i));
    if (!g_str_has_prefix(name, kPrefix)) continue;
    const auto id = static_cast<guint>(g_ascii_strtoull(name + strlen(kPrefix), nullptr, 10));
    extensions_.push_back({id, make_extension(uri_of(gst_structure_get_value(fields, name)), id, caps.get())});
  }
  caps_ = std::move(caps);
}

guint ExtensionRoom::bytes(Owned<GstCaps> caps, GstBuffer* buffer) {
  update(std::move(caps));
  if (extensions_.empty()) return 0;
  gsize sum = 0;
  bool one_byte = true;
  for (const Extension& extension : extensions_) {
    GstRTPHeaderExtension* known = extension.implementation.get();
    const gsize size = known != nullptr ? gst_rtp_header_extension_get_max_size(known, buffer) : kTwoByteMost;
    one_byte &= known != nullptr && extension.id <= kOneByteMaxId && size <= kOneByteMost &&
                (gst_rtp_header_extension_get_supported_flags(known) & GST_RTP_HEADER_EXTENSION_ONE_BYTE) != 0;
    sum += size;
  }
  sum += extensions_.size() * (one_byte ? 1 : 2);
  return static_cast<guint>(4 + (sum + 3) / 4 * 4);
}

void ExtensionRoom::clear() {
  extensions_.clear();
  caps_.reset();
}

}  // namespace crlsc
