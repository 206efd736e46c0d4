// SPDX-License-Identifier: LGPL-2.1-or-later
// Trains a semantic head (gst/neural/semantic_head.h) under the guidance of a shared knowledge base: stage 1 of the
// CRLSC paper. Or, to compare with, without one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "train/encoder_material.h"

namespace crlsc::tools {

struct EncoderTrainOptions {
  EncoderMaterialOptions material;
  std::string model;                          // model whose codec the head goes with
  std::string out = "encoder";                // folder for checkpoint, log and model
  std::string license = "LGPL-2.1-or-later";  // that the model file names for the head
  double minutes = 30;                        // in all; 0: the steps count alone
  int64_t steps = 0;  // stop after this many, if the minutes are not over before; 0: the minutes count alone
  double checkpoint_minutes = 2;
  int batch = 64;
  int bank = 2048;  // vectors of the knowledge base that each step compares with
  double mix = 0;   // share of the samples that get a part of another picture, see mix_into(); of kGuided
  double learning_rate = 2e-3;
  bool resume = false;
};

// Adam with weight decay (Loshchilov, Hutter: Decoupled Weight Decay Regularization, ICLR 2019), guided on
//   1 - cosine of the head's vector z and the teacher's t
//   + 1/2 InfoNCE (van den Oord et al. 2018): t among those of the batch and the knowledge base's
//   + 1/2 Kullback-Leibler divergence of the knowledge base's likeness to z from that to t (Fang et al.: SEED, ICLR
//     2021)
// else on the InfoNCE of two views of each picture, or the cross entropy of labels (train/encoder_objective.h), at a
// learning rate that falls to 0 along a cosine over the minutes, or the steps. A run goes on from its checkpoint.
class EncoderTrainer {
 public:
  // Throws Error(kSettings) if there is a checkpoint already and `resume` is not set, if it is of another mode, or if
  // neither minutes nor steps end the training.
  EncoderTrainer(const EncoderTrainOptions& options, const EncoderMaterial& material);
  ~EncoderTrainer();
  // Trains until the minutes or the steps are over and writes `out`/model.safetensors.
  void run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crlsc::tools
