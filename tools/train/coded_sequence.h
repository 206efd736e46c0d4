// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures as the codec draws them beside what they were, for networks that stand behind it.
#pragma once

#include <memory>
#include <random>

#include "core/codec/encoder.h"
#include "core/codec/shown_cells.h"
#include "core/model/registry.h"
#include "train/material.h"

namespace crlsc::tools {

// One endless sequence of scenes, each coded at a size, a price of a bit and with a share of refreshed cells of its
// own.
class CodedSequence {
 public:
  // Pictures of `size` x `size`, of which `half_share` are coded at half size.
  CodedSequence(std::shared_ptr<const LoadedModel> model, const Material& material, int size, uint64_t seed,
                double half_share);

  struct Pair {
    Picture decoded;  // as it is shown without post-filter, in whole cells
    Picture original;
    ShownCells cells;
    bool half = false;
  };
  // The least step of cells at full size, where no price is lower.
  static int finest_step();
  // A later picture of the scene, or the first of another.
  Pair next();

 private:
  void begin_scene(const Picture& first);
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }

  std::shared_ptr<const LoadedModel> model_;
  SequenceGenerator generator_;
  std::mt19937_64 random_;
  double half_share_;
  std::unique_ptr<Encoder> encoder_;
  ShownCells cells_;
};

}  // namespace crlsc::tools
