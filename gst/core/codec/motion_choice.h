// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder's choice of motion: what a vector saves against what it costs.
#pragma once

#include <vector>

#include "core/picture.h"
#include "core/token/grid.h"
#include "core/token/token_coder.h"

namespace crlsc {

// Sets the motion of those cells of `grid` that are predicted from the picture before, so that squared error plus
// `lambda` x bits is least. `flow` suggests one vector a cell, from the picture before; neighbours suggest others, and
// where none of them fits, blocks nearby are searched: background that comes into sight looks like its surroundings.
void choose_motion(const Picture& current, const Picture& previous, const std::vector<MotionVector>& flow,
                   const TokenCosts& costs, double lambda, TokenGrid& grid);

}  // namespace crlsc
