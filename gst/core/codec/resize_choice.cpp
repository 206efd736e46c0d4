// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/resize_choice.h"

#include <algorithm>
#include <cmath>

namespace crlsc {
namespace {

constexpr double kFewBits = 0.015;   // for a sample: to begin with half size
constexpr double kFirstLook = 0.45;  // seconds until the prices of a stream say something if they are far off, by
constexpr double kFarOff = 2;        // this factor
constexpr double kSettled = 1.5;     // seconds until they say something in any case
constexpr double kMemory = 1.0;      // seconds

// Shares of cells that move where a scene counts as at rest, and as moving.
constexpr double kAtRest = 0.15;
constexpr double kMoving = 0.3;
// Prices at which half size and full size look alike (docs/results/codec-ablation.md), at rest and moving; between them
// is room for both.
constexpr double kHalfTooCheap[2] = {450, 100};
constexpr double kFullTooDear[2] = {3300, 1600};

double between(const double (&ends)[2], double moved) {
  const double share = std::clamp((moved - kAtRest) / (kMoving - kAtRest), 0.0, 1.0);
  return ends[0] * std::pow(ends[1] / ends[0], share);
}

}  // namespace

ResizeChoice::ResizeChoice(ResizeMode mode, double bits)
    : mode_(mode), half_(mode == ResizeMode::kHalf || (mode == ResizeMode::kAuto && bits < kFewBits)) {}

void ResizeChoice::sent(double lambda, double moved, double seconds) {
  if (mode_ != ResizeMode::kAuto) return;
  const double share = age_ == 0 ? 1 : 1 - std::exp(-seconds / kMemory);
  price_ += share * (std::log(std::max(lambda, 1e-3)) - price_);
  if (age_ > 0 || !changed_) moved_ += share * (moved - moved_);  // all is new in the first picture of another size
  age_ += seconds;
  if (age_ < (changed_ ? kSettled : kFirstLook)) return;
  const double margin = age_ < kSettled ? kFarOff : 1;
  const double price = std::exp(price_);
  const bool stays =
      half_ ? price >= between(kHalfTooCheap, moved_) / margin : price <= between(kFullTooDear, moved_) * margin;
  if (stays) return;
  half_ = !half_;
  changed_ = true;
  age_ = 0;
}

void ResizeChoice::forbid() {
  mode_ = ResizeMode::kNone;
  half_ = false;
}

}  // namespace crlsc
