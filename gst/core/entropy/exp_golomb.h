// SPDX-License-Identifier: LGPL-2.1-or-later
// Signed numbers near zero, such as differences of motion vectors (docs/bitstream.md, section "Signed numbers").
#pragma once

#include <array>

#include "core/entropy/adaptive_bit.h"
#include "core/entropy/range_coder.h"

namespace crlsc {

// Exp-Golomb of order 0 for the magnitude, then the sign. The class of the magnitude m is k = floor(log2(m + 1)),
// written as k ones and a zero, one context for each position (class 12 needs no zero); then the k low bits of m + 1,
// the first with a context of its class, the others direct; then the sign unless m is 0. Class 12 holds only 4095 and
// has no bits.
class SignedExpGolomb {
 public:
  static constexpr int kMaxMagnitude = 4095;
  static constexpr int kClasses = 12;  // prefix positions
  static constexpr size_t kContexts = kClasses + (kClasses - 1) + 1;

  // Every context at 1/2.
  SignedExpGolomb() = default;
  // In the order prefix positions 0..11, first suffix bits of classes 1..11, sign. Throws Error(kRead) if there are not
  // exactly kContexts priors or one exceeds 32767.
  explicit SignedExpGolomb(PriorView priors);

  // Throws Error(kSettings) unless |value| <= kMaxMagnitude.
  void encode(RangeEncoder& encoder, int value);
  // Always within +-kMaxMagnitude.
  int decode(RangeDecoder& decoder);
  // In 1/256 bit; throws as encode() does.
  int cost(int value) const;

 private:
  static constexpr size_t kFirstSuffix = kClasses - 1;  // class k has its context at kFirstSuffix + k
  static constexpr size_t kSign = kContexts - 1;
  std::array<AdaptiveBit, kContexts> contexts_;
};

}  // namespace crlsc
