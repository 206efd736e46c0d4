// SPDX-License-Identifier: LGPL-2.1-or-later
// Gain-shape coding (Gersho and Gray 1992, section 12.10): a coded cell's change is divided by its gain before it is
// quantised, so that the same codes serve a first picture and the last touch of a cell that is nearly right.
#pragma once

#include <cstdint>

namespace crlsc {

// What level `level` stands for: 2, 4, 8, … in units of a sample, root mean square.
constexpr int gain_value(int level) { return 2 << level; }

// The same for a scalar quantiser, whose gain is the step between two levels of a coefficient: 8 times the
// powers of 1.5, rounded.
constexpr int step_value(int level) {
  constexpr int kSteps[] = {8, 12, 18, 27, 41, 61, 91, 137};
  return kSteps[level];
}

// The level, below `levels`, of the step that suits an encoder to which a bit is worth `lambda` of squared error:
// lambda is 0.134 squared steps (Sullivan and Wiegand 1998, as H.264 encoders have it).
int step_level(double lambda, int levels);
constexpr double kLambdaOfStep = 0.134;

// The level, below `levels`, that is next to the change of a cell whose cell_error() is `error`.
int gain_level(uint32_t error, int levels);

}  // namespace crlsc
