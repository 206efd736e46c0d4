// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/random.h"

namespace crlsc {

PhiloxBlock philox4x32(PhiloxBlock counter, std::array<uint32_t, 2> key) noexcept {
  constexpr uint64_t kMultiplier0 = 0xD2511F53;
  constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9;  // golden ratio
  constexpr uint32_t kWeyl1 = 0xBB67AE85;  // sqrt(3) - 1
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = kMultiplier0 * counter[0];
    const uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

double Random::uniform() noexcept {
  if (!second_half_) {
    block_ = philox4x32(counter_, key_);
    ++counter_[0];
  }
  const size_t first = second_half_ ? 2 : 0;
  second_half_ = !second_half_;
  const uint64_t bits = uint64_t{block_[first + 1]} << 32 | block_[first];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace crlsc
