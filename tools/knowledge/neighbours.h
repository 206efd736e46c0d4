// SPDX-License-Identifier: LGPL-2.1-or-later
// Nearest neighbours among vectors of unit length: what searches are measured against, and a classifier.
#pragma once

#include <string>
#include <vector>

#include "core/kb/product_quantiser.h"

namespace crlsc::tools {

using Vectors = std::vector<std::vector<float>>;

// The `k` of `vectors` with the greatest inner product with the query, best first; `without` is left out.
std::vector<size_t> nearest(const Vectors& vectors, const std::vector<float>& query, size_t k,
                            size_t without = SIZE_MAX);

// Share of test vectors whose label wins among their `k` nearest training vectors, each of which votes with
// exp(cosine / 0.07) (Wu et al.: Unsupervised Feature Learning via Non-Parametric Instance Discrimination, CVPR 2018).
double knn_accuracy(const Vectors& train, const std::vector<std::string>& train_labels, const Vectors& test,
                    const std::vector<std::string>& test_labels, size_t k);

// The vectors that the codes of these stand for, of unit length.
Vectors quantised(const Vectors& vectors, const ProductQuantiser& quantiser);

// How well codes find what exact search finds, each vector being sought among the others.
struct Recall {
  double at_1 = 0;   // the nearest is the first result
  double at_10 = 0;  // share of the ten nearest among the ten results
};
struct RecallReport {
  Recall codes;
  Recall reranked;  // 100 candidates compared once more by 8-bit vectors
  size_t queries = 0;
};
// Of at most `queries` of the vectors, spread evenly. Needs eleven or more.
RecallReport measure_recall(const Vectors& vectors, std::shared_ptr<const ProductQuantiser> quantiser, size_t queries);

}  // namespace crlsc::tools
