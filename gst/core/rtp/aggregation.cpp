// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/aggregation.h"

#include <algorithm>

#include "core/rtp/payload_header.h"

namespace crlsc {
namespace {

constexpr uint64_t kNanosecondsPerSecond = 1000000000;
constexpr uint64_t kLongestSpan = kMaxTimestampOffset * kNanosecondsPerSecond / 90000;  // that an entry can say

uint64_t longest(const AggregationPlan::Limits& limits) { return std::min(limits.longest_wait, kLongestSpan); }

}  // namespace

bool AggregationPlan::takes(const Item& item, const Limits& limits) const {
  const size_t payload = (count_ == 0 ? kFixedHeaderSize : payload_) + kAggregateHeaderSize + item.size;
  if (item.size > UINT16_MAX || payload > limits.max_payload) return false;
  if (count_ == 0) return true;
  return count_ < static_cast<size_t>(kMaxAggregated) && item.time >= last_ && item.time - first_ <= longest(limits);
}

void AggregationPlan::add(const Item& item) {
  if (count_ == 0) {
    first_ = item.time;
    payload_ = kFixedHeaderSize;
  }
  interval_ = item.duration ? item.duration : (count_ > 0 ? std::optional(item.time - last_) : std::nullopt);
  last_ = item.time;
  payload_ += kAggregateHeaderSize + item.size;
  ++count_;
}

bool AggregationPlan::complete(const Limits& limits) const {
  if (count_ == 0) return false;
  return count_ == static_cast<size_t>(kMaxAggregated) || last_ + interval_.value_or(0) - first_ > longest(limits);
}

}  // namespace crlsc
