// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/drop_pattern.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace crlsc {
namespace {

constexpr const char* kBlanks = " \t\r\n";

[[noreturn]] void fail(const std::string& why) {
  throw Error(ErrorKind::kSettings,
              "this drop pattern cannot be read: " + why + "; write numbers and ranges such as " + "3,100-102,500-");
}

std::string trim(const std::string& text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

uint64_t parse_number(const std::string& text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) fail("`" + text + "` is no packet number");
  return number;
}

}  // namespace

DropPattern::Range DropPattern::parse_range(const std::string& item) {
  const size_t dash = item.find('-');
  const uint64_t first = parse_number(trim(item.substr(0, dash)));
  if (dash == std::string::npos) return {first, first};
  const std::string second = trim(item.substr(dash + 1));
  const uint64_t last = second.empty() ? UINT64_MAX : parse_number(second);
  if (last < first) fail("the range `" + item + "` ends before it begins");
  return {first, last};
}

DropPattern::DropPattern(const std::string& text) {
  if (trim(text).empty()) return;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (ranges_.size() == kMaxRanges) fail("it has more than " + std::to_string(kMaxRanges) + " ranges");
    ranges_.push_back(parse_range(trim(text.substr(begin, end - begin))));
    begin = end + 1;
  }
}

bool DropPattern::contains(uint64_t number) const noexcept {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [number](const Range& range) { return range.first <= number && number <= range.last; });
}

}  // namespace crlsc
