// SPDX-License-Identifier: LGPL-2.1-or-later
// Random numbers for the channel. They are a function of (seed, stream, index) alone: no packet's numbers depend on how
// many were drawn for the packets before, on time, or on a standard library's distributions.
//
// The generator is Philox4x32-10: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel Random Numbers: As Easy as 1, 2,
// 3", SC 2011. The seed is its key; stream and index are the upper three words of its counter, the lowest word counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace crlsc {

using PhiloxBlock = std::array<uint32_t, 4>;

// The ten-round bijection of the paper, least significant word first.
PhiloxBlock philox4x32(PhiloxBlock counter, std::array<uint32_t, 2> key) noexcept;

// What numbers are drawn for. `index` counts packets, of kFading blocks.
enum class RandomStream : uint32_t { kLoss = 1, kBits = 2, kFading = 3 };

// One sequence of 2^33 numbers.
class Random {
 public:
  Random(uint64_t seed, RandomStream stream, uint64_t index) noexcept
      : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
        counter_{0, static_cast<uint32_t>(stream), static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32)} {}

  // Of [0, 1), a multiple of 2^-53.
  double uniform() noexcept;

 private:
  std::array<uint32_t, 2> key_;
  PhiloxBlock counter_;
  PhiloxBlock block_{};
  bool second_half_ = false;  // two words of block_ are still unused
};

}  // namespace crlsc
