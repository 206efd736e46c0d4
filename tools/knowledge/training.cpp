// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/training.h"

#include <faiss/IndexPQ.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/MetaIndexes.h>
#include <faiss/VectorTransform.h>
#include <faiss/index_io.h>

#include <cmath>
#include <cstdio>
#include <numeric>

#include "core/error.h"

namespace crlsc::tools {
namespace {

using Vectors = std::vector<std::vector<float>>;

std::vector<float> flat(const Vectors& vectors) {
  std::vector<float> all;
  all.reserve(vectors.size() * vectors.at(0).size());
  for (const auto& v : vectors) all.insert(all.end(), v.begin(), v.end());
  return all;
}

std::vector<float> mean_of(const Vectors& vectors) {
  std::vector<double> sum(vectors.at(0).size());
  for (const auto& v : vectors) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += v[i];
  }
  std::vector<float> mean;
  for (const double s : sum) mean.push_back(static_cast<float>(s / static_cast<double>(vectors.size())));
  return mean;
}

[[noreturn]] void too_few(size_t found, int needed, const std::string& what) {
  throw Error(ErrorKind::kSettings, std::to_string(found) + " pictures are too few for " + what + ": give at least " +
                                        std::to_string(needed) + ", or smaller sizes (--dim, --pq)");
}

// Faiss reports through exceptions of its own.
template <class Work>
auto with_faiss(Work work) {
  try {
    return work();
  } catch (const faiss::FaissException& e) {
    throw Error(ErrorKind::kSettings, std::string("Faiss: ") + e.what());
  }
}

}  // namespace

void parse_pq(const std::string& text, SpaceSettings& settings) {
  int used = 0;
  const int found = std::sscanf(text.c_str(), "%dx%d%n", &settings.subvectors, &settings.bits, &used);
  const bool sound = found == 2 && static_cast<size_t>(used) == text.size() && settings.bits >= 1 &&
                     settings.bits <= kMaxCodeBits && settings.subvectors >= 1 && settings.subvectors <= kMaxSubvectors;
  if (!sound) {
    throw Error(ErrorKind::kSettings, "--pq is \"" + text + "\"; it takes sub-vectors x bits, such as 32x8, at most " +
                                          std::to_string(kMaxSubvectors) + "x" + std::to_string(kMaxCodeBits));
  }
}

Projection train_projection(const Vectors& teacher_vectors, const SpaceSettings& settings) {
  const auto columns = static_cast<int>(teacher_vectors.at(0).size());
  if (settings.dimension < 1 || settings.dimension > columns) {
    throw Error(ErrorKind::kSettings, "--dim is " + std::to_string(settings.dimension) +
                                          "; the teacher's vectors have " + std::to_string(columns) + " numbers");
  }
  if (teacher_vectors.size() <= static_cast<size_t>(settings.dimension)) {
    too_few(teacher_vectors.size(), settings.dimension + 1, std::to_string(settings.dimension) + " dimensions");
  }
  return with_faiss([&] {
    const auto all = flat(teacher_vectors);
    faiss::PCAMatrix pca(columns, settings.dimension);
    pca.max_points_per_d = 100000;
    pca.train(static_cast<faiss::Index::idx_t>(teacher_vectors.size()), all.data());
    std::vector<float> matrix(pca.PCAMat.begin(), pca.PCAMat.begin() + ptrdiff_t{settings.dimension} * columns);
    for (int row = 0; row < settings.dimension; ++row) {
      // Relative to the strongest, so that numbers stay near one.
      const double variance = std::max(pca.eigenvalues[static_cast<size_t>(row)] / pca.eigenvalues[0], 1e-6F);
      const auto scale = static_cast<float>(std::pow(variance, -settings.whiten));
      for (int i = 0; i < columns; ++i) matrix[static_cast<size_t>(row * columns + i)] *= scale;
    }
    return Projection(pca.mean, std::move(matrix));
  });
}

ProductQuantiser train_quantiser(const Vectors& vectors, const SpaceSettings& settings) {
  const int d = settings.dimension;
  if (d % settings.subvectors != 0) {
    throw Error(ErrorKind::kSettings, "--dim " + std::to_string(d) + " is no multiple of the " +
                                          std::to_string(settings.subvectors) + " sub-vectors of --pq");
  }
  if (vectors.size() < size_t{1} << settings.bits) {
    too_few(vectors.size(), 1 << settings.bits, std::to_string(1 << settings.bits) + " centroids");
  }
  return with_faiss([&] {
    QuantiserParameters parameters;
    parameters.shape = {d, settings.subvectors, settings.bits};
    parameters.mean = mean_of(vectors);
    Vectors centred = vectors;
    for (auto& v : centred) {
      for (size_t i = 0; i < v.size(); ++i) v[i] -= parameters.mean[i];
    }
    auto all = flat(centred);
    const auto count = static_cast<faiss::Index::idx_t>(vectors.size());
    faiss::ProductQuantizer pq(static_cast<size_t>(d), static_cast<size_t>(settings.subvectors),
                               static_cast<size_t>(settings.bits));
    pq.cp.seed = static_cast<int>(settings.seed);
    pq.cp.min_points_per_centroid = 1;
    if (settings.rotate) {
      faiss::OPQMatrix opq(d, settings.subvectors);
      faiss::ProductQuantizer inner = pq;
      inner.cp.niter = 4;
      opq.niter = 30;
      opq.pq = &inner;
      opq.train(count, all.data());
      parameters.matrix = opq.A;
      std::vector<float> rotated(all.size());
      opq.apply_noalloc(count, all.data(), rotated.data());
      all.swap(rotated);
    }
    pq.train(static_cast<size_t>(count), all.data());
    parameters.centroids = pq.centroids;
    return ProductQuantiser(std::move(parameters));
  });
}

void export_faiss(KnowledgeBaseFile& file, const std::string& path) {
  const auto quantiser = file.quantiser();
  if (!quantiser) {
    throw Error(ErrorKind::kSettings, "\"" + file.path() + "\" has no codebooks of its own; export its SKB's");
  }
  const QuantiserParameters& p = quantiser->parameters();
  const auto subvectors = static_cast<size_t>(p.shape.subvectors);
  const size_t inner = p.centroids.size() / (subvectors << p.shape.bits) * subvectors;
  const int outer = p.shape.dimension;
  faiss::LinearTransform transform(outer, static_cast<int>(inner), true);
  transform.A = p.matrix;
  if (p.matrix.empty()) {
    transform.A.assign(inner * inner, 0.0F);
    for (size_t i = 0; i < inner; ++i) transform.A[i * inner + i] = 1;
  }
  transform.b.assign(inner, 0.0F);
  for (size_t row = 0; row < inner && !p.mean.empty(); ++row) {
    const float* numbers = &transform.A[row * p.mean.size()];
    transform.b[row] = -std::inner_product(p.mean.begin(), p.mean.end(), numbers, 0.0F);
  }
  transform.is_trained = true;
  faiss::IndexPQ codes(static_cast<int>(inner), subvectors, static_cast<size_t>(p.shape.bits));
  codes.pq.centroids = p.centroids;
  codes.is_trained = true;
  faiss::IndexIDMap ids(&codes);
  file.for_each([&](const StoredEntry& entry) {
    codes.codes.insert(codes.codes.end(), entry.code.begin(), entry.code.end());
    ids.id_map.push_back(static_cast<faiss::Index::idx_t>(entry.id));
  });
  codes.ntotal = static_cast<faiss::Index::idx_t>(ids.id_map.size());
  ids.ntotal = codes.ntotal;
  faiss::IndexPreTransform index(&transform, &ids);
  index.ntotal = codes.ntotal;
  try {
    faiss::write_index(&index, path.c_str());
  } catch (const faiss::FaissException& e) {
    throw Error(ErrorKind::kWrite, "cannot write \"" + path + "\": " + e.what());
  }
}

}  // namespace crlsc::tools
