// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/singles.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace crlsc {

void write_singles(ByteWriter& writer, const std::vector<float>& numbers) {
  for (const float number : numbers) {
    uint32_t bits = 0;
    std::memcpy(&bits, &number, sizeof(bits));
    writer.u32(bits);
  }
}

std::vector<float> read_singles(ByteReader& reader, size_t count) {
  ByteReader numbers(reader.bytes(count * 4));
  std::vector<float> result(count);
  for (float& number : result) {
    const uint32_t bits = numbers.u32();
    std::memcpy(&number, &bits, sizeof(number));
  }
  return result;
}

size_t first_unusable(const std::vector<float>& numbers) {
  constexpr float kLargest = 1e6F;
  // Written so that NaN is found, too.
  const auto found = std::find_if(numbers.begin(), numbers.end(), [](float n) { return !(std::fabs(n) <= kLargest); });
  return static_cast<size_t>(found - numbers.begin());
}

}  // namespace crlsc
