// SPDX-License-Identifier: LGPL-2.1-or-later
// What a receiver tells its sender that it has of an entry.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/bitstream/knowledge_unit.h"

namespace crlsc {

// Some of an entry's bytes.
struct ByteRange {
  size_t offset = 0;
  size_t size = 0;
};
inline bool operator==(const ByteRange& a, const ByteRange& b) { return a.offset == b.offset && a.size == b.size; }

constexpr size_t kMostReportRanges = 8;  // that a receiver tells; the last one may hold more than is missing

// The entry is there, and stays, if nothing is missing.
struct EntryReport {
  PictureName name{};
  std::vector<ByteRange> missing;
};
inline bool operator==(const EntryReport& a, const EntryReport& b) {
  return a.name == b.name && a.missing == b.missing;
}

inline bool is_valid(const EntryReport& report) {
  const auto sound = [](const ByteRange& range) {
    return range.size > 0 && range.offset < kMaxTransferSize && range.size <= kMaxTransferSize - range.offset;
  };
  return report.missing.size() <= kMostReportRanges && std::all_of(report.missing.begin(), report.missing.end(), sound);
}

}  // namespace crlsc
