// SPDX-License-Identifier: LGPL-2.1-or-later
// SHA-256 (FIPS 180-4), the hash behind model identities.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/bytes.h"

namespace crlsc {

// Streaming: any number of update() calls, then one finish().
class Sha256 {
 public:
  using Digest = std::array<uint8_t, 32>;

  Sha256();
  void update(ByteView data);
  // The digest of all bytes so far; the object must not be used afterwards.
  Digest finish();

  static Digest of(ByteView data);

 private:
  void compress(const uint8_t* block);

  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> block_{};
  uint64_t length_ = 0;  // bytes seen
};

// 64 lower-case hexadecimal digits.
std::string to_hex(const Sha256::Digest& digest);

}  // namespace crlsc
