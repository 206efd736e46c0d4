// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/classifier.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <set>
#include <sstream>

#include "core/error.h"

namespace crlsc::tools {
namespace {

constexpr size_t kBatch = 64;

std::vector<float> read_tensor(const SafetensorsFile& file, const std::string& name, size_t dimensions,
                               std::vector<int64_t>& shape) {
  const TensorView* view = file.find(name);
  if (view == nullptr || view->dtype != DType::kF32 || view->shape.size() != dimensions) {
    throw Error(ErrorKind::kRead, "\"" + file.path() + "\" is no classifier: tensor \"" + name + "\" is missing");
  }
  shape = view->shape;
  std::vector<float> values(view->data.size() / sizeof(float));
  std::memcpy(values.data(), view->data.data(), view->data.size());
  return values;
}

TensorView view_of(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
  return {name, DType::kF32, std::move(shape),
          ByteView(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float))};
}

// Adam (Kingma, Ba: ICLR 2015) for one array of numbers.
struct Adam {
  std::vector<float> gradient, first, second;
  explicit Adam(size_t size) : gradient(size), first(size), second(size) {}
  void step(std::vector<float>& values, int64_t steps, double rate, double decay) {
    const double one = 1 - std::pow(0.9, static_cast<double>(steps));
    const double two = 1 - std::pow(0.999, static_cast<double>(steps));
    for (size_t i = 0; i < values.size(); ++i) {
      first[i] = 0.9F * first[i] + 0.1F * gradient[i];
      second[i] = 0.999F * second[i] + 0.001F * gradient[i] * gradient[i];
      values[i] -=
          static_cast<float>(rate * (first[i] / one / (std::sqrt(second[i] / two) + 1e-8) + decay * values[i]));
      gradient[i] = 0;
    }
  }
};

}  // namespace

class Classifier::Trainer {
 public:
  Trainer(Classifier& classifier, const ClassifierOptions& options) : classifier_(classifier), options_(options) {
    std::mt19937_64 random(options.seed);
    for (Layer& layer : classifier_.layers_) {
      std::normal_distribution<float> normal(0, std::sqrt(2.0F / static_cast<float>(layer.in)));
      layer.weight.resize(layer.in * layer.out);
      for (float& w : layer.weight) w = normal(random);
      layer.bias.assign(layer.out, 0);
      weights_.emplace_back(layer.weight.size());
      biases_.emplace_back(layer.out);
    }
  }

  void run(const Vectors& vectors, const std::vector<size_t>& classes) {
    std::mt19937_64 random(options_.seed + 1);
    std::vector<size_t> order(vectors.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
      const double rate = options_.learning_rate * (0.5 + 0.5 * std::cos(M_PI * epoch / options_.epochs));
      for (size_t begin = 0; begin < order.size(); begin += kBatch) {
        const size_t end = std::min(begin + kBatch, order.size());
        const float share = 1.0F / static_cast<float>(end - begin);
        for (size_t i = begin; i < end; ++i) add_gradient(vectors[order[i]], classes[order[i]], share);
        ++steps_;
        for (size_t l = 0; l < classifier_.layers_.size(); ++l) {
          weights_[l].step(classifier_.layers_[l].weight, steps_, rate, options_.weight_decay);
          biases_[l].step(classifier_.layers_[l].bias, steps_, rate, 0);
        }
      }
    }
  }

 private:
  void add_gradient(const std::vector<float>& vector, size_t wanted, float share) {
    const auto outputs = classifier_.forward(vector);
    std::vector<float> slope = outputs.back();
    const float most = *std::max_element(slope.begin(), slope.end());
    float sum = 0;
    for (float& s : slope) sum += s = std::exp(s - most);
    for (float& s : slope) s *= share / sum;
    slope[wanted] -= share;
    for (size_t l = classifier_.layers_.size(); l-- > 0;) {
      const Layer& layer = classifier_.layers_[l];
      const std::vector<float>& input = l == 0 ? vector : outputs[l - 1];
      std::vector<float> below(layer.in);
      for (size_t o = 0; o < layer.out; ++o) {
        biases_[l].gradient[o] += slope[o];
        for (size_t i = 0; i < layer.in; ++i) {
          weights_[l].gradient[o * layer.in + i] += slope[o] * input[i];
          below[i] += slope[o] * layer.weight[o * layer.in + i];
        }
      }
      for (size_t i = 0; l > 0 && i < below.size(); ++i) below[i] = input[i] > 0 ? below[i] : 0;
      slope = std::move(below);
    }
  }

  Classifier& classifier_;
  ClassifierOptions options_;
  std::vector<Adam> weights_;
  std::vector<Adam> biases_;
  int64_t steps_ = 0;
};

Classifier Classifier::train(const Vectors& vectors, const std::vector<std::string>& labels,
                             const ClassifierOptions& options) {
  const std::set<std::string> names(labels.begin(), labels.end());
  if (names.size() < 2 || vectors.size() != labels.size()) {
    throw Error(ErrorKind::kSettings, "a classifier needs pictures of two labels or more; put them into sub-folders " +
                                          std::string("that are named so"));
  }
  Classifier classifier;
  classifier.labels_.assign(names.begin(), names.end());
  const size_t in = vectors[0].size();
  const auto hidden = static_cast<size_t>(options.hidden);
  if (hidden > 0) classifier.layers_.push_back({in, hidden, {}, {}});
  classifier.layers_.push_back({hidden > 0 ? hidden : in, names.size(), {}, {}});
  std::vector<size_t> classes;
  for (const std::string& label : labels) {
    classes.push_back(static_cast<size_t>(std::distance(names.begin(), names.find(label))));
  }
  Trainer(classifier, options).run(vectors, classes);
  return classifier;
}

std::vector<std::vector<float>> Classifier::forward(const std::vector<float>& vector) const {
  std::vector<std::vector<float>> outputs;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const std::vector<float>& input = l == 0 ? vector : outputs[l - 1];
    std::vector<float> output = layer.bias;
    for (size_t o = 0; o < layer.out; ++o) {
      const float* weights = &layer.weight[o * layer.in];
      for (size_t i = 0; i < layer.in; ++i) output[o] += weights[i] * input[i];
      if (l + 1 < layers_.size()) output[o] = std::max(output[o], 0.0F);
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

const std::string& Classifier::classify(const std::vector<float>& vector) const {
  const std::vector<float> scores = forward(vector).back();
  return labels_[static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin())];
}

double Classifier::accuracy(const Vectors& vectors, const std::vector<std::string>& labels) const {
  size_t right = 0;
  for (size_t i = 0; i < vectors.size(); ++i) right += classify(vectors[i]) == labels[i] ? 1 : 0;
  return vectors.empty() ? 0 : static_cast<double>(right) / static_cast<double>(vectors.size());
}

void Classifier::save(const std::string& path, Metadata metadata) const {
  std::vector<TensorView> views;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const std::string name = "layer" + std::to_string(l);
    const auto in = static_cast<int64_t>(layers_[l].in);
    const auto out = static_cast<int64_t>(layers_[l].out);
    views.push_back(view_of(name + ".weight", {out, in}, layers_[l].weight));
    views.push_back(view_of(name + ".bias", {out}, layers_[l].bias));
  }
  std::string lines;
  for (const std::string& label : labels_) lines += label + '\n';
  metadata["labels"] = lines;
  write_safetensors(path, views, metadata);
}

Classifier Classifier::load(const std::string& path) {
  const SafetensorsFile file(path);
  Classifier classifier;
  const auto lines = file.metadata().find("labels");
  std::istringstream text(lines == file.metadata().end() ? "" : lines->second);
  for (std::string label; std::getline(text, label);) classifier.labels_.push_back(label);
  for (int l = 0; l == 0 || file.find("layer" + std::to_string(l) + ".weight") != nullptr; ++l) {
    const std::string name = "layer" + std::to_string(l);
    std::vector<int64_t> shape;
    std::vector<int64_t> bias_shape;
    Layer layer;
    layer.weight = read_tensor(file, name + ".weight", 2, shape);
    layer.bias = read_tensor(file, name + ".bias", 1, bias_shape);
    layer.out = static_cast<size_t>(shape[0]);
    layer.in = static_cast<size_t>(shape[1]);
    const bool fits = classifier.layers_.empty() || classifier.layers_.back().out == layer.in;
    if (!fits || layer.bias.size() != layer.out) {
      throw Error(ErrorKind::kRead, "\"" + path + "\" is no classifier: its layers do not fit each other");
    }
    classifier.layers_.push_back(std::move(layer));
  }
  if (classifier.labels_.size() < 2 || classifier.labels_.size() != classifier.layers_.back().out) {
    throw Error(ErrorKind::kRead, "\"" + path + "\" is no classifier: its labels do not fit its last layer");
  }
  return classifier;
}

}  // namespace crlsc::tools
