// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/level_predictor.h"

#include <algorithm>
#include <cmath>

#include "core/token/gain.h"

namespace crlsc::tools {
namespace {

constexpr double kRidge = 30;        // squared steps: as if some cells had had neighbours that say nothing
constexpr double kLeastGain = 0.15;  // of the squares that a prediction must take away
constexpr double kLargestWeight = 32767;

}  // namespace

LevelPredictor::LevelPredictor(int coefficients) : coefficients_(coefficients) {
  for (Set& set : sets_) {
    set.features = cv::Mat::zeros(2 * coefficients, 2 * coefficients, CV_64F);
    set.products = cv::Mat::zeros(2 * coefficients, coefficients, CV_64F);
    set.squares = cv::Mat::zeros(1, coefficients, CV_64F);
  }
}

void LevelPredictor::add(const TokenGrid& grid) {
  const auto cols = static_cast<size_t>(grid.cols());
  const auto on_grey = [&grid](size_t i) { return grid.cells[i].coded && grid.cells[i].reference == Reference::kGrey; };
  for (size_t i = 0; i < grid.cells.size(); ++i) {
    if (!on_grey(i)) continue;
    add_cell(grid, i, i % cols > 0 && on_grey(i - 1), i >= cols && on_grey(i - cols));
  }
}

// What is known of both neighbours also teaches what to do with one of them.
void LevelPredictor::add_cell(const TokenGrid& grid, size_t cell, bool left, bool above) {
  const double step = step_value(grid.cells[cell].gain);
  const auto copy = [&](size_t from, double* to) {
    const double scale = step_value(grid.cells[from].gain) / step;
    for (int i = 0; i < coefficients_; ++i) to[i] = grid.structure_at(from)[i] * scale;
  };
  cv::Mat target(1, coefficients_, CV_64F);
  copy(cell, target.ptr<double>());
  const auto learn = [&](LevelPrediction::Neighbours which, bool with_left, bool with_above) {
    cv::Mat features = cv::Mat::zeros(1, 2 * coefficients_, CV_64F);
    if (with_left) copy(cell - 1, features.ptr<double>());
    if (with_above) copy(cell - static_cast<size_t>(grid.cols()), features.ptr<double>() + coefficients_);
    Set& set = sets_[which];
    set.features += features.t() * features;
    set.products += features.t() * target;
    set.squares += target.mul(target);
  };
  if (left && above) learn(LevelPrediction::kBoth, true, true);
  if (left) learn(LevelPrediction::kLeft, true, false);
  if (above) learn(LevelPrediction::kAbove, false, true);
}

// Weights [N, 2N].
cv::Mat LevelPredictor::solve(const Set& set) const {
  cv::Mat weights;
  const cv::Mat damped = set.features + kRidge * cv::Mat::eye(set.features.size(), CV_64F);
  cv::solve(damped, set.products, weights, cv::DECOMP_CHOLESKY);
  for (int i = 0; i < coefficients_; ++i) {
    cv::Mat w = weights.col(i);
    const cv::Mat left_over = w.t() * set.features * w - 2 * w.t() * set.products.col(i);
    if (-left_over.at<double>(0) < kLeastGain * set.squares.at<double>(i)) w.setTo(0);
  }
  return weights.t();
}

std::vector<int16_t> LevelPredictor::weights() const {
  std::vector<int16_t> out;
  for (const Set& set : sets_) {
    const cv::Mat weights = solve(set);
    for (int i = 0; i < weights.rows; ++i) {
      for (int j = 0; j < weights.cols; ++j) {
        const double scaled = std::round(weights.at<double>(i, j) * LevelPrediction::kOne);
        out.push_back(static_cast<int16_t>(std::clamp(scaled, -kLargestWeight, kLargestWeight)));
      }
    }
  }
  return out;
}

}  // namespace crlsc::tools
