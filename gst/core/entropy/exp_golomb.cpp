// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/exp_golomb.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/entropy/cost.h"
#include "core/entropy/priors.h"
#include "core/error.h"

namespace crlsc {
namespace {

// Throws unless the value can be coded; otherwise its magnitude plus one, 1..4096.
int magnitude_plus_one(int value) {
  if (value < -SignedExpGolomb::kMaxMagnitude || value > SignedExpGolomb::kMaxMagnitude) {
    throw Error(ErrorKind::kSettings, "a signed number is within +-" + std::to_string(SignedExpGolomb::kMaxMagnitude) +
                                          ", not " + std::to_string(value));
  }
  return std::abs(value) + 1;
}

int class_of(int plus_one) {
  int k = 0;
  while (plus_one >> (k + 1) != 0) ++k;
  return k;
}

}  // namespace

SignedExpGolomb::SignedExpGolomb(PriorView priors) {
  const std::vector<AdaptiveBit> contexts = from_priors(priors, kContexts);
  std::copy(contexts.begin(), contexts.end(), contexts_.begin());
}

void SignedExpGolomb::encode(RangeEncoder& encoder, int value) {
  const int plus_one = magnitude_plus_one(value);
  const int k = class_of(plus_one);
  for (int i = 0; i < k; ++i) encoder.bit(contexts_[static_cast<size_t>(i)], true);
  if (k < kClasses) {
    encoder.bit(contexts_[static_cast<size_t>(k)], false);
    if (k > 0) {
      encoder.bit(contexts_[kFirstSuffix + static_cast<size_t>(k)], (plus_one >> (k - 1) & 1) != 0);
      encoder.direct(static_cast<uint32_t>(plus_one), k - 1);
    }
  }
  if (k > 0) encoder.bit(contexts_[kSign], value < 0);
}

int SignedExpGolomb::decode(RangeDecoder& decoder) {
  int k = 0;
  while (k < kClasses && decoder.bit(contexts_[static_cast<size_t>(k)])) ++k;
  if (k == 0) return 0;
  int plus_one = 1 << k;
  if (k < kClasses) {
    if (decoder.bit(contexts_[kFirstSuffix + static_cast<size_t>(k)])) plus_one |= 1 << (k - 1);
    plus_one |= static_cast<int>(decoder.direct(k - 1));
  }
  return decoder.bit(contexts_[kSign]) ? 1 - plus_one : plus_one - 1;
}

int SignedExpGolomb::cost(int value) const {
  const int plus_one = magnitude_plus_one(value);
  const int k = class_of(plus_one);
  int sum = 0;
  for (int i = 0; i < k; ++i) sum += crlsc::cost(contexts_[static_cast<size_t>(i)], true);
  if (k == 0) return crlsc::cost(contexts_[0], false);
  if (k < kClasses) {
    sum += crlsc::cost(contexts_[static_cast<size_t>(k)], false);
    sum += crlsc::cost(contexts_[kFirstSuffix + static_cast<size_t>(k)], (plus_one >> (k - 1) & 1) != 0);
    sum += (k - 1) * kCostPerBit;
  }
  return sum + crlsc::cost(contexts_[kSign], value < 0);
}

}  // namespace crlsc
