// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/entry_block.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/kb/code_scan.h"
#include "core/kb/sq8.h"

namespace crlsc {
namespace {

constexpr uint32_t kNoVector = UINT32_MAX;

// Four sums at a time, since one would wait for itself at each addition; always in the same order, so that the same
// codes and tables give the same similarity.
float sum_products(const ProductTables& tables, const uint8_t* indices, size_t subvectors) {
  const size_t codes = tables.products.size() / subvectors;
  const float* products = tables.products.data();
  const auto at = [indices](size_t m) { return indices[m * kScanBlock]; };
  float sum[4] = {};
  size_t m = 0;
  for (; m + 4 <= subvectors; m += 4, products += 4 * codes) {
    sum[0] += products[at(m)];
    sum[1] += products[codes + at(m + 1)];
    sum[2] += products[2 * codes + at(m + 2)];
    sum[3] += products[3 * codes + at(m + 3)];
  }
  for (; m < subvectors; ++m, products += codes) sum[0] += products[at(m)];
  return tables.offset + ((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

}  // namespace

bool BestCandidates::wants(float similarity, EntryId id) const {
  if (similarity < bar_) return false;
  return heap_.size() < size_ || ranks_before({similarity, id, nullptr, 0}, heap_.front());
}

void BestCandidates::offer(const Candidate& candidate) {
  if (!wants(candidate.similarity, candidate.id)) return;
  if (heap_.size() == size_) {
    std::pop_heap(heap_.begin(), heap_.end(), ranks_before);
    heap_.pop_back();
  }
  heap_.push_back(candidate);
  std::push_heap(heap_.begin(), heap_.end(), ranks_before);
}

std::vector<Candidate> BestCandidates::take() {
  std::sort_heap(heap_.begin(), heap_.end(), ranks_before);
  return std::move(heap_);
}

EntryBlock::EntryBlock(std::shared_ptr<const ProductQuantiser> quantiser) : quantiser_(std::move(quantiser)) {}

Bytes EntryBlock::code(size_t index) const {
  std::vector<uint8_t> indices(static_cast<size_t>(quantiser_->shape().subvectors));
  for (size_t m = 0; m < indices.size(); ++m) indices[m] = indices_at(index)[m * kScanBlock];
  return pack_code(quantiser_->shape(), indices.data());
}

ByteView EntryBlock::sq8(size_t index) const {
  if (index >= sq8_of_.size() || sq8_of_[index] == kNoVector) return {};
  const size_t size = sq8_size(quantiser_->shape().dimension);
  return ByteView(sq8_).sub(sq8_of_[index] * size, size);
}

std::optional<size_t> EntryBlock::find(EntryId id) const {
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
  if (at == ids_.end() || *at != id) return std::nullopt;
  return static_cast<size_t>(at - ids_.begin());
}

void EntryBlock::reserve(size_t entries) {
  ids_.reserve(entries);
  const size_t blocks = (entries + kScanBlock - 1) / kScanBlock;
  indices_.reserve(blocks * kScanBlock * static_cast<size_t>(quantiser_->shape().subvectors));
  inverse_norms_.reserve(blocks * kScanBlock);
  label_of_.reserve(entries);
}

uint32_t EntryBlock::add_label(const std::string& label) {
  labels_.push_back(label);
  return static_cast<uint32_t>(labels_.size() - 1);
}

void EntryBlock::append(EntryId id, ByteView code, uint32_t label_number, ByteView sq8) {
  if (!sq8.empty()) {
    if (const auto fault = sq8_fault(sq8, quantiser_->shape().dimension)) {
      throw Error(ErrorKind::kCorrupt, "the vector of entry " + std::to_string(id) + " " + *fault);
    }
  }
  std::array<uint8_t, kMaxSubvectors> indices;
  unpack_code(quantiser_->shape(), code, indices.data());
  const float norm = quantiser_->norm(indices.data());
  append_code(indices.data(), 1, norm > 1e-6F ? 1.0F / norm : 0.0F);
  ids_.push_back(id);
  label_of_.push_back(label_number);
  append_sq8(sq8);
}

void EntryBlock::append(const EntryBlock& other, size_t index, uint32_t label_number) {
  append_code(other.indices_at(index), kScanBlock, other.inverse_norms_[index]);
  ids_.push_back(other.ids_[index]);
  label_of_.push_back(label_number);
  append_sq8(other.sq8(index));
}

// Where index 0 of an entry is; the next ones are kScanBlock apart.
const uint8_t* EntryBlock::indices_at(size_t index) const {
  const size_t block = index / kScanBlock * kScanBlock * static_cast<size_t>(quantiser_->shape().subvectors);
  return &indices_[block + index % kScanBlock];
}

// Of the entry that comes next: to be called before its id is there. `step`: from one index to the next.
void EntryBlock::append_code(const uint8_t* indices, size_t step, float inverse_norm) {
  const auto subvectors = static_cast<size_t>(quantiser_->shape().subvectors);
  const size_t place = size() % kScanBlock;
  if (place == 0) {
    indices_.resize(indices_.size() + kScanBlock * subvectors);
    inverse_norms_.resize(inverse_norms_.size() + kScanBlock);
  }
  inverse_norms_[size()] = inverse_norm;
  uint8_t* block = &indices_[indices_.size() - kScanBlock * subvectors];
  for (size_t m = 0; m < subvectors; ++m) block[m * kScanBlock + place] = indices[m * step];
}

void EntryBlock::append_sq8(ByteView sq8) {
  if (sq8.empty()) return;
  sq8_of_.resize(ids_.size(), kNoVector);
  sq8_of_.back() = static_cast<uint32_t>(sq8_.size() / sq8.size());
  sq8_.insert(sq8_.end(), sq8.begin(), sq8.end());
}

// A group of blocks. Large bases do not fit the caches, and the CPU by itself does not look far enough ahead.
void EntryBlock::prefetch(size_t index) const {
  constexpr size_t kLine = 64;
  if (index >= size()) return;
  const uint8_t* begin = indices_at(index);
  const auto left = static_cast<size_t>(indices_.data() + indices_.size() - begin);
  const size_t group = kScanGroup * kScanBlock * static_cast<size_t>(quantiser_->shape().subvectors);
  for (size_t at = 0; at < std::min(group, left); at += kLine) __builtin_prefetch(begin + at);
}

void EntryBlock::scan(const ProductTables& tables, float scale, const std::vector<EntryId>& without,
                      BestCandidates& best) const {
  if (size() == 0) return;
  const auto subvectors = static_cast<size_t>(quantiser_->shape().subvectors);
  CoarseTables coarse = coarsen(tables, subvectors);
  coarse.base *= scale;
  coarse.step *= scale;
  const BlockScanner& scanner = block_scanners().front();
  std::array<BlockSums, kScanGroup> sums;
  for (size_t group = 0; group < size(); group += kScanGroup * kScanBlock) {
    const size_t blocks = std::min(kScanGroup, (size() - group + kScanBlock - 1) / kScanBlock);
    prefetch(group + kScanGroup * kScanBlock);
    scanner.sum(indices_at(group), coarse.values.data(), subvectors, blocks, sums.data());
    for (size_t b = 0; b < blocks; ++b) {
      const size_t begin = group + b * kScanBlock;
      uint64_t reaching = scanner.reaching(sums[b], &inverse_norms_[begin], coarse, best.bar());
      for (; reaching != 0; reaching &= reaching - 1) {
        const size_t index = begin + static_cast<size_t>(__builtin_ctzll(reaching));
        if (index >= size()) break;
        const float similarity = sum_products(tables, indices_at(index), subvectors) * scale * inverse_norms_[index];
        if (!best.wants(similarity, ids_[index])) continue;
        if (std::binary_search(without.begin(), without.end(), ids_[index])) continue;
        best.offer({similarity, ids_[index], this, index});
      }
    }
  }
}

uint32_t LabelNumbers::number(const std::string& label) {
  const auto [at, is_new] = known_.try_emplace(label, 0);
  if (is_new) at->second = block_.add_label(label);
  return at->second;
}

}  // namespace crlsc
