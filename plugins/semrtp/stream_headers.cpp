// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stream_headers.h"

#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc {
namespace {

void check(const KnownStream& stream, const SequenceHeader& header, bool key) {
  if (stream.model && header.model_id != *stream.model) {
    throw Error(ErrorKind::kWrongType, "a sequence header names model " + to_hex(header.model_id) +
                                           " where the stream has model " + to_hex(*stream.model));
  }
  const bool resized =
      stream.header && (header.width != stream.header->width || header.height != stream.header->height);
  if (resized && !key) throw Error(ErrorKind::kCorrupt, "the size changes without a key picture");
}

}  // namespace

std::optional<SequenceHeader> find_header(const KnownStream& stream, ByteView units) {
  std::optional<SequenceHeader> header;
  const AccessUnitView view = parse_access_unit(units);
  for (const UnitView& unit : view.units) {
    if (unit.header.type != UnitType::kSequenceHeader) continue;
    header = parse_sequence_header(unit.payload);
    check(stream, *header, view.key().value_or(false));
  }
  return header;
}

std::optional<ContentId> model_of_caps(const GstStructure* fields) {
  const gchar* text = gst_structure_get_string(fields, "model");
  return text != nullptr ? content_id_from_hex(text) : std::nullopt;
}

std::optional<SequenceHeader> header_of_caps(const GstStructure* fields) {
  const gchar* config = gst_structure_get_string(fields, "config");
  if (config == nullptr) return std::nullopt;
  gsize size = 0;
  guchar* bytes = g_base64_decode(config, &size);
  const Bytes units(bytes, bytes + size);
  g_free(bytes);
  const auto header = find_header({std::nullopt, model_of_caps(fields)}, units);
  if (!header) throw Error(ErrorKind::kCorrupt, "it holds no intact sequence header");
  return header;
}

}  // namespace crlsc
