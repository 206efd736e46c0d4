// SPDX-License-Identifier: LGPL-2.1-or-later
// Intra prediction of a scalar quantiser's levels: the structure of a cell on grey is much like that of its neighbours,
// its mean most of all (docs/bitstream.md, section "Prediction of levels").
#pragma once

#include <cstdint>
#include <vector>

#include "core/token/grid.h"

namespace crlsc {

class ModelFile;

class LevelPrediction {
 public:
  enum Neighbours : uint8_t { kBoth, kLeft, kAbove };
  static constexpr int kSets = 3;
  static constexpr int kOne = 1024;  // a weight of 1
  // Name of the tensor with the weights in a model file: I16 [kSets, N, 2, N] for a structure of N coefficients, which
  // say by what each coefficient follows those to the left and those above.
  static constexpr const char* kTensor = "prediction.structure";

  // Predicts 0.
  LevelPrediction() = default;
  // `weights` as in a model file, for `coefficients`.
  LevelPrediction(int coefficients, std::vector<int16_t> weights);
  // From a model file; predicts 0 if it has no such tensor. Throws Error(kRead) if it has another type or shape.
  explicit LevelPrediction(const ModelFile& file);

  // Writes what the levels of a cell's structure are likely to be, structure_tokens() of the grid, in steps of its own
  // gain, given those of the cells on grey to the left and above within the slice; 0 without them, and for a cell that
  // is not on grey itself.
  void predict(const TokenGrid& grid, Slice slice, int column, int row, int16_t* levels) const;

 private:
  const int16_t* weights_of(Neighbours set, int coefficient) const;

  int coefficients_ = 0;
  std::vector<int16_t> weights_;
};

}  // namespace crlsc
