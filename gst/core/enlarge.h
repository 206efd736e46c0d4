// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures that are coded at half size, as they are shown (docs/bitstream.md, section "Half size").
#pragma once

#include "core/picture.h"

namespace crlsc {

// Twice the width and height, cut to width x height, which are twice those of `view` or one less. Samples lie where
// they lay: between each two of `view` come two new ones, at a quarter and at three quarters of the way. Luma by a
// filter of six taps, chroma of four; beyond its borders, a picture repeats them.
Picture enlarge(const PictureView& view, int width, int height);

}  // namespace crlsc
