// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/kb/sq8.h"
#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

KnowledgeBase::Entry entry_of(EntryId id, const std::vector<float>& vector, bool sq8 = false) {
  return {id, small_quantiser()->encode(vector), "label-" + std::to_string(id), sq8 ? sq8_encode(vector) : Bytes()};
}

std::vector<KnowledgeBase::Entry> entries_of(const Vectors& vectors, EntryId first = 1, bool sq8 = false) {
  std::vector<KnowledgeBase::Entry> entries;
  for (const auto& vector : vectors) entries.push_back(entry_of(first + entries.size(), vector, sq8));
  return entries;
}

std::string text_of(const std::vector<Match>& matches) {
  std::string text;
  for (const Match& match : matches) {
    text += std::to_string(match.id) + ' ' + match.label + ' ' + std::to_string(match.similarity) + '\n';
  }
  return text;
}

TEST(Search, FindsTheMostSimilarDecodedVectors) {
  const Vectors vectors = clustered_vectors(300, 16, 12, 8);
  KnowledgeBase knowledge(small_quantiser());
  knowledge.add(entries_of(vectors));
  EXPECT_EQ(knowledge.size(), 300U);
  for (const auto& query : clustered_vectors(20, 16, 12, 8)) {
    std::vector<std::pair<float, EntryId>> all;
    for (size_t i = 0; i < vectors.size(); ++i) {
      all.push_back({-cosine(query, small_quantiser()->decode(small_quantiser()->encode(vectors[i]))), i + 1});
    }
    std::sort(all.begin(), all.end());
    const std::vector<Match> matches = knowledge.search(query, {10, -2.0F, 0});
    ASSERT_EQ(matches.size(), 10U);
    for (size_t i = 0; i < 10; ++i) {
      EXPECT_NEAR(matches[i].similarity, -all[i].first, 1e-4F);
      EXPECT_EQ(matches[i].label, "label-" + std::to_string(matches[i].id));
    }
  }
}

TEST(Search, CodesSearchLikeTheVectorsTheyStandFor) {
  KnowledgeBase knowledge(small_quantiser());
  knowledge.add(entries_of(clustered_vectors(200, 16, 12, 8)));
  for (const auto& query : clustered_vectors(10, 16, 12, 9)) {
    const Bytes code = small_quantiser()->encode(query);
    const auto by_code = knowledge.search_code(code, {5, -2.0F, 0});
    const auto by_vector = knowledge.search(small_quantiser()->decode(code), {5, -2.0F, 0});
    ASSERT_EQ(by_code.size(), by_vector.size());
    for (size_t i = 0; i < by_code.size(); ++i) EXPECT_NEAR(by_code[i].similarity, by_vector[i].similarity, 1e-4F);
  }
}

TEST(Search, EqualSimilaritiesComeInTheOrderOfIds) {
  const std::vector<float> vector = small_vector(1);
  for (const bool backwards : {false, true}) {
    KnowledgeBase knowledge(small_quantiser());
    std::vector<EntryId> ids(2000);
    std::iota(ids.begin(), ids.end(), 1);
    if (backwards) std::reverse(ids.begin(), ids.end());
    for (size_t begin = 0; begin < ids.size(); begin += 500) {
      std::vector<KnowledgeBase::Entry> entries;
      for (size_t i = begin; i < begin + 500; ++i) entries.push_back(entry_of(ids[i], vector));
      knowledge.add(entries);
    }
    const auto matches = knowledge.search(vector, {50, -2.0F, 0});
    ASSERT_EQ(matches.size(), 50U);
    for (size_t i = 0; i < 50; ++i) EXPECT_EQ(matches[i].id, i + 1);
  }
}

TEST(Search, LessSimilarOnesAreLeftOut) {
  KnowledgeBase knowledge(small_quantiser());
  knowledge.add(entries_of(clustered_vectors(300, 16, 12, 8)));
  const std::vector<float> query = clustered_vectors(1, 16, 12, 8)[0];
  for (const size_t rerank : {0U, 100U}) {
    const auto all = knowledge.search(query, {300, -2.0F, rerank});
    ASSERT_EQ(all.size(), 300U);
    const float bar = all[40].similarity;
    const auto below = std::find_if(all.begin(), all.end(), [&](const Match& m) { return m.similarity < bar; });
    EXPECT_EQ(text_of(knowledge.search(query, {300, bar, rerank})), text_of({all.begin(), below}));
  }
  EXPECT_TRUE(knowledge.search(query, {10, 1.5F, 0}).empty());
}

TEST(Search, TheVectorsDecideWhereTheyAre) {
  const Vectors vectors = clustered_vectors(400, 16, 12, 8);
  KnowledgeBase knowledge(small_quantiser());
  knowledge.add(entries_of(vectors, 1, true));
  for (size_t i = 0; i < vectors.size(); i += 40) {
    const auto matches = knowledge.search(vectors[i], {1, -2.0F, 400});
    ASSERT_EQ(matches.size(), 1U);
    EXPECT_EQ(matches[0].id, i + 1);
    EXPECT_GT(matches[0].similarity, 0.999F);
  }
  // Without vectors the codes' order stays.
  KnowledgeBase codes_only(small_quantiser());
  codes_only.add(entries_of(vectors));
  EXPECT_EQ(text_of(codes_only.search(vectors[0], {5, -2.0F, 100})),
            text_of(codes_only.search(vectors[0], {5, -2.0F, 0})));
  const Bytes code = small_quantiser()->encode(vectors[7]);
  EXPECT_EQ(knowledge.search_code(code, {3, -2.0F, 50}).size(), 3U);
}

TEST(Search, BadQueriesAndSettingsAreRefused) {
  KnowledgeBase knowledge(small_quantiser());
  knowledge.add(entries_of({small_vector(0)}));
  const auto kind_of = [&](const std::vector<float>& query, const SearchSettings& settings) {
    const auto failure = failure_of([&] { knowledge.search(query, settings); });
    return failure ? std::optional<ErrorKind>(failure->kind) : std::nullopt;
  };
  std::vector<float> with_nan = small_vector(0);
  with_nan[0] = NAN;
  EXPECT_EQ(kind_of(std::vector<float>(16), {}), ErrorKind::kSettings);
  EXPECT_EQ(kind_of(std::vector<float>(15, 1.0F), {}), ErrorKind::kSettings);
  EXPECT_EQ(kind_of(with_nan, {}), ErrorKind::kSettings);
  EXPECT_EQ(kind_of(small_vector(0), {0, -2.0F, 0}), ErrorKind::kSettings);
  EXPECT_EQ(kind_of(small_vector(0), {kMaxMatches + 1, -2.0F, 0}), ErrorKind::kSettings);
  EXPECT_EQ(kind_of(small_vector(0), {1, -2.0F, kMaxMatches + 1}), ErrorKind::kSettings);
  EXPECT_EQ(kind_of(small_vector(0), {}), std::nullopt);
  const auto failure = failure_of([&] { knowledge.search_code(Bytes{1}, {}); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kCorrupt);
}

TEST(Search, NothingIsFoundInNothing) {
  const KnowledgeBase knowledge(small_quantiser());
  EXPECT_EQ(knowledge.size(), 0U);
  EXPECT_TRUE(knowledge.search(small_vector(0), {5, -2.0F, 0}).empty());
  EXPECT_TRUE(knowledge.search(small_vector(0), {5, -2.0F, 9}).empty());
}

// Entries come and go in many ways; what remains decides, not the way.
TEST(KnowledgeBase, ResultsDoNotDependOnTheWayEntriesCameIn) {
  const Vectors vectors = clustered_vectors(6000, 16, 40, 10);
  const auto entries = entries_of(vectors, 1, true);
  KnowledgeBase at_once(small_quantiser());
  KnowledgeBase in_steps(small_quantiser());
  std::vector<EntryId> gone;
  for (EntryId id = 5; id <= 6000; id += 5) gone.push_back(id);
  at_once.add(entries);
  EXPECT_EQ(at_once.remove(gone), gone.size());
  std::mt19937 random(4);
  for (size_t at = 0; at < entries.size();) {
    const size_t count = std::min<size_t>(1 + random() % 300, entries.size() - at);
    in_steps.add({entries.begin() + static_cast<ptrdiff_t>(at), entries.begin() + static_cast<ptrdiff_t>(at + count)});
    std::vector<EntryId> now;
    for (size_t i = at; i < at + count; ++i) {
      if (entries[i].id % 5 == 0) now.push_back(entries[i].id);
    }
    EXPECT_EQ(in_steps.remove(now), now.size());
    at += count;
  }
  EXPECT_EQ(at_once.size(), in_steps.size());
  for (const auto& query : clustered_vectors(10, 16, 40, 11)) {
    for (const size_t rerank : {0U, 60U}) {
      EXPECT_EQ(text_of(at_once.search(query, {20, -2.0F, rerank})),
                text_of(in_steps.search(query, {20, -2.0F, rerank})));
    }
  }
}

TEST(KnowledgeBase, RemovedEntriesAreNotFoundAndMayComeBack) {
  KnowledgeBase knowledge(small_quantiser());
  const auto entries = entries_of(clustered_vectors(3000, 16, 40, 10));
  knowledge.add(entries);
  for (const EntryId id : {1U, 1500U, 3000U}) {
    EXPECT_TRUE(knowledge.contains(id));
    EXPECT_EQ(knowledge.remove({id, id}), 1U);
    EXPECT_FALSE(knowledge.contains(id));
    EXPECT_EQ(knowledge.remove({id}), 0U);
  }
  EXPECT_EQ(knowledge.remove({0, 5000}), 0U);
  for (const Match& match : knowledge.search_code(entries[1499].code, {2000, -2.0F, 0})) EXPECT_NE(match.id, 1500U);
  knowledge.add({entries[1499]});
  EXPECT_TRUE(knowledge.contains(1500));
  EXPECT_EQ(knowledge.size(), 2998U);
  EXPECT_EQ(knowledge.remove({1500}), 1U);
  EXPECT_FALSE(knowledge.contains(1500));
}

TEST(KnowledgeBase, LabelsChange) {
  KnowledgeBase knowledge(small_quantiser());
  knowledge.add(entries_of(clustered_vectors(2000, 16, 40, 10), 1, true));
  knowledge.add({entry_of(9000, small_vector(1), true)});
  for (const EntryId id : {700U, 9000U, 700U}) {
    EXPECT_TRUE(knowledge.set_label(id, "changed"));
    EXPECT_TRUE(knowledge.contains(id));
  }
  EXPECT_FALSE(knowledge.set_label(8999, "nobody"));
  EXPECT_EQ(knowledge.size(), 2001U);
  size_t changed = 0;
  for (const Match& match : knowledge.search(small_vector(1), {2001, -2.0F, 0})) {
    EXPECT_EQ(match.label == "changed", match.id == 700 || match.id == 9000) << match.id;
    changed += match.label == "changed" ? 1 : 0;
  }
  EXPECT_EQ(changed, 2U);
}

TEST(KnowledgeBase, WhatDoesNotFitChangesNothing) {
  KnowledgeBase knowledge(small_quantiser(), 5);
  knowledge.add(entries_of(clustered_vectors(3, 16, 3, 1)));
  const auto kind_of = [&](const std::vector<KnowledgeBase::Entry>& entries) {
    const auto failure = failure_of([&] { knowledge.add(entries); });
    return failure ? std::optional<ErrorKind>(failure->kind) : std::nullopt;
  };
  const auto good = entry_of(10, small_vector(3));
  EXPECT_EQ(kind_of({good, entry_of(3, small_vector(3))}), ErrorKind::kSettings);
  EXPECT_EQ(kind_of({good, good}), ErrorKind::kSettings);
  EXPECT_EQ(kind_of(entries_of(clustered_vectors(3, 16, 3, 1), 20)), ErrorKind::kSettings);
  EXPECT_EQ(kind_of({good, {11, {1, 2, 3}, "", {}}}), ErrorKind::kCorrupt);
  EXPECT_EQ(kind_of({good, {11, good.code, "", {1, 2, 3}}}), ErrorKind::kCorrupt);
  EXPECT_EQ(knowledge.size(), 3U);
  EXPECT_EQ(kind_of({good}), std::nullopt);
  EXPECT_EQ(knowledge.size(), 4U);
}

double recall(const Vectors& base, const Vectors& queries, const KnowledgeBase& knowledge,
              const SearchSettings& search) {
  size_t found = 0;
  for (const auto& query : queries) {
    std::vector<std::pair<float, EntryId>> exact;
    for (size_t i = 0; i < base.size(); ++i) exact.push_back({-cosine(query, base[i]), i + 1});
    std::partial_sort(exact.begin(), exact.begin() + 10, exact.end());
    const auto matches = knowledge.search(query, search);
    for (size_t i = 0; i < 10; ++i) {
      found += std::any_of(matches.begin(), matches.end(), [&](const Match& m) { return m.id == exact[i].second; });
    }
  }
  return static_cast<double>(found) / static_cast<double>(10 * queries.size());
}

// Recall of the ten nearest among ten, against exact search of the vectors themselves.
TEST(KnowledgeBase, RecallOnClusteredVectors) {
  const Vectors base = clustered_vectors(3000, 64, 60, 21, 0.6F);
  const Vectors queries = clustered_vectors(3050, 64, 60, 21, 0.6F);
  const auto quantiser = train_quantiser({base.begin(), base.begin() + 1500}, 16, 8);
  KnowledgeBase knowledge(quantiser);
  std::vector<KnowledgeBase::Entry> entries;
  for (const auto& vector : base) {
    entries.push_back({entries.size() + 1, quantiser->encode(vector), "", sq8_encode(vector)});
  }
  knowledge.add(std::move(entries));
  const Vectors some(queries.end() - 50, queries.end());
  const double codes = recall(base, some, knowledge, {10, -2.0F, 0});
  const double reranked = recall(base, some, knowledge, {10, -2.0F, 100});
  RecordProperty("recall_codes", std::to_string(codes));
  RecordProperty("recall_reranked", std::to_string(reranked));
  std::printf("recall@10 at 16 bytes: %.3f, with 100 candidates re-ranked %.3f\n", codes, reranked);
  EXPECT_GT(codes, 0.55);
  EXPECT_GT(reranked, 0.97);
  EXPECT_GT(reranked, codes);
}

}  // namespace
}  // namespace crlsc
