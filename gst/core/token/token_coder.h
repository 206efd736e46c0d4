// SPDX-License-Identifier: LGPL-2.1-or-later
// Token units: how a token grid becomes bits and back (docs/bitstream.md, section "Token grid and token units").
// A unit carries one layer of one slice, or joins all of them, and starts from the model's priors, so it needs nothing
// but the lower layers of its own slice.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/entropy/adaptive_bit.h"
#include "core/entropy/bit_tree.h"
#include "core/entropy/exp_golomb.h"
#include "core/token/coefficients.h"
#include "core/token/grid.h"
#include "core/token/level_prediction.h"

namespace crlsc {

class ModelFile;

// Everything that adapts while a unit is coded. Copied afresh from the priors for each unit.
struct TokenContexts {
  // Priors that suit any model: tokens alike, cells mostly still (copied from the previous picture without motion).
  explicit TokenContexts(const TokenLayout& layout);
  // Priors from the tensors "priors.*" of `file` where it has them. Throws Error(kRead) if one has a wrong size.
  explicit TokenContexts(const ModelFile& file);

  static constexpr int kNeighbours = 4;  // left, above, above right, above left

  // Layer 0.
  std::array<AdaptiveBit, kNeighbours + 1> active;  // not still, by active neighbours
  std::array<AdaptiveBit, 3> coded;                 // by left and above being coded
  std::array<AdaptiveBit, 3> other_reference;       // by left and above having another reference than the previous
  AdaptiveBit knowledge;                            // of those: knowledge base (1) or grey (0)
  BitTree knowledge_index;
  std::array<SignedExpGolomb, 2> motion;                             // difference to the median, x and y
  std::array<AdaptiveBit, 3> split;                                  // by left and above being split
  std::array<SignedExpGolomb, 2> block_motion;                       // of split cells: as motion, for each block
  std::array<std::vector<BitTree>, 2> structure;                     // on a picture, on grey; by the cell's gain class
  std::array<std::vector<CoefficientContexts>, 2> structure_levels;  // instead of them, of a scalar quantiser
  // What the levels on grey are coded against. Shared, as it never changes.
  std::shared_ptr<const LevelPrediction> prediction;
  // On a picture, on grey; by the gain of the last coded cell of the same kind, [0] if there was none. Empty if the
  // model has but one level.
  std::array<std::vector<BitTree>, 2> gain;

  // Higher layers.
  struct Detail {
    std::array<AdaptiveBit, 3> present;  // by left and above going as far
    CoefficientContexts levels;          // of a scalar quantiser, which has nothing of what follows
    std::array<AdaptiveBit, 6> nonzero;  // by left and above token, and by the stage before
    BitTree code;                        // codes 1.. as 0.., unless there is but one
    bool only_one = false;               // code besides 0
  };
  std::vector<std::vector<Detail>> detail;  // by stage and the cell's gain class
};

// Bits of layer `layer` of `slice`. Layer 0: modes, references, motion, structure tokens; others: their detail stages.
Bytes encode_layer(const TokenGrid& grid, const TokenLayout& layout, Slice slice, int layer,
                   const TokenContexts& priors);

// Reads what encode_layer() wrote into the rows of `slice`. Layer 0 resets the slice's cells, others raise
// Cell::stages of the cells they reach. Any bytes give a valid grid; returns false if they were evidently not such a
// unit, and then the slice's cells have no meaning.
bool decode_layer(ByteView bits, const TokenLayout& layout, Slice slice, int layer, const TokenContexts& priors,
                  TokenGrid& grid);

// Layers 0 to `layers` - 1 of `slice` in one unit, one behind the other.
Bytes encode_joined(const TokenGrid& grid, const TokenLayout& layout, Slice slice, int layers,
                    const TokenContexts& priors);

// Reads what encode_joined() wrote, as decode_layer() does, up to `layers` of them.
bool decode_joined(ByteView bits, const TokenLayout& layout, Slice slice, int layers, const TokenContexts& priors,
                   TokenGrid& grid);

// What a cell's one vector is coded against: the median of those of the blocks to the left of its upper left corner,
// above it, and above right of the cell.
MotionVector predict_motion(const TokenGrid& grid, Slice slice, int column, int row);

// The same for block `block` of a split cell, whose blocks before have their vectors: the median of the blocks to the
// left, above and above right; for the last block, whose neighbour there comes later, above left.
MotionVector predict_block_motion(const TokenGrid& grid, Slice slice, int column, int row, size_t block);

// What a slice's decisions are likely to cost, in 1/256 bit, before anything has adapted.
class TokenCosts {
 public:
  TokenCosts(const TokenContexts& priors, const TokenLayout& layout);
  // Likewise, but once contexts have learnt that most cells are copies of the knowledge base.
  static TokenCosts on_knowledge(const TokenContexts& priors, const TokenLayout& layout);
  // Of a cell with this gain level, as all that follow.
  int structure(bool grey, int gain, int token) const {
    return structure_[grey ? 1 : 0][gain_class(gain)][static_cast<size_t>(token)];
  }
  // Of a scalar quantiser.
  const CoefficientCosts& structure_levels(bool grey, int gain) const {
    return structure_levels_[grey ? 1 : 0][gain_class(gain)];
  }
  const CoefficientCosts& detail_levels(int gain, int stage) const {
    return detail_levels_[gain_class(gain)][static_cast<size_t>(stage)];
  }
  // What the levels of the structure of a cell of `grid` are coded against, structure_tokens() of them.
  void predict_structure(const TokenGrid& grid, size_t cell, int16_t* levels) const;
  // The structure of cell `cell` of `grid`, and its blocks of `stage`, whatever the quantiser.
  int structure(const TokenGrid& grid, size_t cell) const;
  int detail(const TokenGrid& grid, size_t cell, int stage) const;
  // After a cell of the same level, as most are.
  int gain(bool grey, int level) const { return gain_[grey ? 1 : 0][static_cast<size_t>(level)]; }
  // One detail token of `stage`.
  int detail(int gain, int stage, int token) const {
    return detail_[gain_class(gain)][static_cast<size_t>(stage)][static_cast<size_t>(token)];
  }
  // Telling that a cell has `stages` stages.
  int stages(int gain, int stages) const;
  // Of a still cell: nothing as a rule, unless hardly any cell is.
  int still() const { return still_; }
  // Leaving the still mode for a coded cell with this reference.
  int coded(Reference reference) const;
  // A vector that differs by (dx, dy) from its prediction, in a cell that is not still and not split.
  int motion(int dx, int dy) const { return not_split_ + vector(motion_, dx, dy); }
  // One of a split cell's, whose being split costs split().
  int block_motion(int dx, int dy) const { return vector(block_motion_, dx, dy); }
  int split() const { return split_; }
  // All motion of a cell of `grid` that is not still and refers to the previous picture.
  int motion(const TokenGrid& grid, int column, int row) const;
  // Not coded, but moved or from another reference.
  int copied(Reference reference) const;
  int moved_copy() const { return copied(Reference::kPrevious); }

 private:
  using VectorCosts = std::array<std::vector<int>, 2>;  // by axis, from -kMaxMagnitude on
  static int vector(const VectorCosts& costs, int dx, int dy) {
    constexpr int kZero = SignedExpGolomb::kMaxMagnitude;
    return costs[0][static_cast<size_t>(kZero + dx)] + costs[1][static_cast<size_t>(kZero + dy)];
  }
  size_t gain_class(int level) const { return static_cast<size_t>(layout_.gain_class(level)); }

  TokenLayout layout_;
  std::shared_ptr<const LevelPrediction> prediction_;
  std::array<std::vector<std::vector<int>>, 2> structure_;  // by gain class, as the next two
  std::vector<std::vector<std::vector<int>>> detail_;
  std::array<std::vector<CoefficientCosts>, 2> structure_levels_;
  std::vector<std::vector<CoefficientCosts>> detail_levels_;
  std::vector<std::vector<std::array<int, 2>>> present_;
  std::array<std::vector<int>, 2> gain_;
  int still_ = 0;
  std::array<int, 3> coded_{};  // previous, grey, knowledge; as the next
  std::array<int, 3> copied_{};
  VectorCosts motion_;
  VectorCosts block_motion_;
  int split_ = 0;
  int not_split_ = 0;
};

// Counts what is coded, to make priors for a model file from it.
class PriorCounter {
 public:
  // Of what is coded with this prediction.
  explicit PriorCounter(const TokenLayout& layout, LevelPrediction prediction = {});
  ~PriorCounter();
  PriorCounter(const PriorCounter&) = delete;
  PriorCounter& operator=(const PriorCounter&) = delete;
  void add(const TokenGrid& grid, Slice slice);
  // Name and values of each table, as TokenContexts reads them, and how many decisions each value was counted from.
  struct Table {
    std::string name;
    std::vector<uint16_t> values{};
    std::vector<double> seen{};
    void add(uint16_t value, double decisions);
  };
  std::vector<Table> tables() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crlsc
