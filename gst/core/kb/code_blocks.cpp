// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/code_blocks.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace crlsc {
namespace {

// The most that values of the sub-vectors from `first` on can add.
int most_from(const CoarseTables& coarse, size_t first) {
  int most = 0;
  for (auto row = coarse.values.begin() + static_cast<ptrdiff_t>(first * kScanCodes); row != coarse.values.end();
       row += kScanCodes) {
    most += *std::max_element(row, row + kScanCodes);
  }
  return most;
}

// Numbers of `keys` in ascending order of these, otherwise as they were.
template <typename Key>
std::vector<uint32_t> sorted_numbers(size_t count, Key key) {
  std::array<uint32_t, 257> begin{};
  for (size_t i = 0; i < count; ++i) ++begin[key(i) + 1U];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<uint32_t> numbers(count);
  for (size_t i = 0; i < count; ++i) numbers[begin[key(i)]++] = static_cast<uint32_t>(i);
  return numbers;
}

}  // namespace

CodeBlocks::CodeBlocks(size_t subvectors)
    : subvectors_(subvectors), front_{(subvectors + 1) / 2, {}}, back_{subvectors / 2, {}} {}

void CodeBlocks::reserve(size_t codes) {
  const size_t rounded = (codes + kScanBlock - 1) / kScanBlock * kScanBlock;
  front_.bytes.reserve(rounded * front_.rows);
  back_.bytes.reserve(rounded * back_.rows);
  inverse_norms_.reserve(rounded);
}

void CodeBlocks::append(const uint8_t* indices, float inverse_norm) {
  if (size_ % kScanBlock == 0) {
    front_.bytes.resize(front_.bytes.size() + kScanBlock * front_.rows);
    back_.bytes.resize(back_.bytes.size() + kScanBlock * back_.rows);
    inverse_norms_.resize(inverse_norms_.size() + kScanBlock);
  }
  for (size_t m = 0; m < front_.rows; ++m) front_.bytes[front_.at(size_, m)] = indices[m];
  for (size_t m = 0; m < back_.rows; ++m) back_.bytes[back_.at(size_, m)] = indices[front_.rows + m];
  inverse_norms_[size_++] = inverse_norm;
}

void CodeBlocks::arrange() {
  codes_ = sorted_numbers(size_, [this](size_t code) { return front_.bytes[front_.at(code, 0)]; });
  places_.resize(size_);
  for (size_t p = 0; p < size_; ++p) places_[codes_[p]] = static_cast<uint32_t>(p);
  for (Part* part : {&front_, &back_}) {
    HugeBytes arranged(part->bytes.size());
    // Row by row: what is written to then fits the caches.
    for (size_t m = 0; m < part->rows; ++m) {
      for (size_t code = 0; code < size_; ++code) arranged[part->at(places_[code], m)] = part->bytes[part->at(code, m)];
    }
    part->bytes = std::move(arranged);
  }
  std::vector<float, HugePages<float>> norms(inverse_norms_.size());
  for (size_t p = 0; p < size_; ++p) norms[p] = inverse_norms_[codes_[p]];
  inverse_norms_ = std::move(norms);
}

void CodeBlocks::indices_at(size_t place, uint8_t* out) const {
  for (size_t m = 0; m < front_.rows; ++m) out[m] = front_.bytes[front_.at(place, m)];
  for (size_t m = 0; m < back_.rows; ++m) out[front_.rows + m] = back_.bytes[back_.at(place, m)];
}

std::vector<uint32_t> CodeBlocks::groups(const CoarseTables& coarse) const {
  constexpr size_t kCodes = kScanGroup * kScanBlock;
  const size_t count = (size_ + kCodes - 1) / kCodes;
  const auto first_value = [&](size_t group) { return coarse.values[front_.bytes[front_.at(group * kCodes, 0)]]; };
  std::vector<uint32_t> order = sorted_numbers(count, [&](size_t group) { return UINT8_MAX - first_value(group); });
  for (uint32_t& group : order) group *= kScanGroup;
  return order;
}

void CodeBlocks::scan(const CoarseTables& coarse, float bar, const std::function<float(const Found&)>& visit) const {
  const BlockScanner& scanner = block_scanners().front();
  CoarseTables hopeful = coarse;  // as if the second half of each code were the best there is
  hopeful.base += coarse.step * static_cast<float>(most_from(coarse, front_.rows));
  const uint8_t* back_values = coarse.values.data() + front_.rows * kScanCodes;
  const size_t blocks = inverse_norms_.size() / kScanBlock;
  std::array<BlockSums, kScanGroup> sums;
  std::array<uint8_t, kScanCodes> indices;
  for (const size_t group : groups(coarse)) {
    const size_t count = std::min(kScanGroup, blocks - group);
    sums.fill({});
    scanner.add(&front_.bytes[front_.at(group * kScanBlock, 0)], coarse.values.data(), front_.rows, count, sums.data());
    bool hope = false;
    for (size_t b = 0; b < count && !hope; ++b) {
      hope = scanner.reaching(sums[b], &inverse_norms_[(group + b) * kScanBlock], hopeful, bar) != 0;
    }
    if (!hope) continue;
    scanner.add(back_.bytes.data() + back_.at(group * kScanBlock, 0), back_values, back_.rows, count, sums.data());
    for (size_t b = 0; b < count; ++b) {
      const size_t begin = (group + b) * kScanBlock;
      uint64_t reaching = scanner.reaching(sums[b], &inverse_norms_[begin], coarse, bar);
      for (; reaching != 0; reaching &= reaching - 1) {
        const size_t place = begin + static_cast<size_t>(__builtin_ctzll(reaching));
        if (place >= size_) break;
        indices_at(place, indices.data());
        bar = visit({codes_.empty() ? place : codes_[place], indices.data(), inverse_norms_[place]});
      }
    }
  }
}

}  // namespace crlsc
