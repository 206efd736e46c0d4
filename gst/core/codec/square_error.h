// SPDX-License-Identifier: LGPL-2.1-or-later
// Sums of squared differences between pictures: what predictions and cells leave. Most of the encoder's own time is
// spent here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/picture.h"

namespace crlsc {

// What chroma's squared differences are shifted right by beside those of luma: its samples count half.
constexpr int kChromaShift = 1;

// Over `lines` lines of `width` samples, 4, 8 or 16; strides in samples.
uint32_t square_sum(const uint8_t* a, ptrdiff_t a_stride, const uint8_t* b, ptrdiff_t b_stride, int width, int lines);

// Over the left and the right half of `lines` lines of 16 samples, added to sums[0] and sums[1].
void add_half_square_sums(const uint8_t* a, ptrdiff_t a_stride, const uint8_t* b, ptrdiff_t b_stride, int lines,
                          uint32_t* sums);

// Over a square of `side` luma samples, 8 or 16, at (x, y), multiples of 2, within the pictures: luma, and both planes
// of chroma, which square_error() adds up at half the weight.
uint32_t luma_error(const Picture& a, const Picture& b, int x, int y, int side);
uint32_t chroma_error(const Picture& a, const Picture& b, int x, int y, int side);
uint32_t square_error(const Picture& a, const Picture& b, int x, int y, int side);

// square_error() of the cell (column, row).
uint32_t cell_error(const Picture& a, const Picture& b, int column, int row);

// Sum of squared differences of a cell's samples to their means, chroma counting half: what a flat cell would leave.
uint32_t cell_deviation(const Picture& picture, int column, int row);

}  // namespace crlsc
