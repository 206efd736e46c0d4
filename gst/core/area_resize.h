// SPDX-License-Identifier: LGPL-2.1-or-later
// Resizing by the mean over areas, in integers: the same samples on every machine.
#pragma once

#include "core/picture.h"

namespace crlsc {

// `view` stretched to width x height: each sample is the mean of the area of the source that it covers, rounded to the
// nearest. Both sizes must be 1..65535.
Picture resize_area(const PictureView& view, int width, int height);

}  // namespace crlsc
