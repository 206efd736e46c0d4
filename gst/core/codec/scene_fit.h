// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds how a picture of a scene has to be adjusted to look like what is seen now.
#pragma once

#include <optional>

#include "core/codec/scene_adjustment.h"
#include "core/codec/scene_shift.h"
#include "core/picture.h"

namespace crlsc {

// A picture of a stream, and what searches need of it, which is made once.
class SeenPicture {
 public:
  explicit SeenPicture(const Picture& picture) : picture_(picture) {}
  const Picture& picture() const { return picture_; }
  const ShiftPyramid& pyramid() {
    if (!pyramid_) pyramid_.emplace(picture_);
    return *pyramid_;
  }

 private:
  const Picture& picture_;
  std::optional<ShiftPyramid> pyramid_;
};

// Follows one picture of a scene through a stream.
class SceneFit {
 public:
  // The adjustment with which most of `picture`, always the same, looks most like `seen`, of its size: cells in front
  // of which something stands do not count. Stays what it was as long as that fits as well. None unless it takes off a
  // tenth of the error. Searches only if the last result fits worse than when it was found, and now and then.
  SceneAdjustment next(SeenPicture& seen, const Picture& picture);

 private:
  std::optional<ShiftPyramid> pyramid_;  // of the scene's picture
  SceneAdjustment last_;
  double left_ = -1;  // error that it left when it was searched for; none was yet: negative
  int since_ = 0;     // pictures since then
};

}  // namespace crlsc
