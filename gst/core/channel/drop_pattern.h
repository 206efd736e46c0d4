// SPDX-License-Identifier: LGPL-2.1-or-later
// Packets to be lost by their numbers, such as "3,100-102,500-".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace crlsc {

class DropPattern {
 public:
  static constexpr size_t kMaxRanges = 1024;

  // No packets.
  DropPattern() = default;

  // Numbers and ranges, separated by commas; blanks may surround both. A range without a second number never ends. An
  // empty text names no packet. Throws Error(kSettings) if the text is something else or has more than kMaxRanges.
  explicit DropPattern(const std::string& text);

  // The first packet has number 0.
  bool contains(uint64_t number) const noexcept;

 private:
  struct Range {
    uint64_t first;
    uint64_t last;
  };
  static Range parse_range(const std::string& item);

  std::vector<Range> ranges_;
};

}  // namespace crlsc
