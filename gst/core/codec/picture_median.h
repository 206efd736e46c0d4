// SPDX-License-Identifier: LGPL-2.1-or-later
// The median over time of every sample of a picture: what covers a place less than half of the time is gone.
#pragma once

#include <vector>

#include "core/picture.h"

namespace crlsc {

// Keeps pictures at equal distances in time. Where they become too many, every other one is dropped and the distance
// doubles, so that those kept stand for all of the time evenly, however long it is.
class PictureMedian {
 public:
  static constexpr double kDistance = 1;       // seconds from one picture that is kept to the next, at first
  static constexpr size_t kMostPictures = 60;  // 7 MB at 320x240
  // Large pictures are fewer: 21 at 1920x1080. But there are never less than kFewestPictures to choose from, 126 MB at
  // 2048x2048.
  static constexpr size_t kMostBytes = size_t{64} << 20;
  static constexpr size_t kFewestPictures = 20;

  // Looks at a picture at `time` in seconds, which must not run backwards. All are as large as the first one.
  void add(const PictureView& picture, double time);
  void clear();

  // Those kept, oldest first.
  const std::vector<Picture>& pictures() const { return pictures_; }
  // Times of the first and the latest picture; pictures() must not be empty.
  double begin() const { return begin_; }
  double end() const { return end_; }
  // Of an even number of samples, the greater of the two in the middle; pictures() must not be empty. Takes time in
  // proportion to pictures and samples.
  Picture median() const;

 private:
  void thin();

  std::vector<Picture> pictures_;
  double distance_ = kDistance;
  double begin_ = 0;
  double end_ = 0;
  double kept_ = 0;  // time of the picture that was kept last
};

}  // namespace crlsc
