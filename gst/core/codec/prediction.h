// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds the prediction of a picture from its cells' references, in integers, alike in encoder and decoder
// (docs/bitstream.md, section "Prediction").
#pragma once

#include <array>
#include <cstdint>

#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc {

// The pictures that cells may refer to. Pointers may be null: a missing picture predicts grey.
struct ReferencePictures {
  const Picture* previous = nullptr;
  std::array<const Picture*, kMaxKnowledge> knowledge{};
};

// Writes the prediction of a square of kCellSize or kBlockSize luma samples, at (x, y) in samples and a multiple of
// kBlockSize, with the vector `mv` from `reference` into `out`, a picture of the same size.
// Luma is interpolated at half samples with the 6-tap filter (1, -5, 20, 20, -5, 1)/32, chroma bilinearly at quarter
// samples; samples outside the reference repeat its border.
void predict_block(const Picture& reference, MotionVector mv, int x, int y, int side, Picture& out);

// Its two parts.
void predict_luma(const Picture& reference, MotionVector mv, int x, int y, int side, Picture& out);
void predict_chroma(const Picture& reference, MotionVector mv, int x, int y, int side, Picture& out);

// Writes the prediction of one cell (column, row) into `out` (whole cells, same size as the references).
void predict_cell(const ReferencePictures& references, const Cell& cell, int column, int row, Picture& out);

// predict_cell() for all cells of `grid`.
void predict(const ReferencePictures& references, const TokenGrid& grid, Picture& out);

// Copies cell (column, row) from one picture to another of the same size.
void copy_cell(const Picture& from, Picture& to, int column, int row);

}  // namespace crlsc
