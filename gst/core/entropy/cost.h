// SPDX-License-Identifier: LGPL-2.1-or-later
// What a decision would cost, for the encoder's choices. Integers only, so that encoders choose alike everywhere.
#pragma once

#include <cstdint>

#include "core/entropy/adaptive_bit.h"

namespace crlsc {

// Costs are counted in 1/256 bit.
constexpr int kCostPerBit = 256;

// Cost of an event of `probability` 1..32768 in 1/32768: -log2, within 0.6 of the true value.
int probability_cost(int probability);

// Cost of coding `value` with this context; the context does not change. 0..2667.
inline int cost(const AdaptiveBit& context, bool value) {
  const int p = context.probability();
  return probability_cost(value ? p : kProbabilityOne - p);
}

}  // namespace crlsc
