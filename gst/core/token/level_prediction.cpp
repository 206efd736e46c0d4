// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/level_prediction.h"

#include <algorithm>
#include <utility>

#include "core/model/model_file.h"
#include "core/token/gain.h"

namespace crlsc {
namespace {

// Adds to `sum` what the levels of a cell, in samples, say of a coefficient.
void add_weighted(const TokenGrid& grid, size_t cell, const int16_t* weights, int64_t& sum) {
  const int16_t* levels = grid.structure_at(cell);
  int64_t product = 0;
  for (int i = 0; i < grid.structure_tokens(); ++i) product += int64_t{weights[i]} * levels[i];
  sum += product * step_value(grid.cells[cell].gain);
}

// a / b to the nearest, halves upwards; b > 0.
int64_t rounded_quotient(int64_t a, int64_t b) {
  const int64_t twice = 2 * a + b;
  const int64_t quotient = twice / (2 * b);
  return quotient - (twice % (2 * b) < 0 ? 1 : 0);
}

}  // namespace

LevelPrediction::LevelPrediction(int coefficients, std::vector<int16_t> weights)
    : coefficients_(coefficients), weights_(std::move(weights)) {}

LevelPrediction::LevelPrediction(const ModelFile& file) {
  if (!file.layout().scalar() || file.find(kTensor) == nullptr) return;
  const int64_t n = file.layout().structure_coefficients;
  const TensorView& tensor = file.tensor(kTensor, DType::kI16, {kSets, n, 2, n});
  coefficients_ = static_cast<int>(n);
  for (size_t i = 0; i < tensor.data.size(); i += 2) {
    weights_.push_back(static_cast<int16_t>(tensor.data[i] | tensor.data[i + 1] << 8));
  }
}

const int16_t* LevelPrediction::weights_of(Neighbours set, int coefficient) const {
  return weights_.data() + (static_cast<ptrdiff_t>(set) * coefficients_ + coefficient) * 2 * coefficients_;
}

void LevelPrediction::predict(const TokenGrid& grid, Slice slice, int column, int row, int16_t* levels) const {
  std::fill_n(levels, grid.structure_tokens(), int16_t{0});
  const auto at = static_cast<size_t>(row) * static_cast<size_t>(grid.cols()) + static_cast<size_t>(column);
  const auto on_grey = [&grid](size_t i) { return grid.cells[i].coded && grid.cells[i].reference == Reference::kGrey; };
  if (weights_.empty() || !on_grey(at)) return;
  const size_t above = at - static_cast<size_t>(grid.cols());
  const bool has_left = column > 0 && on_grey(at - 1);
  const bool has_above = row > slice.first_row && on_grey(above);
  if (!has_left && !has_above) return;
  const Neighbours set = has_left && has_above ? kBoth : has_left ? kLeft : kAbove;
  const int64_t step = int64_t{kOne} * step_value(grid.cells[at].gain);
  for (int i = 0; i < coefficients_; ++i) {
    const int16_t* weights = weights_of(set, i);
    int64_t sum = 0;
    if (has_left) add_weighted(grid, at - 1, weights, sum);
    if (has_above) add_weighted(grid, above, weights + coefficients_, sum);
    levels[i] = static_cast<int16_t>(std::clamp<int64_t>(rounded_quotient(sum, step), -kMaxLevel, kMaxLevel));
  }
}

}  // namespace crlsc
