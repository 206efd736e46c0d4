// SPDX-License-Identifier: LGPL-2.1-or-later
// Compiled several times, as CRLSC_KERNELS: no function here may have a name that others see, as theirs may be for
// another CPU.
#include "neural/winograd_kernels.h"

namespace crlsc::neural {
namespace {

constexpr int kSide = kWinogradSide;
constexpr int kTile = kWinogradTile;

// Numbers in a register, and how many rows and blocks of channels have room for their sums in all registers.
#if defined(__AVX512F__)
constexpr ptrdiff_t kLanes = 16;
constexpr int kRows = 8;
constexpr int kMostBlocks = 2;
#elif defined(__AVX2__)
constexpr ptrdiff_t kLanes = 8;
constexpr int kRows = 4;
constexpr int kMostBlocks = 1;
#else
constexpr ptrdiff_t kLanes = 4;
constexpr int kRows = 4;
constexpr int kMostBlocks = 1;
#endif
constexpr int kParts = kWinogradLanes / kLanes;  // of a block

// Channels side by side.
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

inline Lanes& lanes_at(float* p) { return *reinterpret_cast<Lanes*>(p); }
inline const Lanes& lanes_at(const float* p) { return *reinterpret_cast<const Lanes*>(p); }

// Channels in blocks of kLanes, the last of which may overlap with the one before.
ptrdiff_t block_begin(ptrdiff_t next, ptrdiff_t channels) {
  return next < channels - kLanes ? next : channels - kLanes;
}

// B^T d of six values that lie `step` apart.
inline void input_line(Lanes* p, int step) {
  const Lanes d0 = p[0], d1 = p[step], d2 = p[2 * step], d3 = p[3 * step], d4 = p[4 * step], d5 = p[5 * step];
  const Lanes even = d4 - 4 * d2, odd = d3 - 4 * d1, other_even = d4 - d2, other_odd = 2 * (d3 - d1);
  p[0] = 4 * d0 - 5 * d2 + d4;
  p[step] = even + odd;
  p[2 * step] = even - odd;
  p[3 * step] = other_even + other_odd;
  p[4 * step] = other_even - other_odd;
  p[5 * step] = 4 * d1 - 5 * d3 + d5;
}

// A^T m of six values that lie `step` apart; leaves four.
inline void output_line(Lanes* p, int step) {
  const Lanes sum1 = p[step] + p[2 * step], difference1 = p[step] - p[2 * step];
  const Lanes sum2 = p[3 * step] + p[4 * step], difference2 = p[3 * step] - p[4 * step];
  p[0] = p[0] + sum1 + sum2;
  p[step] = difference1 + 2 * difference2;
  p[2 * step] = sum1 + 4 * sum2;
  p[3 * step] = difference1 + 8 * difference2 + p[5 * step];
}

void transform_input(const float* map, const WinogradTile& tile, float* to, ptrdiff_t distance) {
  Lanes d[kWinogradPoints];
  for (ptrdiff_t next = 0; next < tile.channels; next += kLanes) {
    const ptrdiff_t c = block_begin(next, tile.channels);
    for (int i = 0; i < kWinogradPoints; ++i) {
      const ptrdiff_t y = tile.y + i / kSide - 1;
      const ptrdiff_t x = tile.x + i % kSide - 1;
      const bool inside = y >= 0 && y < tile.height && x >= 0 && x < tile.width;
      d[i] = inside ? lanes_at(map + (y * tile.width + x) * tile.channels + c) : Lanes{};
    }
    for (int i = 0; i < kSide; ++i) input_line(d + i, kSide);
    for (int i = 0; i < kSide; ++i) input_line(d + i * kSide, 1);
    for (int i = 0; i < kWinogradPoints; ++i) lanes_at(to + i * distance + c) = d[i];
  }
}

// The products of kRows rows with `kBlocks` blocks of filters.
template <int kBlocks>
inline void multiply_blocks(const float* rows, ptrdiff_t in, const float* filters, float* products, ptrdiff_t out) {
  Lanes sums[kRows][kBlocks * kParts] = {};
  for (ptrdiff_t i = 0; i < in; ++i) {
#pragma GCC unroll 4
    for (int part = 0; part < kBlocks * kParts; ++part) {
      const ptrdiff_t block = part / kParts;
      const Lanes filter = lanes_at(filters + (block * in + i) * kWinogradLanes + part % kParts * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) sums[r][part] += rows[r * in + i] * filter;
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int part = 0; part < kBlocks * kParts; ++part) lanes_at(products + r * out + part * kLanes) = sums[r][part];
  }
}

void multiply(const float* rows, ptrdiff_t in, const float* filters, ptrdiff_t blocks, float* products) {
  const ptrdiff_t out = blocks * kWinogradLanes;
  for (int first = 0; first < kWinogradRows; first += kRows) {
    const float* row = rows + first * in;
    float* product = products + first * out;
    ptrdiff_t block = 0;
    for (; block + kMostBlocks <= blocks; block += kMostBlocks) {
      multiply_blocks<kMostBlocks>(row, in, filters + block * in * kWinogradLanes, product + block * kWinogradLanes,
                                   out);
    }
    for (; block < blocks; ++block) {
      multiply_blocks<1>(row, in, filters + block * in * kWinogradLanes, product + block * kWinogradLanes, out);
    }
  }
}

void transform_output(const float* from, ptrdiff_t distance, const WinogradTile& tile, const WinogradFinish& finish,
                      float* map) {
  Lanes m[kWinogradPoints];
  for (ptrdiff_t next = 0; next < tile.channels; next += kLanes) {
    const ptrdiff_t c = block_begin(next, tile.channels);
    for (int i = 0; i < kWinogradPoints; ++i) m[i] = lanes_at(from + i * distance + c);
    for (int i = 0; i < kSide; ++i) output_line(m + i, kSide);
    for (int i = 0; i < kTile; ++i) output_line(m + i * kSide, 1);
    const Lanes bias = lanes_at(finish.bias + c);
    for (int y = 0; y < kTile && tile.y + y < tile.height; ++y) {
      for (int x = 0; x < kTile && tile.x + x < tile.width; ++x) {
        const ptrdiff_t place = ((tile.y + y) * tile.width + tile.x + x) * tile.channels + c;
        Lanes value = m[y * kSide + x] + bias;
        value = value < 0 ? value * finish.slope : value;
        if (finish.added != nullptr) value += lanes_at(finish.added + place);
        lanes_at(map + place) = value;
      }
    }
  }
}

}  // namespace

const WinogradKernels CRLSC_KERNELS = {transform_input, multiply, transform_output};

}  // namespace crlsc::neural
