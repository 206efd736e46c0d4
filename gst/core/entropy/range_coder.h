// SPDX-License-Identifier: LGPL-2.1-or-later
// A binary range coder with a 32-bit range and 15-bit probabilities (docs/bitstream.md, section "Range coder"; the
// principle is that of G. N. N. Martin, "Range encoding", 1979). Integers only: it works alike on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"
#include "core/entropy/adaptive_bit.h"

namespace crlsc {

// A decoder takes zeros for what lies behind the end of its bytes, at most this many; an encoder drops trailing zero
// bytes only within that allowance.
constexpr size_t kMaxPaddingBytes = 64;

namespace range_coder {
constexpr uint32_t kInitialRange = 0xFFFFFFFF;
constexpr uint32_t kMinRange = 1U << 24;  // the range is widened by whole bytes when it falls below

// The part of `range` that stands for a 1; 1..range - 1 for a clamped probability and range >= kMinRange.
constexpr uint32_t upper_part(uint32_t range, int probability) {
  return static_cast<uint32_t>((static_cast<uint64_t>(range) * static_cast<uint32_t>(probability)) >> kProbabilityBits);
}
}  // namespace range_coder

class RangeEncoder {
 public:
  // Codes `value` with the context's probability and lets the context learn it.
  void bit(AdaptiveBit& context, bool value) {
    fixed(context.probability(), value);
    context.update(value);
  }

  // Codes `value` with a probability of 1 that stays as it is, in 1/32768, clamped as in AdaptiveBit.
  void fixed(int probability, bool value) {
    const uint32_t upper = range_coder::upper_part(range_, clamp_probability(probability));
    const uint32_t lower = range_ - upper;
    if (value) {
      low_ += lower;
      if (low_ < lower) carry();
      range_ = upper;
    } else {
      range_ = lower;
    }
    while (range_ < range_coder::kMinRange) shift();
  }

  // The low `bits` (0..32) bits of `value`, most significant first, each value as likely as any other.
  void direct(uint32_t value, int bits);

  // The fewest bytes from which a decoder reads everything coded so far; none at all if all bits were 0 and the
  // allowance of padding suffices. The encoder starts afresh.
  Bytes finish();

 private:
  void carry();
  void shift();

  Bytes out_;
  uint32_t low_ = 0;  // lower end of the interval, in units of 2^-32 of the last byte written
  uint32_t range_ = range_coder::kInitialRange;
};

// Reads any bytes without fault; the number of decisions is bounded by whoever asks for them.
class RangeDecoder {
 public:
  // `bytes` must outlive the decoder.
  explicit RangeDecoder(ByteView bytes);

  bool bit(AdaptiveBit& context) {
    const bool value = fixed(context.probability());
    context.update(value);
    return value;
  }

  bool fixed(int probability) {
    const uint32_t upper = range_coder::upper_part(range_, clamp_probability(probability));
    const uint32_t lower = range_ - upper;
    const bool value = offset_ >= lower;
    if (value) {
      offset_ -= lower;
      range_ = upper;
    } else {
      range_ = lower;
    }
    while (range_ < range_coder::kMinRange) {
      offset_ = offset_ << 8 | next();
      range_ <<= 8;
    }
    return value;
  }

  uint32_t direct(int bits);

  // More was read than kMaxPaddingBytes behind the end: no encoder wrote this.
  bool overrun() const { return read_ > bytes_.size() + kMaxPaddingBytes; }

 private:
  uint8_t next() {
    const size_t i = read_++;
    return i < bytes_.size() ? bytes_[i] : 0;
  }

  ByteView bytes_;
  size_t read_ = 0;      // bytes taken, padding included
  uint32_t offset_ = 0;  // of the coded number from the lower end of the interval; always < range_
  uint32_t range_ = range_coder::kInitialRange;
};

}  // namespace crlsc
