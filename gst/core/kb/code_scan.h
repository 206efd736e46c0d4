// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks through many codes at once, in 8-bit integers: what cannot be among the best is told without adding up its
// products. Only the rest is computed exactly, so that results do not depend on the CPU. After the table look-ups in
// registers of Andre, Kermarrec, Le Scouarnec: Cache locality is not enough: High-Performance Nearest Neighbor Search
// with Product Quantization Fast Scan, VLDB 2015.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/kb/product_quantiser.h"

namespace crlsc {

// Codes lie in blocks of this many: index m of code i at [m x kScanBlock + i].
constexpr size_t kScanBlock = 64;
constexpr size_t kScanGroup = 4;    // blocks that are looked through at once
constexpr size_t kScanCodes = 256;  // rows of a coarse table, however many indices are in use

// Products rounded up to steps: offset + products of a code <= base + step x (sum of its values).
struct CoarseTables {
  std::vector<uint8_t> values;  // M x kScanCodes
  float base = 0.0F;
  float step = 0.0F;
};
CoarseTables coarsen(const ProductTables& tables, size_t subvectors);

using BlockSums = std::array<uint16_t, kScanBlock>;

// Ways to look through blocks. All of them give the same sums, and sums of a code's parts may be added up.
struct BlockScanner {
  const char* name;
  // Of 1 to kScanGroup blocks, one behind the other:
  // sums[i] += sum over m of values[m x kScanCodes + index m of code i]; at most 256 x 255.
  void (*add)(const uint8_t* blocks, const uint8_t* values, size_t subvectors, size_t count, BlockSums* sums);
  // Bit i: (base + step x sums[i]) x inverse_norms[i] >= bar, up to rounding.
  uint64_t (*reaching)(const BlockSums& sums, const float* inverse_norms, const CoarseTables& coarse, float bar);
};

// Those that this CPU can run, the fastest first. Never empty.
const std::vector<BlockScanner>& block_scanners();

}  // namespace crlsc
