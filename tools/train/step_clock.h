// SPDX-License-Identifier: LGPL-2.1-or-later
// The time that a training has computed.
#pragma once

#include <algorithm>
#include <chrono>

namespace crlsc::tools {

class StepClock {
 public:
  // Seconds since the last call, or since the clock was made; at most ten, as a stopped process does not compute.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double passed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return std::min(passed, kLongestStep);
  }

 private:
  static constexpr double kLongestStep = 10;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace crlsc::tools
