// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures that are shown and pictures that are coded: these may have half the width and height (docs/bitstream.md,
// section "Half size").
#pragma once

#include "core/picture.h"

namespace crlsc {

// Of a side of `size` samples or cells.
constexpr int halved(int size) { return (size + 1) / 2; }

// The size that is shown, and whether pictures are coded at half of it.
struct CodedSize {
  int width = 0;
  int height = 0;
  bool half = false;
  int coded_width() const { return half ? halved(width) : width; }
  int coded_height() const { return half ? halved(height) : height; }
};

// What is shown of a coded picture, which has whole cells. An enlarged one is in `enlarged`.
PictureView shown(const Picture& coded, const CodedSize& size, Picture& enlarged);

// A coded picture as reference of pictures of the other size, in whole cells.
Picture resampled(const Picture& coded, const CodedSize& size);

}  // namespace crlsc
