// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/prediction.h"

#include <algorithm>
#include <cstring>

namespace crlsc {
namespace {

// A square of a reference plane with its border repeated outwards, so that filters need no checks.
template <int kMaxSide>
struct Window {
  std::array<uint8_t, kMaxSide * kMaxSide> samples;
  const uint8_t* row(int y) const { return samples.data() + y * kMaxSide; }

  void fetch(const uint8_t* plane, int width, int height, int x0, int y0, int side) {
    const bool inside = x0 >= 0 && y0 >= 0 && x0 + side <= width && y0 + side <= height;
    for (int y = 0; y < side; ++y) {
      const uint8_t* src = plane + static_cast<ptrdiff_t>(width) * std::clamp(y0 + y, 0, height - 1);
      uint8_t* dst = samples.data() + y * kMaxSide;
      if (inside) {
        std::memcpy(dst, src + x0, static_cast<size_t>(side));
        continue;
      }
      for (int x = 0; x < side; ++x) dst[x] = src[std::clamp(x0 + x, 0, width - 1)];
    }
  }
};

constexpr int kLumaTaps = 6;
constexpr int kLumaMargin = 2;  // samples before the block that the filter reads

int six_tap(int a, int b, int c, int d, int e, int f) { return a - 5 * b + 20 * c + 20 * d - 5 * e + f; }

uint8_t clip(int v) { return static_cast<uint8_t>(std::clamp(v, 0, 255)); }

template <int kSize>
void interpolate_luma(const Picture& ref, int x, int y, bool half_x, bool half_y, uint8_t* out, ptrdiff_t stride) {
  constexpr int kSide = kSize + kLumaTaps - 1;
  Window<kSide> in;
  in.fetch(ref.plane(0), ref.width(), ref.height(), x - kLumaMargin, y - kLumaMargin, kSide);
  // Rows first, kept at 16 bits; a full-sample column passes through scaled alike.
  std::array<int16_t, kSide * kSize> mid;
  for (int r = 0; r < kSide; ++r) {
    const uint8_t* s = in.row(r);
    int16_t* m = mid.data() + r * kSize;
    for (int c = 0; c < kSize; ++c, ++s) {
      m[c] = static_cast<int16_t>(half_x ? six_tap(s[0], s[1], s[2], s[3], s[4], s[5]) : s[kLumaMargin] * 32);
    }
  }
  for (int r = 0; r < kSize; ++r) {
    for (int c = 0; c < kSize; ++c) {
      const int16_t* m = mid.data() + r * kSize + c;
      const int v = half_y ? six_tap(m[0], m[kSize], m[2 * kSize], m[3 * kSize], m[4 * kSize], m[5 * kSize])
                           : m[kLumaMargin * kSize] * 32;
      out[r * stride + c] = clip((v + 512) >> 10);
    }
  }
}

template <int kSize>
void interpolate_chroma(const Picture& ref, int plane, int x4, int y4, uint8_t* out, ptrdiff_t stride) {
  Window<kSize + 1> in;
  in.fetch(ref.plane(plane), ref.plane_width(plane), ref.plane_height(plane), x4 >> 2, y4 >> 2, kSize + 1);
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

template <int kSide>
void interpolate(const Picture& ref, MotionVector mv, int x, int y, Picture& out) {
  interpolate_luma<kSide>(ref, x + (mv.dx >> 1), y + (mv.dy >> 1), (mv.dx & 1) != 0, (mv.dy & 1) != 0,
                          out.plane(0) + static_cast<ptrdiff_t>(out.width()) * y + x, out.width());
  for (int p = 1; p < 3; ++p) {
    // Half luma samples are quarter chroma samples.
    interpolate_chroma<kSide / 2>(ref, p, x * 2 + mv.dx, y * 2 + mv.dy,
                                  out.plane(p) + static_cast<ptrdiff_t>(out.plane_width(p)) * (y / 2) + x / 2,
                                  out.plane_width(p));
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

void predict_block(const Picture& reference, MotionVector mv, int x, int y, int side, Picture& out) {
  if (side == kCellSize) {
    interpolate<kCellSize>(reference, mv, x, y, out);
  } else {
    interpolate<kBlockSize>(reference, mv, x, y, out);
  }
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

namespace {

// Of a square of `side` samples of a plane.
uint32_t plane_error(const Picture& a, const Picture& b, int plane, int x, int y, int side) {
  int sum = 0;
  for (int r = 0; r < side; ++r) {
    const ptrdiff_t at = static_cast<ptrdiff_t>(a.plane_width(plane)) * (y + r) + x;
    const uint8_t* pa = a.plane(plane) + at;
    const uint8_t* pb = b.plane(plane) + at;
    for (int c = 0; c < side; ++c) {
      const auto d = static_cast<int16_t>(pa[c] - pb[c]);  // 16 bits: compilers have instructions for this sum
      sum += d * d;
    }
  }
  return static_cast<uint32_t>(sum);
}

uint32_t chroma_square_error(const Picture& a, const Picture& b, int x, int y, int side) {
  return plane_error(a, b, 1, x / 2, y / 2, side / 2) + plane_error(a, b, 2, x / 2, y / 2, side / 2);
}

}  // namespace

uint32_t chroma_error(const Picture& a, const Picture& b, int column, int row) {
  return chroma_square_error(a, b, column * kCellSize, row * kCellSize, kCellSize);
}

uint32_t square_error(const Picture& a, const Picture& b, int x, int y, int side) {
  return plane_error(a, b, 0, x, y, side) + (chroma_square_error(a, b, x, y, side) >> kChromaShift);
}

uint32_t cell_deviation(const Picture& picture, int column, int row) {
  uint32_t sum = 0;
  for (int plane = 0; plane < 3; ++plane) {
    const int side = plane == 0 ? kCellSize : kCellSize / 2;
    uint32_t samples = 0;
    uint32_t squares = 0;
    for (int r = 0; r < side; ++r) {
      const uint8_t* p =
          picture.plane(plane) + static_cast<ptrdiff_t>(picture.plane_width(plane)) * (row * side + r) + column * side;
      for (int c = 0; c < side; ++c) {
        samples += p[c];
        squares += uint32_t{p[c]} * p[c];
      }
    }
    const auto count = static_cast<uint32_t>(side * side);
    const auto about_mean = squares - static_cast<uint32_t>(uint64_t{samples} * samples / count);
    sum += plane == 0 ? about_mean : about_mean >> kChromaShift;
  }
  return sum;
}

uint32_t cell_error(const Picture& a, const Picture& b, int column, int row) {
  return square_error(a, b, column * kCellSize, row * kCellSize, kCellSize);
}

}  // namespace crlsc
