// SPDX-License-Identifier: LGPL-2.1-or-later
// The probability of one binary decision, learned while it is coded (docs/bitstream.md, section "Adaptive bits").
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace crlsc {

// Probabilities are integers of 15 bits: 32768 is certainty.
constexpr int kProbabilityBits = 15;
constexpr int kProbabilityOne = 1 << kProbabilityBits;
// No decision is more certain than this: the likely value costs at least 0.00106 bit, the unlikely one at most 10.42.
constexpr int kMinProbability = 24;

constexpr int clamp_probability(int probability) {
  return std::min(std::max(probability, kMinProbability), kProbabilityOne - kMinProbability);
}

// Priors P(bit = 1), 0..32767, owned by somebody else, usually a model file.
class PriorView {
 public:
  PriorView(const uint16_t* data, size_t size) : data_(data), size_(size) {}
  PriorView(const std::vector<uint16_t>& priors) : data_(priors.data()), size_(priors.size()) {}

  size_t size() const { return size_; }
  uint16_t operator[](size_t i) const { return data_[i]; }
  const uint16_t* begin() const { return data_; }
  const uint16_t* end() const { return data_ + size_; }

 private:
  const uint16_t* data_;
  size_t size_;
};

// Two running means of the bits seen, a fast and a slow one, in 1/65536. Both start fast, so that a wrong prior is soon
// forgotten in a slice of a few hundred cells, and settle at 1/32 and 1/128. Trivially copyable.
class AdaptiveBit {
 public:
  constexpr AdaptiveBit() : AdaptiveBit(kProbabilityOne / 2) {}
  // `prior` is P(bit = 1) in 1/32768; values near 0 and 1 are clamped.
  constexpr explicit AdaptiveBit(int prior)
      : fast_(static_cast<uint16_t>(2 * clamp_probability(prior))), slow_(fast_) {}

  // P(bit = 1) in 1/32768, kMinProbability..32768 - kMinProbability.
  constexpr int probability() const { return clamp_probability((fast_ + slow_) >> 2); }

  constexpr void update(bool bit) {
    const int shift = 4 + (seen_ >= 16 ? 1 : 0) + (seen_ >= 32 ? 1 : 0) + (seen_ >= kSettled ? 1 : 0);
    fast_ = moved(fast_, bit, std::min(shift, 5));
    slow_ = moved(slow_, bit, shift);
    if (seen_ < kSettled) ++seen_;
  }

 private:
  static constexpr uint8_t kSettled = 64;

  // Rounded, so that both directions are alike; never reaches 0 or 65536.
  static constexpr uint16_t moved(int mean, bool bit, int shift) {
    const int half = 1 << (shift - 1);
    return static_cast<uint16_t>(bit ? mean + ((65536 - mean + half) >> shift) : mean - ((mean + half) >> shift));
  }

  uint16_t fast_;
  uint16_t slow_;
  uint8_t seen_ = 0;  // bits seen, up to kSettled
};

}  // namespace crlsc
