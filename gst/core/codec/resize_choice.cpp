// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/resize_choice.h"

#include <algorithm>
#include <cmath>

namespace crlsc {
namespace {

constexpr double kFewBits = 0.02;  // for a sample: to begin with half size
constexpr double kSettled = 1.5;   // seconds until prices say something
constexpr double kMemory = 1.0;    // seconds

// Prices at which half size and full size look alike (docs/results/codec-ablation.md), where nothing moves and where
// everything does; between them is room for both.
constexpr double kHalfTooCheap[2] = {450, 150};
constexpr double kFullTooDear[2] = {3300, 1400};

double between(const double (&ends)[2], double share) { return ends[0] * std::pow(ends[1] / ends[0], share); }

}  // namespace

ResizeChoice::ResizeChoice(ResizeMode mode, double bits)
    : mode_(mode), half_(mode == ResizeMode::kHalf || (mode == ResizeMode::kAuto && bits < kFewBits)) {}

void ResizeChoice::sent(double lambda, double moved, double seconds) {
  if (mode_ != ResizeMode::kAuto) return;
  const double share = age_ == 0 ? 1 : 1 - std::exp(-seconds / kMemory);
  price_ += share * (std::log(std::max(lambda, 1e-3)) - price_);
  moved_ += share * (moved - moved_);
  age_ += seconds;
  if (age_ < kSettled) return;
  const double price = std::exp(price_);
  if (half_ ? price >= between(kHalfTooCheap, moved_) : price <= between(kFullTooDear, moved_)) return;
  half_ = !half_;
  age_ = 0;
}

void ResizeChoice::forbid() {
  mode_ = ResizeMode::kNone;
  half_ = false;
}

}  // namespace crlsc
