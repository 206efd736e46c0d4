// SPDX-License-Identifier: LGPL-2.1-or-later
// By how much one picture is shifted against another. Searched exhaustively on small copies, so that fine texture does
// not trap the search, then on ever larger ones. In integers: the same on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc {

// Luma about its local mean, at full size and halved again and again: other light hardly changes it.
class ShiftPyramid {
 public:
  struct Level {
    int width = 0;
    int height = 0;
    std::vector<uint8_t> samples;  // 128: like its surroundings
    const uint8_t* row(int y) const { return samples.data() + static_cast<ptrdiff_t>(width) * y; }
  };

  explicit ShiftPyramid(const Picture& picture);
  const std::vector<Level>& levels() const { return levels_; }  // the largest first

 private:
  std::vector<Level> levels_;
};

// Where `picture` has to be read to look like `current`, of the same size: whole samples, in half samples as a cell's
// motion. What stands in front of either counts little. Reaches kShiftReach samples of the smallest level, a twentieth
// of the picture or so.
constexpr int kShiftReach = 10;
MotionVector find_shift(const ShiftPyramid& current, const ShiftPyramid& picture);

}  // namespace crlsc
