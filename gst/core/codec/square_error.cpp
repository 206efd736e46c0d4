// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/square_error.h"

#if defined(__SSE2__)
#include <emmintrin.h>

#include <cstring>
#endif

namespace crlsc {
namespace {

#if defined(__SSE2__)

// Of eight samples each, the lower halves of `a` and `b`: four sums of two.
__m128i eight(__m128i a, __m128i b) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i d = _mm_sub_epi16(_mm_unpacklo_epi8(a, zero), _mm_unpacklo_epi8(b, zero));
  return _mm_madd_epi16(d, d);
}

__m128i upper_eight(__m128i a, __m128i b) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i d = _mm_sub_epi16(_mm_unpackhi_epi8(a, zero), _mm_unpackhi_epi8(b, zero));
  return _mm_madd_epi16(d, d);
}

__m128i load16(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
__m128i load8(const uint8_t* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
__m128i load4(const uint8_t* p) {
  int four;
  std::memcpy(&four, p, sizeof(four));
  return _mm_cvtsi32_si128(four);
}

uint32_t total(__m128i four) {
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(1, 0, 3, 2)));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1)));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(four));
}

template <int kWidth>
uint32_t sum_of(const uint8_t* a, ptrdiff_t a_stride, const uint8_t* b, ptrdiff_t b_stride, int lines) {
  __m128i sum = _mm_setzero_si128();
  for (int r = 0; r < lines; ++r, a += a_stride, b += b_stride) {
    if constexpr (kWidth == 16) {
      const __m128i va = load16(a);
      const __m128i vb = load16(b);
      sum = _mm_add_epi32(sum, _mm_add_epi32(eight(va, vb), upper_eight(va, vb)));
    } else if constexpr (kWidth == 8) {
      sum = _mm_add_epi32(sum, eight(load8(a), load8(b)));
    } else {
      sum = _mm_add_epi32(sum, eight(load4(a), load4(b)));
    }
  }
  return total(sum);
}

#else

template <int kWidth>
uint32_t sum_of(const uint8_t* a, ptrdiff_t a_stride, const uint8_t* b, ptrdiff_t b_stride, int lines) {
  int sum = 0;
  for (int r = 0; r < lines; ++r, a += a_stride, b += b_stride) {
    for (int c = 0; c < kWidth; ++c) {
      const auto d = static_cast<int16_t>(a[c] - b[c]);  // 16 bits: compilers have instructions for this sum
      sum += d * d;
    }
  }
  return static_cast<uint32_t>(sum);
}

#endif

uint32_t plane_error(const Picture& a, const Picture& b, int plane, int x, int y, int side) {
  const ptrdiff_t stride = a.plane_width(plane);
  const ptrdiff_t at = stride * y + x;
  return square_sum(a.plane(plane) + at, stride, b.plane(plane) + at, stride, side, side);
}

}  // namespace

uint32_t square_sum(const uint8_t* a, ptrdiff_t a_stride, const uint8_t* b, ptrdiff_t b_stride, int width, int lines) {
  switch (width) {
    case 16:
      return sum_of<16>(a, a_stride, b, b_stride, lines);
    case 8:
      return sum_of<8>(a, a_stride, b, b_stride, lines);
    default:
      return sum_of<4>(a, a_stride, b, b_stride, lines);
  }
}

void add_half_square_sums(const uint8_t* a, ptrdiff_t a_stride, const uint8_t* b, ptrdiff_t b_stride, int lines,
                          uint32_t* sums) {
#if defined(__SSE2__)
  __m128i left = _mm_setzero_si128();
  __m128i right = _mm_setzero_si128();
  for (int r = 0; r < lines; ++r, a += a_stride, b += b_stride) {
    const __m128i va = load16(a);
    const __m128i vb = load16(b);
    left = _mm_add_epi32(left, eight(va, vb));
    right = _mm_add_epi32(right, upper_eight(va, vb));
  }
  sums[0] += total(left);
  sums[1] += total(right);
#else
  sums[0] += sum_of<8>(a, a_stride, b, b_stride, lines);
  sums[1] += sum_of<8>(a + 8, a_stride, b + 8, b_stride, lines);
#endif
}

uint32_t luma_error(const Picture& a, const Picture& b, int x, int y, int side) {
  return plane_error(a, b, 0, x, y, side);
}

uint32_t chroma_error(const Picture& a, const Picture& b, int x, int y, int side) {
  return plane_error(a, b, 1, x / 2, y / 2, side / 2) + plane_error(a, b, 2, x / 2, y / 2, side / 2);
}

uint32_t square_error(const Picture& a, const Picture& b, int x, int y, int side) {
  return luma_error(a, b, x, y, side) + (chroma_error(a, b, x, y, side) >> kChromaShift);
}

uint32_t cell_error(const Picture& a, const Picture& b, int column, int row) {
  return square_error(a, b, column * kCellSize, row * kCellSize, kCellSize);
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

}  // namespace crlsc
