// SPDX-License-Identifier: LGPL-2.1-or-later
// From the teacher's space to that of a knowledge base: the mean of the public data is taken away, and what is left is
// turned into its principal components, the strong ones damped a little. Only who runs the teacher needs it.
#pragma once

#include <vector>

#include "core/bytes.h"

namespace crlsc {

constexpr int kMaxTeacherDimension = 4096;

// Immutable; safe to use from several threads.
class Projection {
 public:
  // `mean` has as many numbers as the teacher's vectors (1..kMaxTeacherDimension), `matrix` is rows of as many, one for
  // each number of the result (1..2048). Throws Error(kSettings) if sizes contradict each other or numbers are not
  // finite or above 10^6 in magnitude.
  Projection(std::vector<float> mean, std::vector<float> matrix);
  // Reads what serialise() wrote. Throws Error(kCorrupt) unless `bytes` are exactly that, and sound as above.
  static Projection deserialise(ByteView bytes);
  // docs/knowledge-base.md, section "Projection".
  Bytes serialise() const;

  int teacher_dimension() const { return static_cast<int>(mean_.size()); }
  int dimension() const { return static_cast<int>(matrix_.size() / mean_.size()); }
  // matrix (vector - mean), of unit length; all zeros if that is 0. Throws Error(kSettings) for a vector of another
  // size.
  std::vector<float> apply(const std::vector<float>& vector) const;

 private:
  std::vector<float> mean_;
  std::vector<float> matrix_;
};

}  // namespace crlsc
