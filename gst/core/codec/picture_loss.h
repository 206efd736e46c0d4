// SPDX-License-Identifier: LGPL-2.1-or-later
// What a receiver tells its sender that it lacks.
#pragma once

#include "core/codec/token_unit.h"
#include "core/token/grid.h"

namespace crlsc {

// Pictures that `PictureLoss` may name at most; a run of so many may stand for more.
constexpr int kMostLostPictures = kPictureNumbers - 1;

// Some rows of cells of some pictures in a row, named by the number that their token units carry.
struct PictureLoss {
  int first = 0;      // number of the first picture, 0..kPictureNumbers - 1
  int pictures = 1;   // 1..kMostLostPictures
  int first_row = 0;  // 0..255
  int rows = 0;       // 0..255; 0: down to the last one
  int layer = 0;      // lowest layer that is missing, 0..kMaxLayers - 1; those above it are of no use without it

  bool operator==(const PictureLoss& o) const {
    return first == o.first && pictures == o.pictures && first_row == o.first_row && rows == o.rows && layer == o.layer;
  }
};

// All that was ever sent.
inline PictureLoss everything_lost() { return {0, kMostLostPictures, 0, 0, 0}; }

inline bool is_valid(const PictureLoss& loss) {
  return loss.first >= 0 && loss.first < kPictureNumbers && loss.pictures >= 1 && loss.pictures <= kMostLostPictures &&
         loss.first_row >= 0 && loss.first_row <= 255 && loss.rows >= 0 && loss.rows <= 255 && loss.layer >= 0 &&
         loss.layer < kMaxLayers;
}

}  // namespace crlsc
