// SPDX-License-Identifier: LGPL-2.1-or-later
// Folders of pictures, and what their names say of them.
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/picture.h"

namespace crlsc::tools {

struct PictureFile {
  std::string path;
  std::string source;  // path relative to the folder it was found below, behind that folder's name
  std::string label;   // may be empty
};

// All pictures (jpg, png, webp, bmp) below `folders`, ordered by path within each. A picture's label is the name of the
// sub-folder it lies in, one level below the folder given; none for pictures right in the folder. "FOLDER=LABEL" gives
// all of them that label. Throws Error(kNotFound) for a folder that is absent, Error(kRead) if there is no picture.
std::vector<PictureFile> list_pictures(const std::vector<std::string>& folders);

// That share, 0..1, of the pictures of each label, but at least one: those that are left are the same for the same
// arguments, and a larger share holds all of a smaller one. Order stays.
std::vector<PictureFile> keep_share(const std::vector<PictureFile>& files, double share, uint64_t seed);

// 8-bit BGR; empty if the file cannot be read as a picture.
cv::Mat read_picture(const std::string& path);

// Writes 8-bit BGR in the format that the name ends on. Throws Error(kWrite).
void write_picture(const std::string& path, const cv::Mat& picture);

// BT.601 as the codec's pictures are; of odd sides the last row or column is left out. Sides must be 2 or more.
Picture to_i420(const cv::Mat& bgr);

// A part of a picture that augmentation has chosen; 0..1 of width and height.
struct Crop {
  double left = 0;
  double top = 0;
  double width = 1;
  double height = 1;
  bool flip = false;  // left and right exchanged
};

// Crop `number` of the picture with this name: 0 is the whole picture, the others are random, the same for the same
// arguments. Sides are 55 to 100 % each.
Crop augmentation_crop(const std::string& source, int number, uint64_t seed);
cv::Mat cut(const cv::Mat& picture, const Crop& crop);

// `picture` as a WebP file of at most `side` on its longer side.
Bytes to_webp(const cv::Mat& picture, int side, int quality);

}  // namespace crlsc::tools
