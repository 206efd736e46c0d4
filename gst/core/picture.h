// SPDX-License-Identifier: LGPL-2.1-or-later
// 8-bit I420 pictures: the only kind there is inside the coding loop (docs/bitstream.md, section "Pictures").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace crlsc {

// Cells are the unit of decision: 16x16 luma samples and 8x8 of each chroma plane.
constexpr int kCellSize = 16;
// Luma samples along the side of one of a cell's 2x2 blocks.
constexpr int kBlockSize = kCellSize / 2;

// One plane of somebody else's 8-bit picture. stride is in bytes and may be larger than width.
struct PlaneView {
  const uint8_t* data = nullptr;
  ptrdiff_t stride = 0;
  int width = 0;
  int height = 0;
};

// Y, U, V; U and V have (width + 1) / 2 x (height + 1) / 2 samples.
struct PictureView {
  std::array<PlaneView, 3> planes;
  int width() const { return planes[0].width; }
  int height() const { return planes[0].height; }
};

// An owned picture without padding between rows: stride == width of each plane.
class Picture {
 public:
  Picture() = default;
  // All samples take `value`; 128 is the grey that a first picture is predicted from.
  Picture(int width, int height, uint8_t value = 128);

  int width() const { return width_; }
  int height() const { return height_; }
  bool empty() const { return width_ == 0; }
  int plane_width(int plane) const { return plane == 0 ? width_ : (width_ + 1) / 2; }
  int plane_height(int plane) const { return plane == 0 ? height_ : (height_ + 1) / 2; }
  uint8_t* plane(int plane) { return data_.data() + offset(plane); }
  const uint8_t* plane(int plane) const { return data_.data() + offset(plane); }
  const std::vector<uint8_t>& data() const { return data_; }

  PictureView view() const;
  // The same samples, cut to the top left width x height.
  PictureView view(int width, int height) const;

 private:
  size_t offset(int plane) const {
    const size_t luma = static_cast<size_t>(width_) * static_cast<size_t>(height_);
    const size_t chroma = static_cast<size_t>(plane_width(1)) * static_cast<size_t>(plane_height(1));
    return plane == 0 ? 0 : luma + static_cast<size_t>(plane - 1) * chroma;
  }
  int width_ = 0;
  int height_ = 0;
  std::vector<uint8_t> data_;
};

// `size` rounded up to whole cells.
constexpr int padded(int size) { return (size + kCellSize - 1) / kCellSize * kCellSize; }

// A copy of `view` whose sides are whole cells, the last row and column repeated into the margin.
Picture pad_to_cells(const PictureView& view);

}  // namespace crlsc
