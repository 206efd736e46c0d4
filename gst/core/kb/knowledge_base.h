// SPDX-License-Identifier: LGPL-2.1-or-later
// A knowledge base in memory: exact search over PQ codes while entries come and go. What readers see is an immutable
// snapshot with a small delta on top of it; writers build the next state beside it and swap a pointer.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/kb/entry_block.h"

namespace crlsc {

// Entries that a knowledge base takes unless told otherwise: 100 MB at 32 sub-vectors.
constexpr size_t kDefaultMaxEntries = 2'000'000;
constexpr size_t kMaxMatches = 4096;

struct Match {
  EntryId id = 0;
  std::string label;
  float similarity = 0.0F;  // cosine, -1..1 up to rounding
};

struct SearchSettings {
  size_t k = 1;                  // most matches: 1..kMaxMatches
  float min_similarity = -2.0F;  // less similar entries are left out
  // Candidates that are compared once more, by their 8-bit vectors where they have any; at least k of them, at most
  // kMaxMatches. 0: the codes decide. Where it is used, `min_similarity` counts after it.
  size_t rerank = 0;
};

// Thread-safe: searches wait for no writer's work, writers for each other. Every change costs a copy of the delta (at
// most kMaxDelta entries), and every kMaxDelta changes one of everything.
class KnowledgeBase {
 public:
  struct Entry {
    EntryId id = 0;
    Bytes code;
    std::string label;
    Bytes sq8;  // may be empty
  };

  static constexpr size_t kMaxDelta = 1024;

  explicit KnowledgeBase(std::shared_ptr<const ProductQuantiser> quantiser, size_t max_entries = kDefaultMaxEntries);
  // Starts with these entries; throws as add() if they are too many.
  KnowledgeBase(EntryBlock entries, size_t max_entries);

  const ProductQuantiser& quantiser() const { return *quantiser_; }
  size_t size() const;
  bool contains(EntryId id) const;

  // All of them or, when it throws, none. Error(kSettings) if there would be more than max_entries or an id is there
  // already, Error(kCorrupt) if a code or a vector does not fit the quantiser.
  void add(std::vector<Entry> entries);
  // Returns how many there were of these.
  size_t remove(std::vector<EntryId> ids);
  // False if there is no such entry.
  bool set_label(EntryId id, const std::string& label);

  // The entries nearest to a vector of D numbers, by the cosine of it and what their codes stand for, in the order of
  // ranks_before(): the same entries give the same result, however they came in. Throws Error(kSettings) for a vector
  // of another size, one with numbers that are not finite, one of length 0, and settings out of range.
  std::vector<Match> search(std::vector<float> query, const SearchSettings& settings) const;
  // The same for the vector that a code stands for: all that a receiver of semantic units has. Throws Error(kCorrupt)
  // if the code does not fit the quantiser.
  std::vector<Match> search_code(ByteView code, const SearchSettings& settings) const;

 private:
  struct State {
    std::shared_ptr<const EntryBlock> snapshot;
    std::shared_ptr<const EntryBlock> fresh;              // not in the snapshot
    std::shared_ptr<const std::vector<EntryId>> removed;  // from the snapshot, in ascending order
    size_t size() const { return snapshot->size() + fresh->size() - removed->size(); }
    bool in_snapshot(EntryId id) const;
  };

  std::shared_ptr<const State> state() const { return std::atomic_load(&state_); }
  void publish(State state);
  State compacted(const State& state) const;
  State with(const State& state, std::vector<Entry> entries) const;
  State without(const State& state, const std::vector<EntryId>& ids) const;
  std::vector<Match> best_of(const State& state, const ProductTables& tables, float scale,
                             const std::vector<float>& query, const SearchSettings& settings) const;

  std::shared_ptr<const ProductQuantiser> quantiser_;
  size_t max_entries_;
  std::mutex writers_;
  std::shared_ptr<const State> state_;
};

}  // namespace crlsc
