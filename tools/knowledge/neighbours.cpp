// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/neighbours.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/error.h"
#include "core/kb/knowledge_base.h"
#include "core/kb/sq8.h"

namespace crlsc::tools {
namespace {

constexpr double kTemperature = 0.07;

float dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

std::string vote(const Vectors& train, const std::vector<std::string>& labels, const std::vector<float>& query,
                 size_t k) {
  std::map<std::string, double> votes;
  for (const size_t i : nearest(train, query, k)) votes[labels[i]] += std::exp(dot(train[i], query) / kTemperature);
  const auto best =
      std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return best == votes.end() ? std::string() : best->first;
}

// Places of the results of a search for entry `self`, whose id is its place + 1.
std::vector<size_t> search(const KnowledgeBase& base, const std::vector<float>& query, size_t self, size_t rerank) {
  SearchSettings settings;
  settings.k = 11;
  settings.rerank = rerank;
  std::vector<size_t> places;
  for (const Match& match : base.search(query, settings)) {
    if (match.id != self + 1 && places.size() < 10) places.push_back(match.id - 1);
  }
  return places;
}

void count(const std::vector<size_t>& exact, const std::vector<size_t>& found, Recall& recall) {
  recall.at_1 += !found.empty() && found[0] == exact[0] ? 1 : 0;
  for (const size_t i : exact) {
    recall.at_10 +=
        (std::find(found.begin(), found.end(), i) != found.end() ? 1.0 : 0.0) / static_cast<double>(exact.size());
  }
}

}  // namespace

std::vector<size_t> nearest(const Vectors& vectors, const std::vector<float>& query, size_t k, size_t without) {
  std::vector<std::pair<float, size_t>> all;
  for (size_t i = 0; i < vectors.size(); ++i) {
    if (i != without) all.emplace_back(-dot(vectors[i], query), i);
  }
  k = std::min(k, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(k), all.end());
  std::vector<size_t> result;
  for (size_t i = 0; i < k; ++i) result.push_back(all[i].second);
  return result;
}

double knn_accuracy(const Vectors& train, const std::vector<std::string>& train_labels, const Vectors& test,
                    const std::vector<std::string>& test_labels, size_t k) {
  size_t right = 0;
  for (size_t i = 0; i < test.size(); ++i) right += vote(train, train_labels, test[i], k) == test_labels[i] ? 1 : 0;
  return test.empty() ? 0 : static_cast<double>(right) / static_cast<double>(test.size());
}

Vectors quantised(const Vectors& vectors, const ProductQuantiser& quantiser) {
  Vectors result;
  for (const auto& v : vectors) {
    result.push_back(quantiser.decode(quantiser.encode(v)));
    normalise(result.back());
  }
  return result;
}

RecallReport measure_recall(const Vectors& vectors, std::shared_ptr<const ProductQuantiser> quantiser, size_t queries) {
  if (vectors.size() < 11) throw Error(ErrorKind::kSettings, "recall is measured with eleven vectors or more");
  std::vector<KnowledgeBase::Entry> entries;
  for (size_t i = 0; i < vectors.size(); ++i) {
    entries.push_back({i + 1, quantiser->encode(vectors[i]), "", sq8_encode(vectors[i])});
  }
  KnowledgeBase base(quantiser, entries.size());
  base.add(std::move(entries));
  RecallReport report;
  report.queries = std::min(queries, vectors.size());
  for (size_t n = 0; n < report.queries; ++n) {
    const size_t i = n * vectors.size() / report.queries;
    const auto exact = nearest(vectors, vectors[i], 10, i);
    count(exact, search(base, vectors[i], i, 0), report.codes);
    count(exact, search(base, vectors[i], i, 100), report.reranked);
  }
  for (Recall* recall : {&report.codes, &report.reranked}) {
    recall->at_1 /= static_cast<double>(report.queries);
    recall->at_10 /= static_cast<double>(report.queries);
  }
  return report;
}

}  // namespace crlsc::tools
