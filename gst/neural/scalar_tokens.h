// SPDX-License-Identifier: LGPL-2.1-or-later
// Between the levels of a token grid and the latents that the network works on, of models with a scalar quantiser.
#pragma once

#include <torch/torch.h>

#include "core/codec/network.h"
#include "neural/picture_tensor.h"

namespace crlsc::neural {

// Levels of the structure of the coded cells of `box` [1, coefficients, rows, cols], 0 elsewhere.
torch::Tensor structure_levels(const TokenGrid& grid, const CellBox& box);

// Levels of their first min(stages of the cell, `most`) stages, side by side [1, coefficients, 2 rows, 2 cols].
torch::Tensor detail_levels(const TokenGrid& grid, const CellBox& box, int most);

// Puts the levels of latents [1, coefficients, ...] of the same places into `grid`: those that are best in squared
// error + what a bit is worth (`bias`). Without bias, bits cost as much as they do at the best trade for the step.
void store_structure(const torch::Tensor& latents, const QuantiserBias& bias, const CellBox& box, TokenGrid& grid);
void store_details(const torch::Tensor& latents, const QuantiserBias& bias, const CellBox& box, TokenGrid& grid);

}  // namespace crlsc::neural
