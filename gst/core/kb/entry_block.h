// SPDX-License-Identifier: LGPL-2.1-or-later
// Entries side by side in flat arrays, as searches want them.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/kb/code_blocks.h"
#include "core/kb/entry.h"
#include "core/kb/product_quantiser.h"

namespace crlsc {

class EntryBlock;

// An entry that a search has met, and how similar it is.
struct Candidate {
  float similarity = 0.0F;
  EntryId id = 0;
  const EntryBlock* block = nullptr;
  size_t index = 0;  // in the block
};

// The order of results: more similar first, the older one of equally similar ones.
inline bool ranks_before(const Candidate& a, const Candidate& b) {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id;
}

// The best `size` candidates so far.
class BestCandidates {
 public:
  BestCandidates(size_t size, float min_similarity) : size_(size), bar_(min_similarity) {}
  // False for those that offer() would not take.
  bool wants(float similarity, EntryId id) const;
  // Nothing less similar is wanted.
  float bar() const { return heap_.size() < size_ ? bar_ : std::max(bar_, heap_.front().similarity); }
  void offer(const Candidate& candidate);
  // In order; the object is empty afterwards.
  std::vector<Candidate> take();

 private:
  size_t size_;
  float bar_;                    // lowest similarity that is of interest
  std::vector<Candidate> heap_;  // the worst one first
};

// In ascending order of ids. Copies are independent.
class EntryBlock {
 public:
  explicit EntryBlock(std::shared_ptr<const ProductQuantiser> quantiser);

  size_t size() const { return ids_.size(); }
  const std::shared_ptr<const ProductQuantiser>& quantiser() const { return quantiser_; }
  EntryId id(size_t index) const { return ids_[index]; }
  const std::string& label(size_t index) const { return labels_[label_of_[index]]; }
  Bytes code(size_t index) const;
  // Empty if the entry has none.
  ByteView sq8(size_t index) const;
  std::optional<size_t> find(EntryId id) const;

  void reserve(size_t entries);
  // The number of a label for append(). Labels are not compared; LabelNumbers does.
  uint32_t add_label(const std::string& label);
  // `id` must be above all others. `code` as pack_code() makes it, `sq8` of the quantiser's dimension or empty; throws
  // Error(kCorrupt) if they are not, after which the block must not be used.
  void append(EntryId id, ByteView code, uint32_t label_number, ByteView sq8);
  // An entry of another block with the same quantiser.
  void append(const EntryBlock& other, size_t index, uint32_t label_number);

  // Makes scan() of many entries faster. Nothing can be appended any more.
  void arrange() { codes_.arrange(); }
  // Offers the cosine of the query and what each code stands for, as far as it can be among the best. `without`: ids to
  // leave out, in ascending order. `scale`: 1 / length of the query that the tables are of.
  void scan(const ProductTables& tables, float scale, const std::vector<EntryId>& without, BestCandidates& best) const;

 private:
  void append_sq8(ByteView sq8);

  std::shared_ptr<const ProductQuantiser> quantiser_;
  std::vector<EntryId> ids_;
  CodeBlocks codes_;
  std::vector<uint32_t> label_of_;
  std::vector<std::string> labels_;
  std::vector<uint32_t> sq8_of_;  // number of the entry's vector in sq8_; shorter than ids_ where the last have none
  std::vector<uint8_t> sq8_;
};

// Gives equal labels of a block one number.
class LabelNumbers {
 public:
  explicit LabelNumbers(EntryBlock& block) : block_(block) {}
  uint32_t number(const std::string& label);

 private:
  EntryBlock& block_;
  std::unordered_map<std::string, uint32_t> known_;
};

}  // namespace crlsc
