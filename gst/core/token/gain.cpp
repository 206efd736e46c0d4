// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/gain.h"

#include "core/picture.h"

namespace crlsc {

int gain_level(uint32_t error, int levels) {
  // cell_error() counts chroma half: 256 samples of luma and 64 of chroma's 128.
  constexpr uint64_t kSamples = kCellSize * kCellSize * 5 / 4;
  int level = 0;
  // Half way between two levels, on the logarithm's scale, lies the square root of twice a level's square.
  while (level + 1 < levels && error > 2 * kSamples * gain_value(level) * gain_value(level)) ++level;
  return level;
}

int step_level(double lambda, int levels) {
  int level = 0;
  // Half way between two levels on the logarithm's scale.
  while (level + 1 < levels && lambda > kLambdaOfStep * step_value(level) * step_value(level + 1)) ++level;
  return level;
}

}  // namespace crlsc
