// SPDX-License-Identifier: LGPL-2.1-or-later
// Scalar quantisation to 8 bits: a vector as its least and greatest number and one byte for each number in between.
// Four times smaller than floats and near enough to them to put the candidates of a search into the right order.
#pragma once

#include <vector>

#include "core/bytes.h"

namespace crlsc {

// Bytes that a vector of `dimension` numbers takes: two big-endian IEEE 754 singles and the bytes.
constexpr size_t sq8_size(int dimension) { return 8 + static_cast<size_t>(dimension); }

// Number i is least + (greatest - least) x byte i / 255. The numbers must be finite.
Bytes sq8_encode(const std::vector<float>& vector);
// Throws Error(kCorrupt) if the bytes are fewer than nine, the bounds are not finite or above 10^6 in magnitude, or the
// first is the greater one.
std::vector<float> sq8_decode(ByteView bytes);
// The inner product of `query` and a vector divided by the length of the latter; 0 if that is 0. `bytes` must have
// passed sq8_decode() before, and query.size() must fit.
float sq8_similarity(const std::vector<float>& query, ByteView bytes);

}  // namespace crlsc
