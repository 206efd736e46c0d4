// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/prediction.h"

#include <algorithm>
#include <cstring>

namespace crlsc {
namespace {

// A square of a reference plane with its border repeated outwards, so that filters need no checks.
template <int kSide>
struct Window {
  std::array<uint8_t, kSide * kSide> samples;
  const uint8_t* row(int y) const { return samples.data() + y * kSide; }

  void fetch(const uint8_t* plane, int width, int height, int x0, int y0) {
    const bool inside = x0 >= 0 && y0 >= 0 && x0 + kSide <= width && y0 + kSide <= height;
    for (int y = 0; y < kSide; ++y) {
      const uint8_t* src = plane + static_cast<ptrdiff_t>(width) * std::clamp(y0 + y, 0, height - 1);
      uint8_t* dst = samples.data() + y * kSide;
      if (inside) {
        std::memcpy(dst, src + x0, kSide);
        continue;
      }
      for (int x = 0; x < kSide; ++x) dst[x] = src[std::clamp(x0 + x, 0, width - 1)];
    }
  }
};

constexpr int kLumaTaps = 6;
constexpr int kLumaMargin = 2;  // samples before the block that the filter reads

int six_tap(int a, int b, int c, int d, int e, int f) { return a - 5 * b + 20 * c + 20 * d - 5 * e + f; }

uint8_t clip(int v) { return static_cast<uint8_t>(std::clamp(v, 0, 255)); }

// Filters along lines (`step` 1) or columns (`step` the window's stride); `in` is where the first sample lies.
template <int kSize>
void filter(const uint8_t* in, ptrdiff_t step, uint8_t* out, ptrdiff_t stride) {
  constexpr ptrdiff_t kStride = kSize + kLumaTaps - 1;
  for (int r = 0; r < kSize; ++r, in += kStride, out += stride) {
    for (int c = 0; c < kSize; ++c) {
      const uint8_t* s = in + c;
      out[c] = clip((six_tap(s[-2 * step], s[-step], s[0], s[step], s[2 * step], s[3 * step]) + 16) >> 5);
    }
  }
}

// Lines first, kept at 16 bits, then columns.
template <int kSize>
void filter_both(const uint8_t* in, uint8_t* out, ptrdiff_t stride) {
  constexpr int kStride = kSize + kLumaTaps - 1;
  std::array<int16_t, kStride * kSize> mid;
  in -= kLumaMargin * kStride;
  for (int r = 0; r < kStride; ++r, in += kStride) {
    int16_t* m = mid.data() + r * kSize;
    for (int c = 0; c < kSize; ++c) {
      const uint8_t* s = in + c;
      m[c] = static_cast<int16_t>(six_tap(s[-2], s[-1], s[0], s[1], s[2], s[3]));
    }
  }
  for (int r = 0; r < kSize; ++r) {
    for (int c = 0; c < kSize; ++c) {
      const int16_t* m = mid.data() + r * kSize + c;
      const int v = six_tap(m[0], m[kSize], m[2 * kSize], m[3 * kSize], m[4 * kSize], m[5 * kSize]);
      out[r * stride + c] = clip((v + 512) >> 10);
    }
  }
}

template <int kSize>
void interpolate_luma(const Picture& ref, MotionVector mv, int x, int y, Picture& out) {
  constexpr int kSide = kSize + kLumaTaps - 1;
  Window<kSide> in;
  in.fetch(ref.plane(0), ref.width(), ref.height(), x + (mv.dx >> 1) - kLumaMargin, y + (mv.dy >> 1) - kLumaMargin);
  const uint8_t* first = in.row(kLumaMargin) + kLumaMargin;
  const ptrdiff_t stride = out.width();
  uint8_t* to = out.plane(0) + stride * y + x;
  const bool half_x = (mv.dx & 1) != 0;
  const bool half_y = (mv.dy & 1) != 0;
  if (half_x && half_y) return filter_both<kSize>(first, to, stride);
  if (half_x || half_y) return filter<kSize>(first, half_x ? 1 : kSide, to, stride);
  for (int r = 0; r < kSize; ++r) std::memcpy(to + r * stride, first + r * kSide, kSize);
}

template <int kSize>
void interpolate_chroma(const Picture& ref, int plane, int x4, int y4, uint8_t* out, ptrdiff_t stride) {
  Window<kSize + 1> in;
  in.fetch(ref.plane(plane), ref.plane_width(plane), ref.plane_height(plane), x4 >> 2, y4 >> 2);
  const int fx = x4 & 3;
  const int fy = y4 & 3;
  for (int r = 0; r < kSize; ++r) {
    const uint8_t* a = in.row(r);
    const uint8_t* b = in.row(r + 1);
    for (int c = 0; c < kSize; ++c) {
      const int top = a[c] * (4 - fx) + a[c + 1] * fx;
      const int bottom = b[c] * (4 - fx) + b[c + 1] * fx;
      out[r * stride + c] = static_cast<uint8_t>((top * (4 - fy) + bottom * fy + 8) >> 4);
    }
  }
}

void fill_grey(int column, int row, Picture& out) {
  for (int p = 0; p < 3; ++p) {
    const int side = p == 0 ? kCellSize : kCellSize / 2;
    for (int r = 0; r < side; ++r) {
      uint8_t* dst = out.plane(p) + static_cast<ptrdiff_t>(out.plane_width(p)) * (row * side + r) + column * side;
      std::memset(dst, 128, static_cast<size_t>(side));
    }
  }
}

const Picture* referenced(const ReferencePictures& references, Reference reference) {
  if (reference == Reference::kPrevious) return references.previous;
  if (reference == Reference::kGrey) return nullptr;
  const int j = static_cast<int>(reference) - static_cast<int>(Reference::kKnowledge0);
  return j < kMaxKnowledge ? references.knowledge[static_cast<size_t>(j)] : nullptr;
}

}  // namespace

void copy_cell(const Picture& from, Picture& to, int column, int row) {
  for (int p = 0; p < 3; ++p) {
    const int side = p == 0 ? kCellSize : kCellSize / 2;
    for (int r = 0; r < side; ++r) {
      const ptrdiff_t at = static_cast<ptrdiff_t>(to.plane_width(p)) * (row * side + r) + column * side;
      std::memcpy(to.plane(p) + at, from.plane(p) + at, static_cast<size_t>(side));
    }
  }
}

void predict_luma(const Picture& reference, MotionVector mv, int x, int y, int side, Picture& out) {
  (side == kCellSize ? interpolate_luma<kCellSize> : interpolate_luma<kBlockSize>)(reference, mv, x, y, out);
}

void predict_chroma(const Picture& reference, MotionVector mv, int x, int y, int side, Picture& out) {
  const auto interpolate = side == kCellSize ? interpolate_chroma<kCellSize / 2> : interpolate_chroma<kBlockSize / 2>;
  for (int p = 1; p < 3; ++p) {
    const ptrdiff_t stride = out.plane_width(p);
    // Half luma samples are quarter chroma samples.
    interpolate(reference, p, x * 2 + mv.dx, y * 2 + mv.dy, out.plane(p) + stride * (y / 2) + x / 2, stride);
  }
}

void predict_block(const Picture& reference, MotionVector mv, int x, int y, int side, Picture& out) {
  predict_luma(reference, mv, x, y, side, out);
  predict_chroma(reference, mv, x, y, side, out);
}

void predict_cell(const ReferencePictures& references, const Cell& cell, int column, int row, Picture& out) {
  const Picture* ref = referenced(references, cell.reference);
  if (ref == nullptr) {
    fill_grey(column, row, out);
    return;
  }
  if (cell.reference != Reference::kPrevious || cell.motion == CellMotion()) {
    copy_cell(*ref, out, column, row);
    return;
  }
  const int x = column * kCellSize;
  const int y = row * kCellSize;
  if (!cell.motion.split()) {
    predict_block(*ref, cell.motion[0], x, y, kCellSize, out);
    return;
  }
  for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
    predict_block(*ref, cell.motion[b], x + static_cast<int>(b % 2) * kBlockSize,
                  y + static_cast<int>(b / 2) * kBlockSize, kBlockSize, out);
  }
}

void predict(const ReferencePictures& references, const TokenGrid& grid, Picture& out) {
  for (int row = 0; row < grid.rows(); ++row) {
    for (int column = 0; column < grid.cols(); ++column) {
      predict_cell(references, grid.cells[static_cast<size_t>(row) * grid.cols() + column], column, row, out);
    }
  }
}

}  // namespace crlsc
