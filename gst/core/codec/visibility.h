// SPDX-License-Identifier: LGPL-2.1-or-later
// What viewers see of errors: the encoder's measure of distortion.
#pragma once

#include <vector>

#include "core/picture.h"

namespace crlsc {

// The distortion of a cell is its squared error plus what it lacks in structural similarity (SSIM), times a weight.
// Errors weigh more where the picture is smooth than in texture, and more where it rests: what is at rest will be
// looked at for long.
class Visibility {
 public:
  // Takes the next source picture, of whole cells. Pictures of another size start anew.
  void next(const Picture& source);

  // What the squared error of each cell counts, raster. The geometric mean over a picture that moves everywhere is 1.
  const std::vector<float>& weights() const { return weights_; }

  // Whether the source of a cell, raster, differs from the one before by more than noise.
  bool moved(int cell) const { return rest_[static_cast<size_t>(cell)] == 0; }

  // Distortion of a cell if `shown` stood for the source picture. Squared errors are those of cell_error(), with more
  // of chroma.
  double distortion(const Picture& shown, int column, int row) const;

 private:
  void age_cells(const Picture& source);

  Picture source_;
  std::vector<int> rest_;       // pictures since each cell moved
  std::vector<float> texture_;  // weights by texture alone
  std::vector<float> weights_;
};

// Mean structural similarity of a cell's luma (Wang et al. 2004): 8x8 squares with equal weights, at every fourth
// sample.
double cell_ssim(const Picture& a, const Picture& b, int column, int row);

}  // namespace crlsc
