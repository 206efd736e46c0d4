// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the bits of a token unit go.
#pragma once

#include <array>
#include <cstdint>

#include "core/token/token_coder.h"

namespace crlsc {

// Kinds of decisions in a token unit.
enum class TokenKind : uint8_t { kModes, kReferences, kMotion, kGain, kStructure, kStages, kDetail };
constexpr size_t kTokenKinds = 7;
const char* token_kind_name(TokenKind kind);

// Ideal code lengths in 1/256 bit, with contexts that adapt as they do in encode_layer(), by TokenKind.
using TokenBits = std::array<int64_t, kTokenKinds>;
TokenBits measure_layer(const TokenGrid& grid, const TokenLayout& layout, Slice slice, int layer,
                        const TokenContexts& priors);

}  // namespace crlsc
