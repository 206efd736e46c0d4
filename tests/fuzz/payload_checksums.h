// SPDX-License-Identifier: LGPL-2.1-or-later
// RTP payloads whose units have right checksums, whatever is in them.
#pragma once

#include "core/error.h"
#include "core/rtp/payload_header.h"
#include "script.h"

namespace crlsc {

// The payload with the checksums of its units put right; fragments and broken headers stay as they are.
inline Bytes with_payload_checksums(ByteView payload) {
  Bytes out(payload.begin(), payload.end());
  const auto append = [&out](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  try {
    const RtpPayloadHeader header = parse_payload_header(payload);
    if (header.fragment) return out;
    out.resize(header.size());
    ByteView rest = payload.sub(header.size());
    if (!header.aggregate) append(with_checksums(rest));
    while (header.aggregate && !rest.empty()) {
      const AggregateEntry entry = parse_aggregate_entry(rest);
      append(rest.sub(0, kAggregateHeaderSize));
      append(with_checksums(rest.sub(kAggregateHeaderSize, entry.size)));
      rest = rest.sub(kAggregateHeaderSize + entry.size);
    }
    return out;
  } catch (const Error&) {
    return {payload.begin(), payload.end()};
  }
}

}  // namespace crlsc
