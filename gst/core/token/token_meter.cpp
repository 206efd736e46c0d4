// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/token_meter.h"

#include <algorithm>

#include "core/entropy/cost.h"
#include "core/token/token_walk.h"

namespace crlsc {
namespace {

template <class List>
bool holds(const List& list, const typename List::value_type& element) {
  return std::any_of(list.begin(), list.end(), [&element](const auto& e) { return &e == &element; });
}

// Bits and trees of a list of coefficients.
bool holds_bit(const CoefficientContexts& c, const AdaptiveBit& bit) {
  auto in_rows = [&bit](const auto& rows) {
    return std::any_of(rows.begin(), rows.end(), [&bit](const auto& row) { return holds(row, bit); });
  };
  return in_rows(c.nonzero) || in_rows(c.beyond_one) || in_rows(c.sign) || holds(c.beyond_two, bit);
}

bool holds_bit(const std::vector<CoefficientContexts>& list, const AdaptiveBit& bit) {
  return std::any_of(list.begin(), list.end(), [&bit](const auto& c) { return holds_bit(c, bit); });
}

bool holds_tree(const std::vector<CoefficientContexts>& list, const BitTree& tree) {
  return std::any_of(list.begin(), list.end(), [&tree](const auto& c) { return holds(c.end, tree); });
}

// Tells the kind of a decision by the place of its context. Bits that are coded nowhere still make contexts learn.
struct Meter {
  TokenContexts& contexts;
  TokenBits sum{};
  RangeEncoder range{};

  void add(TokenKind kind, int cost) { sum[static_cast<size_t>(kind)] += cost; }

  bool bit(AdaptiveBit& c, bool value) {
    TokenKind kind = TokenKind::kModes;
    if (holds(contexts.split, c)) kind = TokenKind::kMotion;
    if (holds(contexts.other_reference, c) || &c == &contexts.knowledge) kind = TokenKind::kReferences;
    for (const auto& list : contexts.structure_levels) {
      if (holds_bit(list, c)) kind = TokenKind::kStructure;
    }
    for (const auto& stage : contexts.detail) {
      for (const TokenContexts::Detail& d : stage) {
        if (holds(d.present, c)) kind = TokenKind::kStages;
        if (holds(d.nonzero, c) || holds_bit(d.levels, c)) kind = TokenKind::kDetail;
      }
    }
    add(kind, cost(c, value));
    c.update(value);
    return value;
  }

  int symbol(BitTree& c, int value) {
    TokenKind kind = TokenKind::kDetail;
    for (size_t base = 0; base < contexts.structure.size(); ++base) {
      if (holds(contexts.structure[base], c) || holds_tree(contexts.structure_levels[base], c)) {
        kind = TokenKind::kStructure;
      }
      if (holds(contexts.gain[base], c)) kind = TokenKind::kGain;
    }
    if (&c == &contexts.knowledge_index) kind = TokenKind::kReferences;
    add(kind, c.cost(value));
    c.encode(range, value);
    return value;
  }

  int number(SignedExpGolomb& c, int value) {
    auto rest_of = [&c](const CoefficientContexts& list) { return &list.rest == &c; };
    TokenKind kind =
        holds(contexts.motion, c) || holds(contexts.block_motion, c) ? TokenKind::kMotion : TokenKind::kDetail;
    for (const auto& list : contexts.structure_levels) {
      if (std::any_of(list.begin(), list.end(), rest_of)) kind = TokenKind::kStructure;
    }
    add(kind, c.cost(value));
    c.encode(range, value);
    return value;
  }
};

}  // namespace

const char* token_kind_name(TokenKind kind) {
  constexpr std::array<const char*, kTokenKinds> kNames = {"modes",     "references", "motion", "gain",
                                                           "structure", "stages",     "detail"};
  return kNames[static_cast<size_t>(kind)];
}

TokenBits measure_layer(const TokenGrid& grid, const TokenLayout& layout, Slice slice, int layer,
                        const TokenContexts& priors) {
  TokenContexts contexts = priors;
  TokenGrid copy = grid;
  Meter meter{contexts};
  walk_layer(meter, contexts, copy, layout, slice, layer);
  return meter.sum;
}

}  // namespace crlsc
