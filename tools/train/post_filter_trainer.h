// SPDX-License-Identifier: LGPL-2.1-or-later
// Teaches a model's post-filter (neural/post_filter.h) on what its codec makes of pictures and videos.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "neural/semantic_net.h"
#include "train/coded_sequence.h"
#include "train/material.h"

namespace crlsc::tools {

struct PostFilterTrainOptions {
  std::string model;  // whose codec draws the pictures; a post-filter that it has is trained further
  neural::NetSize size = neural::NetSize::kS;  // of a new post-filter
  std::string out = "post-filter";             // folder for checkpoint, log and model
  double minutes = 60;                         // in all
  double checkpoint_minutes = 2;
  double half_share = 0.6;  // of the sequences that are coded at half size
  int batch = 16;
  double learning_rate = 1e-3;
  uint64_t seed = 1;
  int threads = 0;
  bool resume = false;
};

// Adam with weight decay on squared error and structure (picture_loss()), at a learning rate that falls to 0 along a
// cosine over the minutes. Sequences are those that the codec itself learns from (SequenceGenerator), coded at
// prices of all kinds (CodedSequence); or what a camera sends (CameraSequence), for its own filter, which starts as the
// model's. A quarter of the camera's crops have no places, as what stands in front of them. In the end, places are
// forgotten that made pictures worse that were not learnt from: what comes and goes there is better drawn without. A
// run goes on from its checkpoint.
class PostFilterTrainer {
 public:
  // Throw Error(kSettings) if there is a checkpoint already and `resume` is not set. `material` and `camera` have to
  // stay.
  PostFilterTrainer(const PostFilterTrainOptions& options, const Material& material);
  // The camera's filter, of a model that has a post-filter.
  PostFilterTrainer(const PostFilterTrainOptions& options, const CameraMaterial& camera);
  ~PostFilterTrainer();
  // Trains until the minutes are over and writes `out`/model.safetensors.
  void run();

 private:
  PostFilterTrainer(const PostFilterTrainOptions& options, const Material* material, const CameraMaterial* camera);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crlsc::tools
