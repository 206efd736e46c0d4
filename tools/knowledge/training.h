// SPDX-License-Identifier: LGPL-2.1-or-later
// What Faiss does for knowledge bases: principal components, optimised product quantisation, files for other programs.
#pragma once

#include <string>
#include <vector>

#include "core/kb/knowledge_base_file.h"

namespace crlsc::tools {

struct SpaceSettings {
  int dimension = 128;   // D, numbers of a vector
  int subvectors = 32;   // M; D must be a multiple of it
  int bits = 8;          // B
  bool rotate = true;    // OPQ (Ge, He, Ke, Sun: Optimized Product Quantization, PAMI 2014) in front of PQ
  double whiten = 0.25;  // each component is divided by its variance to this power: 0 not at all, 0.5 completely
  uint64_t seed = 1;
};

// "32x8" as subvectors and bits. Throws Error(kSettings) for anything else.
void parse_pq(const std::string& text, SpaceSettings& settings);

// The projection that suits these vectors of a teacher, all of one size. Throws Error(kSettings) if there are fewer
// vectors than dimensions, or more dimensions than the teacher has.
Projection train_projection(const std::vector<std::vector<float>>& teacher_vectors, const SpaceSettings& settings);

// Codebooks for vectors of D numbers. Throws Error(kSettings) if there are fewer than 2^B.
ProductQuantiser train_quantiser(const std::vector<std::vector<float>>& vectors, const SpaceSettings& settings);

// All codes as a Faiss index, ids as in the knowledge base: IndexPreTransform(mean and matrix, IndexIDMap(IndexPQ)),
// L2 distance. Throws Error(kWrite).
void export_faiss(KnowledgeBaseFile& file, const std::string& path);

}  // namespace crlsc::tools
