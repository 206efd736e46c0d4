// SPDX-License-Identifier: LGPL-2.1-or-later
// How long something took lately.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace crlsc {

// Keeps the latest 256 durations.
class TimeWindow {
 public:
  void add(int64_t microseconds) { samples_[count_++ % samples_.size()] = microseconds; }

  // The duration in milliseconds that `share` (0..1) of the kept ones do not exceed; 0 if there are none.
  double percentile(double share) const {
    const size_t size = std::min(count_, samples_.size());
    if (size == 0) return 0;
    std::vector<int64_t> sorted(samples_.begin(), samples_.begin() + static_cast<ptrdiff_t>(size));
    const auto at = std::min(size - 1, static_cast<size_t>(share * static_cast<double>(size)));
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(at), sorted.end());
    return static_cast<double>(sorted[at]) / 1000;
  }

 private:
  std::array<int64_t, 256> samples_{};
  size_t count_ = 0;
};

}  // namespace crlsc
