// SPDX-License-Identifier: LGPL-2.1-or-later
// Helpers of the knowledge-base tests: clustered vectors, a trainer for codebooks, entries and files of them.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/kb/knowledge_base_file.h"
#include "unit/model/model_testing.h"

namespace crlsc {

using Vectors = std::vector<std::vector<float>>;

// `count` unit vectors around `clusters` centres; the same for the same arguments.
Vectors clustered_vectors(size_t count, int dimension, size_t clusters, uint32_t seed, float spread = 0.25F);

// Random numbers with orthonormal rows.
std::vector<float> orthonormal_rows(size_t rows, size_t columns, uint32_t seed);

struct TransformOptions {
  bool mean = false;
  int inner = 0;  // rows of the matrix; 0: none
};

// Codebooks by k-means (Lloyd, a few rounds, started with samples): good enough to search with, and deterministic.
std::shared_ptr<const ProductQuantiser> train_quantiser(const Vectors& samples, int subvectors, int bits,
                                                        TransformOptions transform = {});

// Codebooks of 16 dimensions, 4 sub-vectors and 16 centroids each, made once.
std::shared_ptr<const ProductQuantiser> small_quantiser();
// Vectors of 16 dimensions, all different.
std::vector<float> small_vector(uint32_t number);

float cosine(const std::vector<float>& a, const std::vector<float>& b);

// Something that passes for a WebP file from outside.
Bytes picture_of(size_t size, uint8_t seed);

// Entry `number`, with a label, times, and a picture if `number` is a multiple of three.
NewEntry small_entry(uint32_t number);
std::vector<NewEntry> small_entries(uint32_t first, uint32_t count);

// Nothing is dropped, vectors are kept.
AddSettings keep_all();

KnowledgeBaseHeader shared_header();
// A shared knowledge base of small_quantiser() with the entries 0 to count - 1.
void write_small_file(const std::string& path, uint32_t count);
KnowledgeBaseFile open_to_read(const std::string& path);
KnowledgeBaseFile open_to_write(const std::string& path);

// All entries with all of their parts, as text to be compared.
std::string dump(KnowledgeBaseFile& file);

// The Error that reading and verifying a file throws, if any.
std::optional<Failure> verify_failure(const std::string& path);

// Runs SQL on a file, as a stranger would who has no regard for what it means.
void run_sql(const std::string& path, const std::string& sql);

}  // namespace crlsc
