// SPDX-License-Identifier: LGPL-2.1-or-later
// Fits the prediction of levels from neighbours (core/token/level_prediction.h) to what the codec sends.
#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "core/token/grid.h"
#include "core/token/level_prediction.h"

namespace crlsc::tools {

// Least squares, in steps of each cell, over all cells on grey that have the neighbours.
class LevelPredictor {
 public:
  // For a structure of `coefficients`.
  explicit LevelPredictor(int coefficients);
  // Takes the cells of a picture.
  void add(const TokenGrid& grid);
  // Weights as LevelPrediction takes them. A coefficient that neighbours say little about is predicted as 0.
  std::vector<int16_t> weights() const;

 private:
  // Normal equations of one set of neighbours.
  struct Set {
    cv::Mat features;  // [2N, 2N]
    cv::Mat products;  // [2N, N]
    cv::Mat squares;   // [1, N]
  };
  void add_cell(const TokenGrid& grid, size_t cell, bool left, bool above);
  cv::Mat solve(const Set& set) const;

  int coefficients_;
  std::array<Set, LevelPrediction::kSets> sets_;
};

}  // namespace crlsc::tools
