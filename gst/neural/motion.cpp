// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/motion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/video/tracking.hpp>

namespace crlsc::neural {
namespace {

constexpr int kMaxVector = 126;  // half samples: the search range on each axis
constexpr int kStep = 2;         // every second sample of the flow takes part in the median

int16_t median_half_samples(std::array<float, kCellSize * kCellSize>& values, int count) {
  auto middle = values.begin() + count / 2;
  std::nth_element(values.begin(), middle, values.begin() + count);
  return static_cast<int16_t>(std::clamp(static_cast<int>(std::lround(*middle * 2)), -kMaxVector, kMaxVector));
}

}  // namespace

struct MotionSearch::State {
  cv::Ptr<cv::DISOpticalFlow> flow;
  cv::Mat field;
};

MotionSearch::MotionSearch() : state_(std::make_unique<State>()) {
  state_->flow = cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_FAST);
  state_->flow->setFinestScale(1);
}

MotionSearch::~MotionSearch() = default;

std::vector<MotionVector> MotionSearch::estimate(const Picture& current, const Picture& reference) {
  const int cols = current.width() / kCellSize;
  const int rows = current.height() / kCellSize;
  std::vector<MotionVector> vectors(static_cast<size_t>(cols) * rows);
  // The pyramid needs a few patches to work on; smaller pictures stay without motion.
  if (current.width() < 3 * kCellSize || current.height() < 3 * kCellSize) return vectors;
  const cv::Mat a(current.height(), current.width(), CV_8UC1, const_cast<uint8_t*>(current.plane(0)));
  const cv::Mat b(reference.height(), reference.width(), CV_8UC1, const_cast<uint8_t*>(reference.plane(0)));
  state_->flow->calc(a, b, state_->field);
  std::array<float, kCellSize * kCellSize> dx;
  std::array<float, kCellSize * kCellSize> dy;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < cols; ++column) {
      int n = 0;
      for (int y = 0; y < kCellSize; y += kStep) {
        const auto* line = state_->field.ptr<cv::Point2f>(row * kCellSize + y) + column * kCellSize;
        for (int x = 0; x < kCellSize; x += kStep, ++n) {
          dx[static_cast<size_t>(n)] = line[x].x;
          dy[static_cast<size_t>(n)] = line[x].y;
        }
      }
      vectors[static_cast<size_t>(row) * cols + column] = {median_half_samples(dx, n), median_half_samples(dy, n)};
    }
  }
  return vectors;
}

}  // namespace crlsc::neural
