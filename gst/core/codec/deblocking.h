// SPDX-License-Identifier: LGPL-2.1-or-later
// Smooths the edges that motion and coarse steps leave between blocks (docs/bitstream.md, section "Deblocking").
#pragma once

#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc {

// What an edge between two blocks is smoothed with: the most that a sample next to it may change, 0..7; 0 if it is not.
int edge_strength(const Cell& a, MotionVector of_a, const Cell& b, MotionVector of_b, const TokenLayout& layout);

// Filters `picture`, of whole cells, in place: all edges between 8x8 blocks of which one was coded, or which come from
// different places, unless it is textured there. The filter is that of HEVC (Norkin et al. 2012) with other strengths.
// Two still cells keep the edge that they have.
void deblock(const TokenGrid& grid, const TokenLayout& layout, Picture& picture);

}  // namespace crlsc
