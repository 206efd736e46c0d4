// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/sq8.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/bitstream/byte_io.h"
#include "core/error.h"

namespace crlsc {
namespace {

struct Bounds {
  float least = 0.0F;
  float step = 0.0F;  // (greatest - least) / 255
};

float read_float(ByteReader& reader) {
  const uint32_t bits = reader.u32();
  float number = 0.0F;
  std::memcpy(&number, &bits, sizeof(number));
  return number;
}

Bounds read_bounds(ByteView bytes) {
  constexpr float kLargest = 1e6F;
  ByteReader reader(bytes);
  const float least = read_float(reader);
  const float greatest = read_float(reader);
  // Written so that NaN fails, too.
  if (!(least >= -kLargest && greatest <= kLargest && least <= greatest) || reader.empty()) {
    throw Error(ErrorKind::kCorrupt, "an 8-bit vector has bounds out of range or no numbers");
  }
  return {least, (greatest - least) / 255.0F};
}

}  // namespace

Bytes sq8_encode(const std::vector<float>& vector) {
  const auto [least, greatest] = std::minmax_element(vector.begin(), vector.end());
  Bytes bytes;
  ByteWriter writer(bytes);
  for (const float bound : {*least, *greatest}) {
    uint32_t bits = 0;
    std::memcpy(&bits, &bound, sizeof(bits));
    writer.u32(bits);
  }
  const float range = *greatest - *least;
  for (const float number : vector) {
    writer.u8(range > 0.0F ? static_cast<uint8_t>(std::lround((number - *least) / range * 255.0F)) : uint8_t{0});
  }
  return bytes;
}

std::vector<float> sq8_decode(ByteView bytes) {
  const Bounds bounds = read_bounds(bytes);
  std::vector<float> vector;
  vector.reserve(bytes.size() - 8);
  for (const uint8_t byte : bytes.sub(8)) vector.push_back(bounds.least + bounds.step * static_cast<float>(byte));
  return vector;
}

float sq8_similarity(const std::vector<float>& query, ByteView bytes) {
  const Bounds bounds = read_bounds(bytes);
  const uint8_t* numbers = bytes.data() + 8;
  // Sums side by side, which fit vector registers.
  constexpr size_t kLanes = 8;
  float product[kLanes] = {};
  float squared[kLanes] = {};
  const auto add = [&](size_t i, size_t lane) {
    const float number = bounds.least + bounds.step * static_cast<float>(numbers[i]);
    product[lane] += query[i] * number;
    squared[lane] += number * number;
  };
  size_t i = 0;
  for (; i + kLanes <= query.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) add(i + lane, lane);
  }
  for (; i < query.size(); ++i) add(i, 0);
  float length = 0.0F;
  float sum = 0.0F;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    sum += product[lane];
    length += squared[lane];
  }
  return length > 0.0F ? sum / std::sqrt(length) : 0.0F;
}

}  // namespace crlsc
