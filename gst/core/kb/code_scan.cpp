// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/code_scan.h"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define CRLSC_X86 1
#endif

namespace crlsc {
namespace {

constexpr double kSteps = 254;      // of the widest table; rounding up adds one
constexpr double kRounding = 1e-5;  // of all products together: more than single precision can lose

void add_portable(const uint8_t* blocks, const uint8_t* values, size_t subvectors, size_t count, BlockSums* sums) {
  for (size_t b = 0; b < count; ++b) {
    for (size_t m = 0; m < subvectors; ++m, blocks += kScanBlock) {
      const uint8_t* row = values + m * kScanCodes;
      for (size_t i = 0; i < kScanBlock; ++i) sums[b][i] = static_cast<uint16_t>(sums[b][i] + row[blocks[i]]);
    }
  }
}

uint64_t reaching_portable(const BlockSums& sums, const float* inverse_norms, const CoarseTables& coarse, float bar) {
  uint64_t mask = 0;
  for (size_t i = 0; i < kScanBlock; ++i) {
    const float most = (coarse.base + coarse.step * static_cast<float>(sums[i])) * inverse_norms[i];
    mask |= static_cast<uint64_t>(most >= bar) << i;
  }
  return mask;
}

#ifdef CRLSC_X86

#define CRLSC_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi")))

// Adds what even and what odd codes have, back in the order of codes.
CRLSC_AVX512 void add_to_sums(__m512i even, __m512i odd, BlockSums& sums) {
  alignas(64) static constexpr auto kOrder = [] {
    std::array<uint16_t, kScanBlock> order{};
    for (size_t i = 0; i < kScanBlock; ++i) order[i] = static_cast<uint16_t>(i / 2 + (i % 2) * 32);
    return order;
  }();
  for (size_t half = 0; half < 2; ++half) {
    const __m512i order = _mm512_load_si512(kOrder.data() + 32 * half);
    uint16_t* sum = sums.data() + 32 * half;
    const __m512i more = _mm512_permutex2var_epi16(even, order, odd);
    _mm512_storeu_si512(sum, _mm512_add_epi16(_mm512_loadu_si512(sum), more));
  }
}

// A table of 256 bytes is four registers: two of them are looked into at a time, and the top bit of the index decides.
// The blocks of a group share the loads of tables. The next group is fetched line by line, as the CPU by itself does
// not look far enough ahead in large bases.
template <size_t kBlocks>
CRLSC_AVX512 void add_group_avx512(const uint8_t* blocks, const uint8_t* values, size_t subvectors, BlockSums* sums) {
  const __m512i low_bytes = _mm512_set1_epi16(0x00FF);
  __m512i even[kBlocks];
  __m512i odd[kBlocks];
  for (size_t b = 0; b < kBlocks; ++b) even[b] = odd[b] = _mm512_setzero_si512();
  for (size_t m = 0; m < subvectors; ++m) {
    const uint8_t* row = values + m * kScanCodes;
    const __m512i table0 = _mm512_loadu_si512(row);
    const __m512i table1 = _mm512_loadu_si512(row + 64);
    const __m512i table2 = _mm512_loadu_si512(row + 128);
    const __m512i table3 = _mm512_loadu_si512(row + 192);
    for (size_t b = 0; b < kBlocks; ++b) {
      const uint8_t* line = blocks + (b * subvectors + m) * kScanBlock;
      if (kBlocks > 1) __builtin_prefetch(line + kBlocks * subvectors * kScanBlock);
      const __m512i index = _mm512_loadu_si512(line);
      const __m512i lower = _mm512_permutex2var_epi8(table0, index, table1);
      const __m512i upper = _mm512_permutex2var_epi8(table2, index, table3);
      const __m512i value = _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), lower, upper);
      even[b] = _mm512_add_epi16(even[b], _mm512_and_si512(value, low_bytes));
      odd[b] = _mm512_add_epi16(odd[b], _mm512_srli_epi16(value, 8));
    }
  }
  for (size_t b = 0; b < kBlocks; ++b) add_to_sums(even[b], odd[b], sums[b]);
}

void add_avx512(const uint8_t* blocks, const uint8_t* values, size_t subvectors, size_t count, BlockSums* sums) {
  if (count == kScanGroup) return add_group_avx512<kScanGroup>(blocks, values, subvectors, sums);
  for (size_t b = 0; b < count; ++b) {
    add_group_avx512<1>(blocks + b * subvectors * kScanBlock, values, subvectors, sums + b);
  }
}

CRLSC_AVX512 uint64_t reaching_avx512(const BlockSums& sums, const float* inverse_norms, const CoarseTables& coarse,
                                      float bar) {
  const __m512 base = _mm512_set1_ps(coarse.base);
  const __m512 step = _mm512_set1_ps(coarse.step);
  const __m512 least = _mm512_set1_ps(bar);
  uint64_t mask = 0;
  for (size_t i = 0; i < kScanBlock; i += 16) {
    const __m256i packed = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums.data() + i));
    // Masked, though all lanes are wanted: gcc 12 takes the plain ones for uses of something uninitialised.
    const __m512 sum = _mm512_maskz_cvtepi32_ps(0xFFFF, _mm512_maskz_cvtepu16_epi32(0xFFFF, packed));
    const __m512 most = _mm512_mul_ps(_mm512_fmadd_ps(step, sum, base), _mm512_loadu_ps(inverse_norms + i));
    mask |= static_cast<uint64_t>(_mm512_cmp_ps_mask(most, least, _CMP_GE_OQ)) << i;
  }
  return mask;
}

// A table of 256 bytes is sixteen registers; each look-up gives 0 for indices that belong to another one.
__attribute__((target("avx2"))) __m256i look_up_avx2(const uint8_t* row, __m256i index) {
  const __m256i bias = _mm256_set1_epi8(0x70);
  __m256i value = _mm256_setzero_si256();
  for (int t = 0; t < 16; ++t) {
    const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row) + t));
    // Below 16 if the index is in this row of the table; then bit 7 stays clear.
    const __m256i at = _mm256_adds_epu8(_mm256_xor_si256(index, _mm256_set1_epi8(static_cast<char>(t << 4))), bias);
    value = _mm256_or_si256(value, _mm256_shuffle_epi8(table, at));
  }
  return value;
}

__attribute__((target("avx2"))) void add_avx2(const uint8_t* blocks, const uint8_t* values, size_t subvectors,
                                              size_t count, BlockSums* sums) {
  constexpr size_t kLanes = 32;
  const __m256i low_bytes = _mm256_set1_epi16(0x00FF);
  for (size_t part = 0; part < count * kScanBlock; part += kLanes) {
    const size_t b = part / kScanBlock;
    const uint8_t* indices = blocks + b * subvectors * kScanBlock + part % kScanBlock;
    __m256i even = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();
    for (size_t m = 0; m < subvectors; ++m) {
      const __m256i index = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(indices + m * kScanBlock));
      const __m256i value = look_up_avx2(values + m * kScanCodes, index);
      even = _mm256_add_epi16(even, _mm256_and_si256(value, low_bytes));
      odd = _mm256_add_epi16(odd, _mm256_srli_epi16(value, 8));
    }
    alignas(32) std::array<uint16_t, kLanes> halves;
    _mm256_store_si256(reinterpret_cast<__m256i*>(halves.data()), even);
    _mm256_store_si256(reinterpret_cast<__m256i*>(halves.data()) + 1, odd);
    for (size_t i = 0; i < kLanes; ++i) {
      uint16_t& sum = sums[b][part % kScanBlock + i];
      sum = static_cast<uint16_t>(sum + halves[i / 2 + i % 2 * kLanes / 2]);
    }
  }
}

#endif

}  // namespace

CoarseTables coarsen(const ProductTables& tables, size_t subvectors) {
  const size_t codes = tables.products.size() / subvectors;
  std::vector<double> least(subvectors);
  double widest = 0;
  double base = tables.offset;
  double magnitude = std::fabs(tables.offset);
  for (size_t m = 0; m < subvectors; ++m) {
    const auto row = tables.products.begin() + static_cast<ptrdiff_t>(m * codes);
    const auto [low, high] = std::minmax_element(row, row + static_cast<ptrdiff_t>(codes));
    least[m] = *low;
    widest = std::max(widest, double{*high} - *low);
    base += *low;
    magnitude += std::max(std::fabs(*low), std::fabs(*high));
  }
  CoarseTables coarse;
  coarse.values.resize(subvectors * kScanCodes);
  coarse.base = static_cast<float>(base + kRounding * magnitude);
  if (widest == 0) return coarse;
  const double step = widest / kSteps;
  coarse.step = static_cast<float>(step);
  const double scale = 1 / step;
  for (size_t m = 0; m < subvectors; ++m) {
    for (size_t j = 0; j < codes; ++j) {
      const double steps = (tables.products[m * codes + j] - least[m]) * scale;
      coarse.values[m * kScanCodes + j] = static_cast<uint8_t>(static_cast<int>(steps) + 1);
    }
  }
  return coarse;
}

const std::vector<BlockScanner>& block_scanners() {
  static const std::vector<BlockScanner> scanners = [] {
    std::vector<BlockScanner> found;
#ifdef CRLSC_X86
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi")) {
      found.push_back({"AVX-512", add_avx512, reaching_avx512});
    }
    if (__builtin_cpu_supports("avx2")) found.push_back({"AVX2", add_avx2, reaching_portable});
#endif
    found.push_back({"portable", add_portable, reaching_portable});
    return found;
  }();
  return scanners;
}

}  // namespace crlsc
