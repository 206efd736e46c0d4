// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/scalar_tokens.h"

#include <algorithm>
#include <cmath>

#include "core/token/gain.h"
#include "core/token/token_coder.h"

namespace crlsc::neural {
namespace {

template <class Function>
void each_coded(const TokenGrid& grid, const CellBox& box, Function f) {
  for (int r = 0; r < box.rows; ++r) {
    for (int c = 0; c < box.cols; ++c) {
      const size_t cell = static_cast<size_t>(box.row + r) * grid.cols() + box.column + c;
      if (grid.cells[cell].coded) f(r, c, cell);
    }
  }
}

// Bits as the tables count them are dearer than those of a picture whose contexts have adapted. Found by trying.
constexpr float kAdapted = 0.7F;

// Squared error in squared steps that a bit of this cell must save.
float worth_of(const QuantiserBias& bias, const TokenGrid& grid, size_t cell) {
  if (bias.lambda <= 0) return static_cast<float>(kLambdaOfStep);
  const auto step = static_cast<float>(step_value(grid.cells[cell].gain));
  return kAdapted * bias.lambda / (step * step * (bias.weights != nullptr ? (*bias.weights)[cell] : 1.0F));
}

void round_levels(const float* latents, int count, int16_t* levels) {
  for (int i = 0; i < count; ++i) {
    const float bounded = std::clamp(latents[i], static_cast<float>(-kMaxLevel), static_cast<float>(kMaxLevel));
    levels[i] = static_cast<int16_t>(std::lround(bounded));
  }
}

// Latents as rows of coefficients, one for each place.
torch::Tensor rows_of(const torch::Tensor& latents) { return to_rows(latents).to(torch::kFloat32).contiguous(); }

int coefficients_of(const TokenGrid& grid) {
  int sum = 0;
  for (int stage = 0; stage < grid.stages(); ++stage) sum += grid.detail_tokens(stage);
  return sum;
}

}  // namespace

torch::Tensor structure_levels(const TokenGrid& grid, const CellBox& box) {
  const int count = grid.structure_tokens();
  auto rows = torch::zeros({int64_t{box.rows} * box.cols, count});
  auto* values = rows.data_ptr<float>();
  each_coded(grid, box, [&](int r, int c, size_t cell) {
    std::copy_n(grid.structure_at(cell), count, values + (static_cast<ptrdiff_t>(r) * box.cols + c) * count);
  });
  return to_map(rows, 1, box.rows, box.cols);
}

torch::Tensor detail_levels(const TokenGrid& grid, const CellBox& box, int most) {
  const int all = coefficients_of(grid);
  auto rows = torch::zeros({int64_t{4} * box.rows * box.cols, all});
  auto* values = rows.data_ptr<float>();
  each_coded(grid, box, [&](int r, int c, size_t cell) {
    const int stages = std::min<int>(grid.cells[cell].stages, most);
    for (int t = 0; t < 4; ++t) {
      float* to = values + ((static_cast<ptrdiff_t>(2 * r) + t / 2) * 2 * box.cols + 2 * c + t % 2) * all;
      for (int stage = 0; stage < stages; ++stage) {
        const int16_t* from = grid.detail_at(stage, 2 * (box.column + c) + t % 2, 2 * (box.row + r) + t / 2);
        to = std::copy_n(from, grid.detail_tokens(stage), to);
      }
    }
  });
  return to_map(rows, 1, int64_t{2} * box.rows, int64_t{2} * box.cols);
}

void store_structure(const torch::Tensor& latents, const QuantiserBias& bias, const CellBox& box, TokenGrid& grid) {
  const auto rows = rows_of(latents);
  const auto* values = rows.data_ptr<float>();
  const int count = grid.structure_tokens();
  each_coded(grid, box, [&](int r, int c, size_t cell) {
    const float* from = values + (static_cast<ptrdiff_t>(r) * box.cols + c) * count;
    const Cell& of = grid.cells[cell];
    if (bias.costs == nullptr) return round_levels(from, count, grid.structure_at(cell));
    bias.costs->predict_structure(grid, cell, grid.structure_at(cell));
    choose_levels(from, worth_of(bias, grid, cell),
                  bias.costs->structure_levels(of.reference == Reference::kGrey, of.gain), grid.structure_at(cell));
  });
}

void store_details(const torch::Tensor& latents, const QuantiserBias& bias, const CellBox& box, TokenGrid& grid) {
  const auto rows = rows_of(latents);
  const auto* values = rows.data_ptr<float>();
  const int all = coefficients_of(grid);
  each_coded(grid, box, [&](int r, int c, size_t cell) {
    for (int t = 0; t < 4; ++t) {
      const float* from = values + ((static_cast<ptrdiff_t>(2 * r) + t / 2) * 2 * box.cols + 2 * c + t % 2) * all;
      for (int stage = 0; stage < grid.stages(); ++stage) {
        int16_t* to = grid.detail_at(stage, 2 * (box.column + c) + t % 2, 2 * (box.row + r) + t / 2);
        if (bias.costs == nullptr) {
          round_levels(from, grid.detail_tokens(stage), to);
        } else {
          std::fill_n(to, grid.detail_tokens(stage), int16_t{0});
          choose_levels(from, worth_of(bias, grid, cell), bias.costs->detail_levels(grid.cells[cell].gain, stage), to);
        }
        from += grid.detail_tokens(stage);
      }
    }
  });
}

}  // namespace crlsc::neural
