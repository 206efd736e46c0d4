// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder's search for the price at which a picture's choices are made.
#pragma once

#include <algorithm>
#include <cmath>

namespace crlsc {

// Looks for the price of a bit that fits the bits of what was chosen for it: chosen for a low price, a picture takes so
// much that only a high one fits, and the other way round.
class PriceSearch {
 public:
  // A better guess than `proposed`, where `fitted` was what fitted.
  double next(double proposed, double fitted) {
    (fitted > proposed ? low_ : high_) = proposed;
    if (low_ > 0 && high_ < HUGE_VAL) return std::sqrt(low_ * high_);
    // Half of the way, as a price that leaves too much out makes the rest look cheap.
    constexpr double kLongestWay = 16;
    return proposed * std::sqrt(std::clamp(fitted / proposed, 1 / kLongestWay, kLongestWay));
  }

 private:
  double low_ = 0;
  double high_ = HUGE_VAL;
};

}  // namespace crlsc
