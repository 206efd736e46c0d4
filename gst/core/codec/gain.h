// SPDX-License-Identifier: LGPL-2.1-or-later
// Gain-shape coding (Gersho and Gray 1992, section 12.10): a coded cell's change is divided by its gain before it is
// quantised, so that the same codes serve a first picture and the last touch of a cell that is nearly right.
#pragma once

#include <cstdint>

namespace crlsc {

// What level `level` stands for: 2, 4, 8, … in units of a sample, root mean square.
constexpr int gain_value(int level) { return 2 << level; }

// The level, below `levels`, that is next to the change of a cell whose cell_error() is `error`.
int gain_level(uint32_t error, int levels);

}  // namespace crlsc
