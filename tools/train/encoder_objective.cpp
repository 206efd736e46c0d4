// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/encoder_objective.h"

#include <algorithm>

namespace crlsc::tools {
namespace F = torch::nn::functional;
namespace nn = torch::nn;
using torch::Tensor;

namespace {

constexpr double kContrast = 0.5;      // weight of InfoNCE beside the alignment
constexpr double kLikeness = 0.5;      // weight of the divergence
constexpr double kTemperature = 0.07;  // of InfoNCE
constexpr double kTeacherTemperature = 0.05;
constexpr double kStudentTemperature = 0.1;
constexpr double kTooAlike = 0.9;  // other vectors as near as this to the target are no counter-examples
constexpr double kViewTemperature = 0.2;
constexpr double kNever = -1e4;  // of a logit that must not count

Tensor rows(const std::vector<const Vector*>& vectors) {
  auto out = torch::empty({static_cast<int64_t>(vectors.size()), static_cast<int64_t>(vectors.at(0)->size())});
  float* values = out.data_ptr<float>();
  for (const Vector* v : vectors) values = std::copy(v->begin(), v->end(), values);
  return out;
}

Tensor targets(const std::vector<EncoderSample>& samples) {
  std::vector<const Vector*> vectors;
  for (const EncoderSample& s : samples) vectors.push_back(&s.target);
  return rows(vectors);
}

class Guided : public EncoderObjective {
 public:
  Guided(const EncoderMaterial& material, int bank) : most_(bank) {
    std::vector<const Vector*> vectors;
    for (const Vector& v : material.bank) vectors.push_back(&v);
    bank_ = rows(vectors);
  }

  std::vector<std::string> terms() const override { return {"alignment", "contrast", "likeness"}; }

  Tensor loss(const Tensor& vectors, const std::vector<EncoderSample>& samples, std::mt19937_64& random,
              std::vector<Tensor>& parts) override {
    const Tensor z = F::normalize(vectors);
    const Tensor t = targets(samples);
    const Tensor bank = next_bank(random);
    const Tensor alignment = (1 - (z * t).sum(1)).mean();
    const auto others = torch::cat({t, bank});
    const auto own = torch::arange(t.size(0));
    auto alike = torch::matmul(t, others.t()) > kTooAlike;
    alike.index_put_({own, own}, false);
    const auto logits = torch::matmul(z, others.t()).div(kTemperature).masked_fill(alike, kNever);
    const Tensor contrast = F::cross_entropy(logits, own);
    const auto wanted = torch::softmax(torch::matmul(t, bank.t()) / kTeacherTemperature, 1);
    const auto given = torch::log_softmax(torch::matmul(z, bank.t()) / kStudentTemperature, 1);
    const Tensor likeness = F::kl_div(given, wanted, F::KLDivFuncOptions().reduction(torch::kBatchMean));
    parts = {alignment, contrast, likeness};
    return alignment + kContrast * contrast + kLikeness * likeness;
  }

  double score(const Tensor& vectors, const std::vector<EncoderSample>& samples) override {
    return (F::normalize(vectors) * targets(samples)).sum(1).mean().item<double>();
  }

 private:
  Tensor next_bank(std::mt19937_64& random) const {
    if (bank_.size(0) <= most_) return bank_;
    std::vector<int64_t> chosen;
    for (int i = 0; i < most_; ++i) {
      chosen.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(bank_.size(0))));
    }
    return bank_.index_select(0, torch::tensor(chosen));
  }

  int most_;
  Tensor bank_;
};

// Views of one picture attract each other, those of all others repel: InfoNCE behind a small projector, which spares
// the head's vectors what only tells views apart (Chen et al.: SimCLR, ICML 2020).
class Contrastive : public EncoderObjective {
 public:
  explicit Contrastive(int dimension) {
    beside->push_back(nn::Linear(dimension, dimension));
    beside->push_back(nn::ReLU());
    beside->push_back(nn::Linear(dimension, dimension));
  }

  int views() const override { return 2; }
  std::vector<std::string> terms() const override { return {"contrast"}; }

  Tensor loss(const Tensor& vectors, const std::vector<EncoderSample>&, std::mt19937_64&,
              std::vector<Tensor>& parts) override {
    const Tensor z = F::normalize(beside->forward(vectors));
    const int64_t count = z.size(0);
    const auto self = torch::eye(count, torch::kBool);
    const auto logits = torch::matmul(z, z.t()).div(kViewTemperature).masked_fill(self, kNever);
    // Views lie side by side: 0 with 1, 2 with 3, ...
    parts = {F::cross_entropy(logits, torch::arange(count).bitwise_xor(1))};
    return parts[0];
  }

  // Of plain samples there is one view only: how far they are from each other, 1 for vectors that share no direction.
  double score(const Tensor& vectors, const std::vector<EncoderSample>&) override {
    const Tensor z = F::normalize(vectors);
    return 1 - z.mean(0).norm().item<double>();
  }
};

class Supervised : public EncoderObjective {
 public:
  Supervised(int dimension, int labels) { beside->push_back(nn::Linear(dimension, labels)); }

  std::vector<std::string> terms() const override { return {"entropy"}; }

  Tensor loss(const Tensor& vectors, const std::vector<EncoderSample>& samples, std::mt19937_64&,
              std::vector<Tensor>& parts) override {
    parts = {F::cross_entropy(beside->forward(vectors), labels(samples))};
    return parts[0];
  }

  double score(const Tensor& vectors, const std::vector<EncoderSample>& samples) override {
    const Tensor right = beside->forward(vectors).argmax(1) == labels(samples);
    return right.to(torch::kFloat32).mean().item<double>();
  }

 private:
  static Tensor labels(const std::vector<EncoderSample>& samples) {
    std::vector<int64_t> out;
    for (const EncoderSample& s : samples) out.push_back(s.label);
    return torch::tensor(out);
  }
};

}  // namespace

std::unique_ptr<EncoderObjective> EncoderObjective::make(const EncoderMaterial& material, int bank) {
  switch (material.mode) {
    case EncoderMode::kContrastive:
      return std::make_unique<Contrastive>(material.dimension);
    case EncoderMode::kSupervised:
      return std::make_unique<Supervised>(material.dimension, static_cast<int>(material.labels.size()));
    case EncoderMode::kGuided:
      break;
  }
  return std::make_unique<Guided>(material, bank);
}

}  // namespace crlsc::tools
