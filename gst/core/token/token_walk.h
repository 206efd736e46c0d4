// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of decisions in a token unit, written once for writing, reading and counting. `Coder` has
//   bool bit(AdaptiveBit&, bool value);  int symbol(BitTree&, int value);  int number(SignedExpGolomb&, int value);
// which code `value`, or ignore it and return what was read. Private to token/.
#pragma once

#include <algorithm>

#include "core/token/token_coder.h"

namespace crlsc {

// Cells of a slice by place; what lies outside the slice is still.
class SliceView {
 public:
  SliceView(TokenGrid& grid, Slice slice) : grid_(grid), slice_(slice) {}
  Cell& at(int column, int row) { return grid_.cells[index(column, row)]; }
  const Cell& neighbour(int column, int row) const {
    static const Cell kStill;
    const bool inside = column >= 0 && column < grid_.cols() && row >= slice_.first_row;
    return inside ? grid_.cells[index(column, row)] : kStill;
  }
  // What walk_structure() coded in the place of the levels of the structure of a scalar quantiser.
  int16_t* coded_levels(int column, int row) {
    if (coded_levels_.empty()) coded_levels_.resize(grid_.structure.size());
    return coded_levels_.data() + index(column, row) * static_cast<size_t>(grid_.structure_tokens());
  }
  // The same of a neighbour that is coded, or none.
  CoefficientView coded_neighbour(int column, int row) {
    if (column < 0 || row < slice_.first_row || !grid_.cells[index(column, row)].coded) return {};
    return {coded_levels(column, row), grid_.structure_tokens()};
  }
  // Structure and stages of a scalar quantiser, none where there is no such block within the slice.
  CoefficientView structure_levels(int column, int row) const {
    if (column < 0 || row < slice_.first_row || !grid_.cells[index(column, row)].coded) return {};
    return {grid_.structure_at(index(column, row)), grid_.structure_tokens()};
  }
  CoefficientView detail_levels(int stage, int x, int y) const {
    if (x < 0 || y < 2 * slice_.first_row || grid_.cells[index(x / 2, y / 2)].stages <= stage) return {};
    return {grid_.detail_at(stage, x, y), grid_.detail_tokens(stage)};
  }
  // Detail token at 1/8 place (x, y); 0 outside the slice and in cells that lack the stage.
  int detail(int stage, int x, int y) const {
    if (x < 0 || y < 2 * slice_.first_row) return 0;
    if (grid_.cells[index(x / 2, y / 2)].stages <= stage) return 0;
    return grid_.detail[static_cast<size_t>(stage)][static_cast<size_t>(y) * 2 * grid_.cols() + x];
  }
  TokenGrid& grid() { return grid_; }
  const Slice& slice() const { return slice_; }
  size_t index(int column, int row) const { return static_cast<size_t>(row) * grid_.cols() + column; }

 private:
  TokenGrid& grid_;
  Slice slice_;
  std::vector<int16_t> coded_levels_;
};

// Keeps what a hostile stream adds up within what an encoder may send.
inline int16_t bounded(int component) { return static_cast<int16_t>(std::clamp(component, -kMaxMotion, kMaxMotion)); }

template <class Coder>
MotionVector walk_vector(Coder& coder, std::array<SignedExpGolomb, 2>& c, MotionVector value, MotionVector predicted) {
  const int dx = coder.number(c[0], value.dx - predicted.dx);
  const int dy = coder.number(c[1], value.dy - predicted.dy);
  return {bounded(predicted.dx + dx), bounded(predicted.dy + dy)};
}

template <class Coder>
void walk_motion(Coder& coder, TokenContexts& c, const TokenLayout& layout, SliceView& view, int column, int row) {
  CellMotion& motion = view.at(column, row).motion;
  if (layout.split_motion) {
    const auto split = [&view](int x, int y) { return view.neighbour(x, y).motion.split() ? 1U : 0U; };
    if (coder.bit(c.split[split(column - 1, row) + split(column, row - 1)], motion.split())) {
      for (size_t i = 0; i < CellMotion::kBlocks; ++i) {
        const MotionVector p = predict_block_motion(view.grid(), view.slice(), column, row, i);
        motion[i] = walk_vector(coder, c.block_motion, motion[i], p);
      }
      return;
    }
  }
  motion = walk_vector(coder, c.motion, motion[0], predict_motion(view.grid(), view.slice(), column, row));
}

template <class Coder>
void walk_reference(Coder& coder, TokenContexts& c, const TokenLayout& layout, SliceView& view, Cell& cell, int column,
                    int row) {
  auto other = [](const Cell& n) { return n.reference != Reference::kPrevious ? 1U : 0U; };
  const unsigned around = other(view.neighbour(column - 1, row)) + other(view.neighbour(column, row - 1));
  if (!coder.bit(c.other_reference[around], cell.reference != Reference::kPrevious)) {
    cell.reference = Reference::kPrevious;
    walk_motion(coder, c, layout, view, column, row);
    return;
  }
  if (!coder.bit(c.knowledge, cell.reference != Reference::kGrey)) {
    cell.reference = Reference::kGrey;
    return;
  }
  constexpr int kFirst = static_cast<int>(Reference::kKnowledge0);
  cell.reference =
      static_cast<Reference>(kFirst + coder.symbol(c.knowledge_index, static_cast<int>(cell.reference) - kFirst));
}

// `last` holds 1 + the level of the last coded cell on a picture and on grey.
template <class Coder>
void walk_gain(Coder& coder, TokenContexts& c, Cell& cell, std::array<size_t, 2>& last) {
  const size_t kind = cell.reference == Reference::kGrey ? 1 : 0;
  if (c.gain[kind].empty()) return;
  cell.gain = static_cast<uint8_t>(coder.symbol(c.gain[kind][last[kind]], cell.gain));
  last[kind] = size_t{cell.gain} + 1;
}

template <class Coder>
void walk_structure(Coder& coder, TokenContexts& c, const TokenLayout& layout, SliceView& view, int column, int row) {
  const Cell& cell = view.at(column, row);
  const size_t kind = cell.reference == Reference::kGrey ? 1 : 0;
  const auto gain_class = static_cast<size_t>(layout.gain_class(cell.gain));
  int16_t* tokens = view.grid().structure_at(view.index(column, row));
  if (!layout.scalar()) {
    *tokens = static_cast<int16_t>(coder.symbol(c.structure[kind][gain_class], *tokens));
    return;
  }
  std::array<int16_t, kMaxCoefficients> predicted;
  c.prediction->predict(view.grid(), view.slice(), column, row, predicted.data());
  const CoefficientView left = view.coded_neighbour(column - 1, row);
  const CoefficientView above = view.coded_neighbour(column, row - 1);
  int16_t* change = view.coded_levels(column, row);
  const int count = layout.structure_coefficients;
  for (int i = 0; i < count; ++i) change[i] = static_cast<int16_t>(tokens[i] - predicted[static_cast<size_t>(i)]);
  walk_coefficients(coder, c.structure_levels[kind][gain_class], surroundings(left.nonzero() + above.nonzero(), 0),
                    left, above, change, 2 * kMaxLevel);
  for (int i = 0; i < count; ++i) {
    const int level = predicted[static_cast<size_t>(i)] + change[i];
    tokens[i] = static_cast<int16_t>(std::clamp(level, -kMaxLevel, kMaxLevel));
  }
}

template <class Coder>
void walk_structure_layer(Coder& coder, TokenContexts& c, const TokenLayout& layout, SliceView& view) {
  auto active = [](const Cell& n) { return n.still() ? 0U : 1U; };
  std::array<size_t, 2> last_gain{};
  for (int row = view.slice().first_row; row < view.slice().first_row + view.slice().rows; ++row) {
    for (int column = 0; column < view.grid().cols(); ++column) {
      Cell& cell = view.at(column, row);
      const Cell& left = view.neighbour(column - 1, row);
      const Cell& above = view.neighbour(column, row - 1);
      const unsigned around = active(left) + active(above) + active(view.neighbour(column + 1, row - 1)) +
                              active(view.neighbour(column - 1, row - 1));
      if (!coder.bit(c.active[around], !cell.still())) {
        cell = Cell{};
        continue;
      }
      cell.coded = coder.bit(c.coded[(left.coded ? 1U : 0U) + (above.coded ? 1U : 0U)], cell.coded);
      walk_reference(coder, c, layout, view, cell, column, row);
      if (!cell.coded) continue;
      walk_gain(coder, c, cell, last_gain);
      walk_structure(coder, c, layout, view, column, row);
    }
  }
}

template <class Coder>
void walk_detail_tokens(Coder& coder, TokenContexts::Detail& c, SliceView& view, int stage, int first_stage, int column,
                        int row) {
  auto& tokens = view.grid().detail[static_cast<size_t>(stage)];
  for (int i = 0; i < 4; ++i) {
    const int x = 2 * column + i % 2;
    const int y = 2 * row + i / 2;
    unsigned around = (view.detail(stage, x - 1, y) != 0 ? 1U : 0U) + (view.detail(stage, x, y - 1) != 0 ? 1U : 0U);
    if (stage > first_stage && view.detail(stage - 1, x, y) != 0) around += 3;
    int16_t& token = tokens[static_cast<size_t>(y) * 2 * view.grid().cols() + x];
    if (!coder.bit(c.nonzero[around], token != 0)) {
      token = 0;
    } else {
      token = c.only_one ? int16_t{1} : static_cast<int16_t>(1 + coder.symbol(c.code, token - 1));
    }
  }
}

template <class Coder>
void walk_detail_levels(Coder& coder, CoefficientContexts& c, SliceView& view, int stage, int column, int row) {
  for (int i = 0; i < 4; ++i) {
    const int x = 2 * column + i % 2;
    const int y = 2 * row + i / 2;
    const CoefficientView left = view.detail_levels(stage, x - 1, y);
    const CoefficientView above = view.detail_levels(stage, x, y - 1);
    const CoefficientView below = stage == 0 ? view.structure_levels(column, row) : view.detail_levels(stage - 1, x, y);
    walk_coefficients(coder, c, surroundings(left.nonzero() + above.nonzero(), below.nonzero()), left, above,
                      view.grid().detail_at(stage, x, y));
  }
}

// Stages [first, end) of the coded cells. A cell that lacks a stage lacks all later ones.
template <class Coder>
void walk_detail_layer(Coder& coder, TokenContexts& c, const TokenLayout& layout, SliceView& view, int first, int end) {
  for (int row = view.slice().first_row; row < view.slice().first_row + view.slice().rows; ++row) {
    for (int column = 0; column < view.grid().cols(); ++column) {
      Cell& cell = view.at(column, row);
      // A cell that stopped in an earlier layer has nothing to say here.
      if (!cell.coded || cell.stages < first) continue;
      const int wanted = cell.stages;
      const auto gain_class = static_cast<size_t>(layout.gain_class(cell.gain));
      for (int stage = first; stage < end; ++stage) {
        TokenContexts::Detail& d = c.detail[static_cast<size_t>(stage)][gain_class];
        auto reaches = [stage](const Cell& n) { return n.stages > stage ? 1U : 0U; };
        const unsigned around = reaches(view.neighbour(column - 1, row)) + reaches(view.neighbour(column, row - 1));
        if (!coder.bit(d.present[around], wanted > stage)) {
          cell.stages = static_cast<uint8_t>(stage);
          break;
        }
        cell.stages = static_cast<uint8_t>(std::max(wanted, stage + 1));
        if (layout.scalar()) {
          walk_detail_levels(coder, d.levels, view, stage, column, row);
        } else {
          walk_detail_tokens(coder, d, view, stage, first, column, row);
        }
      }
    }
  }
}

template <class Coder>
void walk_layer(Coder& coder, TokenContexts& contexts, TokenGrid& grid, const TokenLayout& layout, Slice slice,
                int layer) {
  SliceView view(grid, slice);
  if (layer == 0) {
    walk_structure_layer(coder, contexts, layout, view);
  } else {
    walk_detail_layer(coder, contexts, layout, view, layout.stages_up_to(layer - 1), layout.stages_up_to(layer));
  }
}

}  // namespace crlsc
