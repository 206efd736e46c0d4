// SPDX-License-Identifier: LGPL-2.1-or-later
// The tokens of one picture and what is said of each 16x16 cell (docs/bitstream.md, section "Token grid").
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace crlsc {

constexpr int kMaxDetailStages = 6;
constexpr int kMaxLayers = 4;
constexpr int kMaxGainLevels = 8;

// Largest component of a motion vector, half luma samples.
constexpr int kMaxMotion = 2047;

// In half luma samples; (dx, dy) points from a block to where its prediction lies in the reference.
struct MotionVector {
  int16_t dx = 0;
  int16_t dy = 0;
  bool operator==(const MotionVector& o) const { return dx == o.dx && dy == o.dy; }
  bool operator!=(const MotionVector& o) const { return !(*this == o); }
};

// Vectors of a cell's 2x2 blocks of 8x8 luma samples, in raster order.
class CellMotion {
 public:
  static constexpr size_t kBlocks = 4;
  CellMotion() = default;
  // One vector for the whole cell.
  CellMotion(MotionVector all) { blocks_.fill(all); }
  MotionVector& operator[](size_t block) { return blocks_[block]; }
  const MotionVector& operator[](size_t block) const { return blocks_[block]; }
  // Whether its blocks go different ways.
  bool split() const {
    return std::any_of(blocks_.begin(), blocks_.end(), [this](auto v) { return v != blocks_[0]; });
  }
  bool operator==(const CellMotion& o) const { return blocks_ == o.blocks_; }
  bool operator!=(const CellMotion& o) const { return !(*this == o); }

 private:
  std::array<MotionVector, kBlocks> blocks_{};
};

// Where a cell's prediction comes from.
enum class Reference : uint8_t {
  kPrevious = 0,    // the last picture put out, motion compensated
  kGrey = 1,        // 128 everywhere: what a first picture starts from
  kKnowledge0 = 2,  // knowledge-base picture j is kKnowledge0 + j, j < kMaxKnowledge
};
constexpr int kMaxKnowledge = 4;

struct Cell {
  bool coded = false;  // false: the prediction is copied exactly
  uint8_t stages = 0;  // detail stages that follow the structure token; 0 unless coded
  Reference reference = Reference::kPrevious;
  CellMotion motion;  // (0, 0) unless reference is kPrevious; not split unless the layout says that cells may be
  uint8_t gain = 0;   // level of what the tokens are scaled by (core/token/gain.h); has no meaning unless coded
  // Shows what the picture before shows at this place.
  bool still() const { return !coded && reference == Reference::kPrevious && motion == CellMotion(); }
};

// Largest magnitude of a coefficient's level, and most coefficients of a cell's structure or a block's stage.
constexpr int kMaxLevel = 2047;
constexpr int kMaxCoefficients = 256;

// What the tokens of a model are and how the stages are spread over layers. Comes from the model file. A vector
// quantiser has one token for a cell's structure and for a block of each stage; a scalar quantiser several,
// *coefficients*, of which each is a signed *level*.
struct TokenLayout {
  int structure_codes = 0;                 // of a vector quantiser; code 0 is the zero vector
  std::vector<int> detail_codes;           // one for each residual stage; code 0 is the zero vector
  std::vector<int> stage_layer;            // layer (1..) that carries each stage, never falling
  int gain_levels = 1;                     // 1: every gain is gain_value(0), and none is sent
  int gain_classes = 1;                    // neighbouring levels that share codebooks and contexts; at most gain_levels
  int structure_coefficients = 0;          // of a scalar quantiser, for each cell; 0: a vector quantiser
  std::vector<int> detail_coefficients{};  // for each block of each stage
  bool split_motion = false;               // whether a cell may have a vector for each of its blocks
  bool deblocking = false;                 // whether edges between blocks are smoothed (core/codec/deblocking.h)
  bool scalar() const { return structure_coefficients > 0; }
  int stages() const { return static_cast<int>(stage_layer.size()); }
  // Tokens of a cell's structure, and of a block of `stage`.
  int structure_tokens() const { return scalar() ? structure_coefficients : 1; }
  int detail_tokens(int stage) const { return scalar() ? detail_coefficients[static_cast<size_t>(stage)] : 1; }
  int gain_class(int level) const { return gain_classes > 1 ? level * gain_classes / gain_levels : 0; }
  int layers() const { return stage_layer.empty() ? 1 : stage_layer.back() + 1; }
  // Number of stages carried by layers 0..layer.
  int stages_up_to(int layer) const;
};

// Whole rows of cells.
struct Slice {
  int first_row = 0;
  int rows = 0;
};

// Tokens of a picture of cols x rows cells. A cell has structure tokens, and 2x2 blocks with tokens of each detail
// stage; their numbers are those of the layout, 1 of a vector quantiser.
class TokenGrid {
 public:
  TokenGrid() = default;
  TokenGrid(int cols, int rows, const TokenLayout& layout);
  // Of a vector quantiser.
  TokenGrid(int cols, int rows, int stages);

  int cols() const { return cols_; }
  int rows() const { return rows_; }
  int stages() const { return static_cast<int>(detail.size()); }
  int size() const { return cols_ * rows_; }
  int structure_tokens() const { return structure_tokens_; }
  int detail_tokens(int stage) const { return detail_tokens_[static_cast<size_t>(stage)]; }

  // The tokens of cell `cell`, and of the block at (x, y), 0..2 cols - 1 and 0..2 rows - 1.
  int16_t* structure_at(size_t cell) { return structure.data() + cell * static_cast<size_t>(structure_tokens_); }
  const int16_t* structure_at(size_t cell) const {
    return structure.data() + cell * static_cast<size_t>(structure_tokens_);
  }
  int16_t* detail_at(int stage, int x, int y) {
    return detail[static_cast<size_t>(stage)].data() + detail_place(stage, x, y);
  }
  const int16_t* detail_at(int stage, int x, int y) const {
    return detail[static_cast<size_t>(stage)].data() + detail_place(stage, x, y);
  }

  std::vector<Cell> cells;                   // raster, cols x rows
  std::vector<int16_t> structure;            // raster, cols x rows, the tokens of a cell side by side
  std::vector<std::vector<int16_t>> detail;  // [stage], raster, 2 cols x 2 rows, likewise

 private:
  size_t detail_place(int stage, int x, int y) const {
    return (static_cast<size_t>(y) * 2 * static_cast<size_t>(cols_) + static_cast<size_t>(x)) *
           static_cast<size_t>(detail_tokens_[static_cast<size_t>(stage)]);
  }

  int cols_ = 0;
  int rows_ = 0;
  int structure_tokens_ = 1;
  std::vector<int> detail_tokens_;
};

}  // namespace crlsc
