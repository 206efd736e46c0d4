// SPDX-License-Identifier: LGPL-2.1-or-later
// What the parts of the encoder agree on.
#pragma once

#include "core/picture.h"

namespace crlsc {

// A cell this close to its prediction is not looked at: distortion as of squared error 1 a sample.
constexpr double kGoodEnough = kCellSize * kCellSize;
constexpr double kGoodPicture = 4 * kGoodEnough;  // distortion of a cell, on average, that needs no more bits
constexpr int kGreyBits = 20;                     // that a cell on grey takes more than another

}  // namespace crlsc
