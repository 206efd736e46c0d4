// SPDX-License-Identifier: LGPL-2.1-or-later
// Singles: IEEE 754 binary32 numbers as big-endian bytes (docs/knowledge-base.md, section "Conventions").
#pragma once

#include <vector>

#include "core/bitstream/byte_io.h"

namespace crlsc {

void write_singles(ByteWriter& writer, const std::vector<float>& numbers);
// Throws Error(kCorrupt) if there are fewer bytes than that; memory is asked for only afterwards.
std::vector<float> read_singles(ByteReader& reader, size_t count);
// The place of the first number that is not finite or above 10^6 in magnitude; numbers.size() if there is none.
size_t first_unusable(const std::vector<float>& numbers);

}  // namespace crlsc
