// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder's choice of motion: what a vector saves against what it costs.
#pragma once

#include <vector>

#include "core/picture.h"
#include "core/token/grid.h"
#include "core/token/token_coder.h"

namespace crlsc {

// Sets the motion of all cells of `grid` as if they were predicted from the picture before, so that squared error times
// the cell's entry of `weights` plus `lambda` x bits is least. The vectors that `grid` holds, of the picture before,
// and neighbours' suggest where to look; where none of them fits, blocks nearby are searched: background that comes
// into sight looks like its surroundings. With `split`, cells get a vector for each of their blocks where that pays.
// `elsewhere`, if not empty: what each cell costs, error and bits as above but without its weight, if it is taken from
// somewhere else. Cells which no vector can make as cheap are left without one.
void choose_motion(const Picture& current, const Picture& previous, const std::vector<float>& weights,
                   const TokenCosts& costs, double lambda, bool split, const std::vector<double>& elsewhere,
                   TokenGrid& grid);

}  // namespace crlsc
