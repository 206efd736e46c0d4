// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/range_coder.h"

#include <utility>

namespace crlsc {
namespace {

constexpr size_t kWindowBytes = 4;  // what a decoder holds beyond the bytes that the encoder has shifted out

}  // namespace

void RangeEncoder::direct(uint32_t value, int bits) {
  for (int i = bits - 1; i >= 0; --i) fixed(kProbabilityOne / 2, (value >> i & 1) != 0);
}

// The coded number is below 1, so that a carry always ends at some byte that is not 0xFF.
void RangeEncoder::carry() {
  size_t i = out_.size();
  do {
    --i;
    ++out_[i];
  } while (out_[i] == 0);
}

void RangeEncoder::shift() {
  out_.push_back(static_cast<uint8_t>(low_ >> 24));
  low_ <<= 8;
  range_ <<= 8;
}

Bytes RangeEncoder::finish() {
  // The range holds at least one multiple of 2^24 and at most one of 2^32: one byte more always suffices.
  const size_t shifted = out_.size();
  if (low_ != 0) {
    if (static_cast<uint64_t>(low_) + range_ > uint64_t{1} << 32) {
      carry();
    } else {
      out_.push_back(static_cast<uint8_t>((low_ + (range_coder::kMinRange - 1)) >> 24));
    }
  }
  const size_t consumed = shifted + kWindowBytes;
  const size_t least = consumed > kMaxPaddingBytes ? consumed - kMaxPaddingBytes : 0;
  while (out_.size() > least && out_.back() == 0) out_.pop_back();
  Bytes result = std::move(out_);
  *this = RangeEncoder();
  return result;
}

RangeDecoder::RangeDecoder(ByteView bytes) : bytes_(bytes) {
  for (size_t i = 0; i < kWindowBytes; ++i) offset_ = offset_ << 8 | next();
  offset_ = std::min(offset_, range_ - 1);
}

uint32_t RangeDecoder::direct(int bits) {
  uint32_t value = 0;
  for (int i = 0; i < bits; ++i) value = value << 1 | (fixed(kProbabilityOne / 2) ? 1 : 0);
  return value;
}

}  // namespace crlsc
