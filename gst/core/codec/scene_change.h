// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells when something else is shown than before.
#pragma once

#include <array>

#include "core/picture.h"

namespace crlsc {

// Compares the brightness of coarse tiles with the picture before: cuts and jumps of light count; motion, slow changes
// and noise do not.
class SceneChange {
 public:
  // True for the first picture, and where the picture differs clearly from the one before. Cheap: looks at one sample
  // in sixteen.
  bool next(const PictureView& picture);
  // The next picture is a first one.
  void reset() { started_ = false; }

 private:
  static constexpr int kTiles = 8;  // in each direction
  std::array<int, kTiles * kTiles> tiles_{};
  bool started_ = false;
};

}  // namespace crlsc
