// SPDX-License-Identifier: LGPL-2.1-or-later
// Trains the codec's network in its own closed loop (docs/architecture.md, section "Training").
#pragma once

#include <torch/torch.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "neural/quantise.h"
#include "neural/semantic_net.h"
#include "train/material.h"

namespace crlsc::tools {

struct TrainOptions {
  std::string from;  // model file whose network training starts from
  // Of a new network. Without it that of `from`; with it, of `from` only the tensors are taken that have the same
  // shape.
  std::optional<neural::NetSize> size;
  bool scalar = true;            // quantiser of a new network; where `from` has the other, only its networks are taken
  std::string out = "training";  // checkpoint, log, sheets and the exported model go here
  std::string license = "LGPL-2.1-or-later";
  int crop = 96;
  int batch = 24;
  double minutes = 120;  // of computing, over all resumed runs; the learning rate falls over the last third
  double checkpoint_minutes = 5;
  double learning_rate = 5e-4;
  double structure_weight = 0.6;  // of 1 - SSIM beside the squared error; vector quantiser
  double loss_share = 0.3;        // samples that lose units
  double knowledge_share = 0.3;   // samples whose prediction mixes in cells of an earlier picture
  uint64_t seed = 1;
  int overfit = 0;              // train on the first N crops only, over and over; 0 = off
  bool keep_transform = false;  // of details: what it weighs stays as `from` has it
  bool resume = false;
};

class CodecTrainer {
 public:
  CodecTrainer(const TrainOptions& options, const Material& material);
  ~CodecTrainer();
  // Trains until options.minutes are used up. Prints progress, writes checkpoints.
  void run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crlsc::tools
