// SPDX-License-Identifier: LGPL-2.1-or-later
// One slot of a training batch: a sequence that is coded picture by picture, with what encoder and decoder remember.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "core/picture.h"
#include "core/token/grid.h"
#include "train/material.h"

namespace crlsc::tools {

// How samples are disturbed and what part of a picture is coded.
struct SampleOptions {
  int stages = 3;
  int gain_levels = 1;
  bool scalar = false;  // gains are steps, which an encoder chooses, and not what cells change by
  bool split_motion = false;
  double loss_share = 0.3;
  double knowledge_share = 0.3;
};

class Sample {
 public:
  Sample(const Material& material, int size, uint64_t seed, const SampleOptions& options, bool repeat = false);

  // Takes the next picture, predicts it and draws which cells are coded with how many stages, and what gets lost.
  void prepare();

  // Takes decoded pictures and makes them the next references: coded cells where they are better than the copy (the
  // encoder decides in pixels, too), the prediction elsewhere. `encoder_decoded` counts only if lossy().
  void finish(const Picture& decoder_decoded, const Picture* encoder_decoded);

  // Units of this sequence get lost, so the decoder's references differ from the encoder's.
  bool lossy() const { return lossy_; }
  // What the decoder will predict the next picture from.
  const Picture& reference() const { return decoder_previous_; }

  Picture current;
  Picture encoder_prediction;
  Picture decoder_prediction;
  // Per cell, raster: detail stages, -1 = not coded. What is sent, and what arrives of it.
  std::vector<int> sent;
  std::vector<int> received;
  // Per cell, raster: levels of the change that is coded (core/token/gain.h).
  std::vector<int> gains;

 private:
  void choose_references(bool first);
  void choose_steps();
  void choose_cells(bool first);
  void lose_units();
  Picture compose(const Picture& decoded, const Picture& prediction, const std::vector<int>& stages) const;
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
  bool chance(double p) { return uniform(0, 1) < p; }

  SampleOptions options_;
  SequenceGenerator generator_;
  std::mt19937_64 random_;
  TokenGrid grid_;  // of the picture at hand: references and motion alone
  Picture encoder_previous_;
  Picture decoder_previous_;
  Picture memory_;  // a sharp earlier picture of the scene; empty if this sequence has none
  bool lossy_ = false;
  bool picture_lost_ = false;
  double refresh_ = 0;
  int step_ = 0;              // level of the sequence's step, of a scalar quantiser
  double motion_lambda_ = 0;  // squared error that a bit of a vector must save
};

}  // namespace crlsc::tools
