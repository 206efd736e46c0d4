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
  float sum[4] = {};
  size_t m = 0;
  for (; m + 4 <= subvectors; m += 4, products += 4 * codes) {
    sum[0] += products[indices[m]];
    sum[1] += products[codes + indices[m + 1]];
    sum[2] += products[2 * codes + indices[m + 2]];
    sum[3] += products[3 * codes + indices[m + 3]];
  }
  for (; m < subvectors; ++m, products += codes) sum[0] += products[indices[m]];
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

EntryBlock::EntryBlock(std::shared_ptr<const ProductQuantiser> quantiser)
    : quantiser_(std::move(quantiser)), codes_(static_cast<size_t>(quantiser_->shape().subvectors)) {}

Bytes EntryBlock::code(size_t index) const {
  std::array<uint8_t, kMaxSubvectors> indices;
  codes_.indices(index, indices.data());
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
  codes_.reserve(entries);
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
  codes_.append(indices.data(), norm > 1e-6F ? 1.0F / norm : 0.0F);
  ids_.push_back(id);
  label_of_.push_back(label_number);
  append_sq8(sq8);
}

void EntryBlock::append(const EntryBlock& other, size_t index, uint32_t label_number) {
  std::array<uint8_t, kMaxSubvectors> indices;
  other.codes_.indices(index, indices.data());
  codes_.append(indices.data(), other.codes_.inverse_norm(index));
  ids_.push_back(other.ids_[index]);
  label_of_.push_back(label_number);
  append_sq8(other.sq8(index));
}

void EntryBlock::append_sq8(ByteView sq8) {
  if (sq8.empty()) return;
  sq8_of_.resize(ids_.size(), kNoVector);
  sq8_of_.back() = static_cast<uint32_t>(sq8_.size() / sq8.size());
  sq8_.insert(sq8_.end(), sq8.begin(), sq8.end());
}

void EntryBlock::scan(const ProductTables& tables, float scale, const std::vector<EntryId>& without,
                      BestCandidates& best) const {
  if (size() == 0) return;
  const auto subvectors = static_cast<size_t>(quantiser_->shape().subvectors);
  CoarseTables coarse = coarsen(tables, subvectors);
  coarse.base *= scale;
  coarse.step *= scale;
  codes_.scan(coarse, best.bar(), [&](const CodeBlocks::Found& found) {
    const float similarity = sum_products(tables, found.indices, subvectors) * scale * found.inverse_norm;
    const EntryId id = ids_[found.code];
    if (best.wants(similarity, id) && !std::binary_search(without.begin(), without.end(), id)) {
      best.offer({similarity, id, this, found.code});
    }
    return best.bar();
  });
}

uint32_t LabelNumbers::number(const std::string& label) {
  const auto [at, is_new] = known_.try_emplace(label, 0);
  if (is_new) at->second = block_.add_label(label);
  return at->second;
}

}  // namespace crlsc
