// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/bit_tree.h"

#include <string>

#include "core/entropy/cost.h"
#include "core/entropy/priors.h"
#include "core/error.h"

namespace crlsc {
namespace {

size_t node_count(int symbols) {
  if (symbols < 2 || symbols > BitTree::kMaxSymbols) {
    throw Error(ErrorKind::kRead, "an alphabet has 2.." + std::to_string(BitTree::kMaxSymbols) + " symbols, not " +
                                      std::to_string(symbols));
  }
  return static_cast<size_t>(symbols) - 1;
}

// Calls visit(node, bit) for each decision on the way to `symbol`.
template <typename Visit>
void walk(int symbols, int symbol, Visit visit) {
  int lo = 0;
  int hi = symbols;
  while (hi - lo > 1) {
    const int mid = lo + (hi - lo) / 2;
    const bool above = symbol >= mid;
    visit(static_cast<size_t>(mid) - 1, above);
    (above ? lo : hi) = mid;
  }
}

}  // namespace

BitTree::BitTree(int symbols) : nodes_(node_count(symbols)) { spread(0, symbols); }

BitTree::BitTree(int symbols, PriorView priors) : nodes_(from_priors(priors, node_count(symbols))) {}

void BitTree::spread(int lo, int hi) {
  if (hi - lo < 2) return;
  const int mid = lo + (hi - lo) / 2;
  nodes_[static_cast<size_t>(mid) - 1] = AdaptiveBit(kProbabilityOne * (hi - mid) / (hi - lo));
  spread(lo, mid);
  spread(mid, hi);
}

void BitTree::check(int symbol) const {
  if (symbol >= 0 && symbol < symbols()) return;
  throw Error(ErrorKind::kSettings,
              "symbol " + std::to_string(symbol) + " is not in an alphabet of " + std::to_string(symbols()));
}

void BitTree::encode(RangeEncoder& encoder, int symbol) {
  check(symbol);
  walk(symbols(), symbol, [&](size_t node, bool above) { encoder.bit(nodes_[node], above); });
}

int BitTree::decode(RangeDecoder& decoder) {
  int lo = 0;
  int hi = symbols();
  while (hi - lo > 1) {
    const int mid = lo + (hi - lo) / 2;
    (decoder.bit(nodes_[static_cast<size_t>(mid) - 1]) ? lo : hi) = mid;
  }
  return lo;
}

int BitTree::cost(int symbol) const {
  check(symbol);
  int sum = 0;
  walk(symbols(), symbol, [&](size_t node, bool above) { sum += crlsc::cost(nodes_[node], above); });
  return sum;
}

}  // namespace crlsc
