// SPDX-License-Identifier: LGPL-2.1-or-later
// Product quantisation (Jegou, Douze, Schmid: Product Quantization for Nearest Neighbor Search, PAMI 2011), optionally
// behind a linear transform (PCA, OPQ). Codebooks are trained elsewhere; here vectors become codes, and a query becomes
// tables with which the similarity to any code is a few additions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/model/sha256.h"

namespace crlsc {

constexpr int kMaxVectorDimension = 2048;
constexpr int kMaxSubvectors = 256;
constexpr int kMaxCodeBits = 8;

// What a code looks like: all that is needed to keep codes without knowing their meaning.
struct CodeShape {
  int dimension = 0;   // D, of the vectors outside: 1..2048
  int subvectors = 0;  // M: 1..256, at most D
  int bits = 0;        // B, of each sub-vector's index: 1..8

  // Bytes of a code: M indices of B bits, the first in the lowest bits of the first byte (as Faiss packs them), and
  // zeros up to a whole byte.
  size_t code_size() const { return (static_cast<size_t>(subvectors) * static_cast<size_t>(bits) + 7) / 8; }
  bool valid() const;
};
bool operator==(const CodeShape& a, const CodeShape& b);
inline bool operator!=(const CodeShape& a, const CodeShape& b) { return !(a == b); }

// The M indices in `code`. Throws Error(kCorrupt) if it has another size or the bits that fill its last byte are not 0.
std::vector<uint8_t> unpack_code(const CodeShape& shape, ByteView code);
// The same into memory of the caller's.
void unpack_code(const CodeShape& shape, ByteView code, uint8_t* indices);
// The reverse. Indices must be below 2^B.
Bytes pack_code(const CodeShape& shape, const uint8_t* indices);

// A trained quantiser in plain arrays.
struct QuantiserParameters {
  CodeShape shape;
  // Mean of the vectors (D numbers), taken away before anything else; empty: 0.
  std::vector<float> mean;
  // d x D numbers, row by row, d = M x (numbers of a centroid) <= D. The rows are orthonormal, so that the transposed
  // matrix leads back. Empty: the identity, and d = D.
  std::vector<float> matrix;
  // M x 2^B centroids of d / M numbers each.
  std::vector<float> centroids;
};

// Similarity of one query to codes: offset + sum over m of products[m x 2^B + index m] is the inner product of the
// query and the vector that the code stands for. That is what Jegou et al. call asymmetric, where only one side is
// quantised.
struct ProductTables {
  float offset = 0.0F;
  std::vector<float> products;
};

// Immutable; safe to use from several threads.
class ProductQuantiser {
 public:
  // Throws Error(kSettings) if sizes contradict each other, numbers are not finite or above 10^6 in magnitude, or rows
  // of the matrix are far from unit length.
  explicit ProductQuantiser(QuantiserParameters parameters);
  // Reads what serialise() wrote. Throws Error(kCorrupt) unless `bytes` are exactly that, and sound as above.
  static ProductQuantiser deserialise(ByteView bytes);
  // docs/knowledge-base.md, section "Codebooks".
  Bytes serialise() const;

  const CodeShape& shape() const { return parameters_.shape; }
  const QuantiserParameters& parameters() const { return parameters_; }
  // SHA-256 of serialise().
  const Sha256::Digest& hash() const { return hash_; }

  // The code of a vector of D finite numbers: the nearest centroid of each sub-vector, the first of equally near ones.
  // This and tables() throw Error(kSettings) for any other vector.
  Bytes encode(const std::vector<float>& vector) const;
  // The vector of D numbers that a code stands for; not of unit length in general. Throws as unpack_code().
  std::vector<float> decode(ByteView code) const;

  // Tables for a query of D numbers.
  ProductTables tables(const std::vector<float>& query) const;
  // Tables for the query decode(code), without the way through D dimensions. Throws as unpack_code().
  ProductTables tables_of_code(ByteView code) const;
  // Length of decode() for M unpacked indices.
  float norm(const uint8_t* indices) const;

 private:
  // mean taken away, transformed: d numbers
  std::vector<float> transform(const std::vector<float>& vector, bool subtract_mean) const;
  ProductTables tables_of(const std::vector<float>& transformed, float offset) const;
  const float* centroid(size_t subvector, size_t index) const;

  QuantiserParameters parameters_;
  size_t inner_ = 0;                     // d
  size_t width_ = 0;                     // d / M
  size_t codes_ = 0;                     // 2^B
  std::vector<float> transformed_mean_;  // the matrix times the mean: d numbers
  float squared_mean_ = 0.0F;            // squared length of the mean
  std::vector<float> columns_;           // the centroids again: number i of all of sub-vector m from (m w + i) 2^B on
  std::vector<float> squared_;           // what each centroid adds to the squared length of decode(): M x 2^B
  Sha256::Digest hash_{};
};

// Scales `vector` to unit length. False, and no change, if it is empty, holds a number that is not finite, or is 0.
bool normalise(std::vector<float>& vector);

}  // namespace crlsc
