// SPDX-License-Identifier: LGPL-2.1-or-later
// Small classifiers on top of vectors of a frozen encoder: linear, or with one hidden layer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/safetensors.h"
#include "knowledge/neighbours.h"

namespace crlsc::tools {

struct ClassifierOptions {
  int hidden = 0;  // width of the hidden layer (ReLU); 0: linear
  int epochs = 200;
  double learning_rate = 0.01;
  double weight_decay = 1e-4;
  uint64_t seed = 1;
};

// Softmax regression, trained with Adam on batches of 64. The same for the same arguments.
class Classifier {
 public:
  // Throws Error(kSettings) unless there are two labels or more, and a vector for each.
  static Classifier train(const Vectors& vectors, const std::vector<std::string>& labels,
                          const ClassifierOptions& options);
  // Reads what save() wrote. Throws Error(kNotFound), Error(kRead) if tensors are missing or do not fit each other.
  static Classifier load(const std::string& path);
  // Tensors "layer0.weight" [out, in], "layer0.bias", "layer1.*"; metadata "labels", one in each line, beside
  // `metadata`.
  void save(const std::string& path, Metadata metadata) const;

  const std::vector<std::string>& labels() const { return labels_; }
  // The likeliest label. The vector must be of the size of those trained with.
  const std::string& classify(const std::vector<float>& vector) const;
  double accuracy(const Vectors& vectors, const std::vector<std::string>& labels) const;

 private:
  struct Layer {
    size_t in = 0;
    size_t out = 0;
    std::vector<float> weight;  // rows of `in` numbers
    std::vector<float> bias;
  };
  class Trainer;
  // Outputs of each layer; the last are scores.
  std::vector<std::vector<float>> forward(const std::vector<float>& vector) const;

  std::vector<std::string> labels_;
  std::vector<Layer> layers_;
};

}  // namespace crlsc::tools
