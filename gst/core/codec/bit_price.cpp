// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/bit_price.h"

#include <algorithm>
#include <cmath>

namespace crlsc {
namespace {

// Changes are powers of e.
constexpr double kByFill = 4;      // as the bucket is filled
constexpr double kReaction = 2;    // seconds in which the usual price follows what pictures take
constexpr double kMostExcess = 1;  // that one picture counts
constexpr double kReturn = 0.1;    // with each picture, as the bucket is filled: until that is right, too
constexpr double kDiscount = 0.4;  // with each picture that leaves something an empty bucket cannot keep
constexpr double kLowest = 0.25;
constexpr double kHighest = 30000;

double bounded(double price) { return std::clamp(price, kLowest, kHighest); }

}  // namespace

double BitPrice::next(const RateControl::Budget& budget) const {
  return std::max(least_, bounded(usual_ * discount_ * std::exp(kByFill * budget.fill)));
}

void BitPrice::took(double bits, const RateControl::Budget& budget, int rate) {
  if (budget.share <= 0 || bits <= 0) return;
  const double seconds = static_cast<double>(budget.share) / rate;
  const double excess = std::log(bits / budget.share);
  const double change = std::clamp(excess, -kMostExcess, kMostExcess) * seconds / kReaction + kReturn * budget.fill;
  usual_ = std::max(least_, bounded(usual_ * std::exp(change)));
  const bool spare = budget.empty && excess < 0;
  discount_ = std::clamp(discount_ * std::exp(spare ? -kDiscount : kDiscount), std::max(kLowest, least_) / usual_, 1.0);
}

void BitPrice::rate_changed(double factor) { usual_ = bounded(usual_ / factor); }

}  // namespace crlsc
