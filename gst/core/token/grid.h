// SPDX-License-Identifier: LGPL-2.1-or-later
// The tokens of one picture and what is said of each 16x16 cell (docs/bitstream.md, section "Token grid").
#pragma once

#include <cstdint>
#include <vector>

namespace crlsc {

constexpr int kMaxDetailStages = 6;
constexpr int kMaxLayers = 4;
constexpr int kMaxGainLevels = 8;

// Largest component of a motion vector, half luma samples.
constexpr int kMaxMotion = 2047;

// In half luma samples; (dx, dy) points from the cell to where its prediction lies in the reference.
struct MotionVector {
  int16_t dx = 0;
  int16_t dy = 0;
  bool operator==(const MotionVector& o) const { return dx == o.dx && dy == o.dy; }
  bool operator!=(const MotionVector& o) const { return !(*this == o); }
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
  MotionVector motion;  // (0, 0) unless reference is kPrevious
  uint8_t gain = 0;     // level of what the tokens are scaled by (core/codec/gain.h); has no meaning unless coded
};

// How many codes each quantiser has and how the stages are spread over layers. Comes from the model file.
struct TokenLayout {
  int structure_codes = 0;        // code 0 is the zero vector
  std::vector<int> detail_codes;  // one for each residual stage; code 0 is the zero vector
  std::vector<int> stage_layer;   // layer (1..) that carries each stage, never falling
  int gain_levels = 1;            // 1: every gain is gain_value(0), and none is sent
  int gain_classes = 1;           // neighbouring levels that share codebooks and contexts; at most gain_levels
  int stages() const { return static_cast<int>(detail_codes.size()); }
  int gain_class(int level) const { return gain_classes > 1 ? level * gain_classes / gain_levels : 0; }
  int layers() const { return stage_layer.empty() ? 1 : stage_layer.back() + 1; }
  // Number of stages carried by layers 0..layer.
  int stages_up_to(int layer) const;
};

// Tokens of a picture of cols x rows cells. A cell has one structure token and 2x2 tokens of each detail stage.
class TokenGrid {
 public:
  TokenGrid() = default;
  TokenGrid(int cols, int rows, int stages);

  int cols() const { return cols_; }
  int rows() const { return rows_; }
  int stages() const { return static_cast<int>(detail.size()); }
  int size() const { return cols_ * rows_; }

  std::vector<Cell> cells;                    // raster, cols x rows
  std::vector<uint16_t> structure;            // raster, cols x rows
  std::vector<std::vector<uint16_t>> detail;  // [stage], raster, 2 cols x 2 rows

 private:
  int cols_ = 0;
  int rows_ = 0;
};

}  // namespace crlsc
