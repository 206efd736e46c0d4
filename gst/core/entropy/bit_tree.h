// SPDX-License-Identifier: LGPL-2.1-or-later
// Symbols of an alphabet as paths through a tree of adaptive bits (docs/bitstream.md, section "Symbols").
#pragma once

#include <vector>

#include "core/entropy/adaptive_bit.h"
#include "core/entropy/range_coder.h"

namespace crlsc {

// Symbols 0..n - 1. A node halves the symbols lo..hi - 1 at mid = lo + (hi - lo) / 2; its bit says whether the symbol
// is mid or above, and its place is mid - 1. So there are n - 1 nodes and no codes without a symbol. Assigning one tree
// to another of the same size copies 6 bytes a node and allocates nothing.
class BitTree {
 public:
  static constexpr int kMaxSymbols = 4096;

  // Every symbol equally likely. Throws Error(kRead) unless 2 <= symbols <= kMaxSymbols.
  explicit BitTree(int symbols);
  // Node i starts from priors[i]. Throws Error(kRead) if there are not exactly symbols - 1 or one exceeds 32767.
  BitTree(int symbols, PriorView priors);

  int symbols() const { return static_cast<int>(nodes_.size()) + 1; }

  // Throws Error(kSettings) unless 0 <= symbol < symbols().
  void encode(RangeEncoder& encoder, int symbol);
  // Always less than symbols().
  int decode(RangeDecoder& decoder);
  // In 1/256 bit; throws as encode() does.
  int cost(int symbol) const;

 private:
  void spread(int lo, int hi);
  void check(int symbol) const;
  std::vector<AdaptiveBit> nodes_;
};

}  // namespace crlsc
