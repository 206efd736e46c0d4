// SPDX-License-Identifier: LGPL-2.1-or-later
// Stage 2 of the CRLSC paper for reconstruction: a decoder on top of the local encoder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace crlsc::tools {

struct DecoderTrainOptions {
  bool frozen = true;  // the semantic head stays as it is; else its trunk is trained along with the decoder
  std::string model;   // with a semantic head
  std::vector<std::string> images;
  std::vector<std::string> test;  // measured at the end
  std::string out = "decoder";    // folder for checkpoint, network, table and sheet
  int64_t steps = 4000;
  int batch = 32;
  double learning_rate = 1e-3;
  double checkpoint_minutes = 2;
  size_t test_pictures = 0;  // at most, spread evenly; 0: all
  uint64_t seed = 1;
  int threads = 0;
  bool resume = false;
};

// Trains a FeatureCodec on squared error and structure, both modes from the same head and in the same way; at the end
// writes `out`/decoder.safetensors, a line in `out`/stills.csv (eval/still.h) and `out`/sheet.png.
class DecoderTrainer {
 public:
  // Throws Error(kWrongType) if the model has no semantic head, Error(kSettings) if there is a checkpoint and `resume`
  // is not set.
  explicit DecoderTrainer(const DecoderTrainOptions& options);
  ~DecoderTrainer();
  void run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crlsc::tools
