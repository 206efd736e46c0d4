// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/knowledge_base.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/kb/sq8.h"

namespace crlsc {
namespace {

void check_settings(const SearchSettings& settings) {
  if (settings.k >= 1 && settings.k <= kMaxMatches && settings.rerank <= kMaxMatches) return;
  throw Error(ErrorKind::kSettings, "a search for " + std::to_string(settings.k) + " matches of " +
                                        std::to_string(settings.rerank) + " candidates; 1 to " +
                                        std::to_string(kMaxMatches) + " are possible");
}

void rerank(std::vector<Candidate>& candidates, const std::vector<float>& query, const SearchSettings& settings) {
  for (Candidate& candidate : candidates) {
    const ByteView sq8 = candidate.block->sq8(candidate.index);
    if (!sq8.empty()) candidate.similarity = sq8_similarity(query, sq8);
  }
  std::sort(candidates.begin(), candidates.end(), ranks_before);
  const auto below = std::find_if(candidates.begin(), candidates.end(),
                                  [&](const Candidate& c) { return c.similarity < settings.min_similarity; });
  candidates.erase(below, candidates.end());
}

}  // namespace

KnowledgeBase::KnowledgeBase(std::shared_ptr<const ProductQuantiser> quantiser, size_t max_entries)
    : KnowledgeBase(EntryBlock(std::move(quantiser)), max_entries) {}

KnowledgeBase::KnowledgeBase(EntryBlock entries, size_t max_entries)
    : quantiser_(entries.quantiser()), max_entries_(max_entries) {
  entries.arrange();
  publish({std::make_shared<const EntryBlock>(std::move(entries)), std::make_shared<const EntryBlock>(quantiser_),
           std::make_shared<const std::vector<EntryId>>()});
}

size_t KnowledgeBase::size() const { return state()->size(); }

bool KnowledgeBase::contains(EntryId id) const {
  const auto now = state();
  return now->in_snapshot(id) || now->fresh->find(id);
}

bool KnowledgeBase::State::in_snapshot(EntryId id) const {
  return snapshot->find(id) && !std::binary_search(removed->begin(), removed->end(), id);
}

void KnowledgeBase::publish(State state) {
  if (state.size() > max_entries_) {
    throw Error(ErrorKind::kSettings, "the knowledge base would hold " + std::to_string(state.size()) +
                                          " entries, at most " + std::to_string(max_entries_) +
                                          " are allowed; remove some, or allow more");
  }
  if (state.fresh->size() > kMaxDelta || state.removed->size() > kMaxDelta) state = compacted(state);
  std::atomic_store(&state_, std::make_shared<const State>(std::move(state)));
}

KnowledgeBase::State KnowledgeBase::compacted(const State& state) const {
  EntryBlock merged(quantiser_);
  merged.reserve(state.size());
  LabelNumbers labels(merged);
  const EntryBlock& old = *state.snapshot;
  const EntryBlock& fresh = *state.fresh;
  auto removed = state.removed->begin();
  size_t f = 0;
  const auto append_fresh_below = [&](EntryId id) {
    for (; f < fresh.size() && fresh.id(f) < id; ++f) merged.append(fresh, f, labels.number(fresh.label(f)));
  };
  for (size_t i = 0; i < old.size(); ++i) {
    append_fresh_below(old.id(i));
    if (removed != state.removed->end() && *removed == old.id(i)) {
      ++removed;
      continue;
    }
    merged.append(old, i, labels.number(old.label(i)));
  }
  append_fresh_below(UINT64_MAX);
  merged.arrange();
  return {std::make_shared<const EntryBlock>(std::move(merged)), std::make_shared<const EntryBlock>(quantiser_),
          std::make_shared<const std::vector<EntryId>>()};
}

KnowledgeBase::State KnowledgeBase::with(const State& state, std::vector<Entry> entries) const {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
  EntryBlock fresh(quantiser_);
  fresh.reserve(state.fresh->size() + entries.size());
  size_t old = 0;
  const auto append_old_below = [&](EntryId id) {
    for (; old < state.fresh->size() && state.fresh->id(old) < id; ++old) {
      fresh.append(*state.fresh, old, fresh.add_label(state.fresh->label(old)));
    }
  };
  for (const Entry& entry : entries) {
    append_old_below(entry.id);
    const bool twice = fresh.size() > 0 && fresh.id(fresh.size() - 1) == entry.id;
    const bool known = state.in_snapshot(entry.id) || state.fresh->find(entry.id);
    if (twice || known) {
      throw Error(ErrorKind::kSettings, "entry " + std::to_string(entry.id) + " is in the knowledge base already");
    }
    fresh.append(entry.id, entry.code, fresh.add_label(entry.label), entry.sq8);
  }
  append_old_below(UINT64_MAX);
  return {state.snapshot, std::make_shared<const EntryBlock>(std::move(fresh)), state.removed};
}

KnowledgeBase::State KnowledgeBase::without(const State& state, const std::vector<EntryId>& ids) const {
  EntryBlock fresh(quantiser_);
  for (size_t i = 0; i < state.fresh->size(); ++i) {
    if (std::binary_search(ids.begin(), ids.end(), state.fresh->id(i))) continue;
    fresh.append(*state.fresh, i, fresh.add_label(state.fresh->label(i)));
  }
  std::vector<EntryId> removed = *state.removed;
  for (const EntryId id : ids) {
    if (state.in_snapshot(id)) removed.push_back(id);
  }
  std::sort(removed.begin(), removed.end());
  return {state.snapshot, std::make_shared<const EntryBlock>(std::move(fresh)),
          std::make_shared<const std::vector<EntryId>>(std::move(removed))};
}

void KnowledgeBase::add(std::vector<Entry> entries) {
  const std::lock_guard<std::mutex> lock(writers_);
  publish(with(*state(), std::move(entries)));
}

size_t KnowledgeBase::remove(std::vector<EntryId> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const std::lock_guard<std::mutex> lock(writers_);
  const auto before = state();
  State after = without(*before, ids);
  const size_t removed = before->size() - after.size();
  if (removed > 0) publish(std::move(after));
  return removed;
}

bool KnowledgeBase::set_label(EntryId id, const std::string& label) {
  const std::lock_guard<std::mutex> lock(writers_);
  const auto now = state();
  const EntryBlock& block = now->in_snapshot(id) ? *now->snapshot : *now->fresh;
  const auto index = block.find(id);
  if (!index) return false;
  const ByteView sq8 = block.sq8(*index);
  publish(with(without(*now, {id}), {{id, block.code(*index), label, {sq8.begin(), sq8.end()}}}));
  return true;
}

std::vector<Match> KnowledgeBase::search(std::vector<float> query, const SearchSettings& settings) const {
  if (query.size() != static_cast<size_t>(quantiser_->shape().dimension) || !normalise(query)) {
    throw Error(ErrorKind::kSettings, "the knowledge base is searched by vectors of " +
                                          std::to_string(quantiser_->shape().dimension) +
                                          " finite numbers, not all 0; this one has " + std::to_string(query.size()));
  }
  return best_of(*state(), quantiser_->tables(query), 1.0F, query, settings);
}

std::vector<Match> KnowledgeBase::search_code(ByteView code, const SearchSettings& settings) const {
  const std::vector<uint8_t> indices = unpack_code(quantiser_->shape(), code);
  const float norm = quantiser_->norm(indices.data());
  std::vector<float> query;
  if (settings.rerank > 0) {
    query = quantiser_->decode(code);
    normalise(query);
  }
  const float scale = norm > 1e-6F ? 1.0F / norm : 0.0F;
  return best_of(*state(), quantiser_->tables_of_code(code), scale, query, settings);
}

std::vector<Match> KnowledgeBase::best_of(const State& state, const ProductTables& tables, float scale,
                                          const std::vector<float>& query, const SearchSettings& settings) const {
  check_settings(settings);
  const bool again = settings.rerank > 0;
  BestCandidates best(std::max(settings.k, settings.rerank), again ? -INFINITY : settings.min_similarity);
  state.snapshot->scan(tables, scale, *state.removed, best);
  state.fresh->scan(tables, scale, {}, best);
  std::vector<Candidate> candidates = best.take();
  if (again) rerank(candidates, query, settings);
  if (candidates.size() > settings.k) candidates.resize(settings.k);
  std::vector<Match> matches;
  for (const Candidate& candidate : candidates) {
    matches.push_back({candidate.id, candidate.block->label(candidate.index), candidate.similarity});
  }
  return matches;
}

}  // namespace crlsc
