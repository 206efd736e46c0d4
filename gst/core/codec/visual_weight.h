// SPDX-License-Identifier: LGPL-2.1-or-later
// How much an error shows: more where the picture is smooth than in texture.
#pragma once

#include <vector>

#include "core/picture.h"

namespace crlsc {

// One weight a cell, raster, for its squared error; their geometric mean is 1. `picture` has whole cells.
std::vector<float> visual_weights(const Picture& picture);

}  // namespace crlsc
