// SPDX-License-Identifier: LGPL-2.1-or-later
// The inner loops of winograd.h, compiled once for each instruction set.
#pragma once

#include <cstddef>

namespace crlsc::neural {

constexpr int kWinogradTile = 4;  // places of the result, down and along
constexpr int kWinogradSide = 6;  // places that they are made of
constexpr int kWinogradPoints = kWinogradSide * kWinogradSide;
constexpr int kWinogradLanes = 16;  // channels that lie beside each other in filters; no map has fewer
constexpr int kWinogradRows = 8;    // products are made for so many tiles at a time

// Where a tile lies in a map of height x width places of `channels` numbers each.
struct WinogradTile {
  ptrdiff_t y, x;
  ptrdiff_t height, width, channels;
};

// What comes behind a convolution.
struct WinogradFinish {
  const float* bias;   // of each channel
  float slope;         // of negative values
  const float* added;  // a map to be added at the end, or null
};

struct WinogradKernels {
  // The points of a tile of `map`: point p of channel c goes to to[p * distance + c].
  void (*transform_input)(const float* map, const WinogradTile& tile, float* to, ptrdiff_t distance);
  // For kWinogradRows rows of `in` numbers their products with filters[blocks][in][kWinogradLanes]: as many rows of
  // blocks * kWinogradLanes numbers.
  void (*multiply)(const float* rows, ptrdiff_t in, const float* filters, ptrdiff_t blocks, float* products);
  // The other way round: from[p * distance + c] is point p of channel c of what goes to a tile of `map`.
  void (*transform_output)(const float* from, ptrdiff_t distance, const WinogradTile& tile,
                           const WinogradFinish& finish, float* map);
};

extern const WinogradKernels kWinogradBaseline;
#ifdef CRLSC_X86_KERNELS
extern const WinogradKernels kWinogradAvx2;
extern const WinogradKernels kWinogradAvx512;
#endif

}  // namespace crlsc::neural
