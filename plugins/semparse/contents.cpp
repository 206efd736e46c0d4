// SPDX-License-Identifier: LGPL-2.1-or-later
#include "contents.h"

#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc {

Contents look_through(ByteView access_unit, bool key) {
  const AccessUnitView view = parse_access_unit(access_unit);
  Contents contents{view.key().value_or(key), view.damaged, std::nullopt};
  for (const UnitView& unit : view.units) {
    if (unit.header.type != UnitType::kSequenceHeader) continue;
    try {
      contents.header = parse_sequence_header(unit.payload);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kCorrupt) throw;
      contents.damaged = true;
    }
  }
  return contents;
}

void set_flags(GstBuffer* buffer, const Contents& contents, bool header, bool discontinuity) {
  const auto set = [buffer](GstBufferFlags flag, bool on) {
    if (on) {
      GST_BUFFER_FLAG_SET(buffer, flag);
    } else {
      GST_BUFFER_FLAG_UNSET(buffer, flag);
    }
  };
  set(GST_BUFFER_FLAG_DELTA_UNIT, !contents.key);
  set(GST_BUFFER_FLAG_HEADER, header);
  set(GST_BUFFER_FLAG_DISCONT, discontinuity);
  if (contents.damaged) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
}

}  // namespace crlsc
