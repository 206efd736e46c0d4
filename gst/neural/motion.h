// SPDX-License-Identifier: LGPL-2.1-or-later
// Motion search: dense optical flow, summarised to one vector a cell.
#pragma once

#include <memory>
#include <vector>

#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc::neural {

// Keeps OpenCV's buffers between pictures. Not thread-safe.
class MotionSearch {
 public:
  MotionSearch();
  ~MotionSearch();
  // One vector a cell (raster), in half luma samples, from `current` into `reference` (same size, whole cells).
  // Dense inverse search (Kroeger et al., ECCV 2016); a cell takes the median of its samples' flow.
  std::vector<MotionVector> estimate(const Picture& current, const Picture& reference);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crlsc::neural
