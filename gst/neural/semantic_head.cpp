// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/semantic_head.h"

#include <cstring>

#include "core/area_resize.h"
#include "core/error.h"
#include "core/kb/product_quantiser.h"
#include "neural/autocast.h"
#include "neural/model_part.h"
#include "neural/picture_tensor.h"

namespace crlsc::neural {
namespace nn = torch::nn;
namespace {

constexpr ModelPart kPart{"semantic head", "semantic.", "embedding_"};
constexpr int kPacked4 = 24;
constexpr size_t kFeatureLayers = 4;  // of the trunk, up to 1/8

// x + project(depthwise(expand(x))); without the sum where it changes the size.
class InvertedResidualImpl : public nn::Module {
 public:
  InvertedResidualImpl(int in, int hidden, int out, int stride) : sum_(stride == 1 && in == out) {
    expand_ = register_module("expand", ConvNorm(in, hidden, 1, 1, false, true));
    depthwise_ = register_module("depthwise", ConvNorm(hidden, hidden, 3, stride, true, true));
    project_ = register_module("project", ConvNorm(hidden, out, 1, 1, false, false));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const auto y = project_->forward(depthwise_->forward(expand_->forward(x)));
    return sum_ ? x + y : y;
  }

 private:
  ConvNorm expand_{nullptr}, depthwise_{nullptr}, project_{nullptr};
  bool sum_;
};
TORCH_MODULE(InvertedResidual);

class HeadEmbedder : public Embedder {
 public:
  HeadEmbedder(SemanticHead head, bool bf16) : head_(std::move(head)), bf16_(bf16) {}

  int dimension() const override { return head_->dimension(); }

  void embed(const PictureView& picture, float* out) override {
    const c10::InferenceMode inference;
    const Picture small = resize_area(picture, kHeadSize, kHeadSize);
    const auto input = to_tensor({&small}).packed(4);
    torch::Tensor vector;
    {
      const Autocast autocast(bf16_);
      vector = head_->forward(input);
    }
    vector = nn::functional::normalize(vector.to(torch::kFloat32)).contiguous();
    std::memcpy(out, vector.data_ptr<float>(), static_cast<size_t>(vector.nbytes()));
  }

 private:
  SemanticHead head_;
  bool bf16_;
};

}  // namespace

ConvNormImpl::ConvNormImpl(int in, int out, int kernel, int stride, bool depthwise, bool relu) : relu_(relu) {
  conv_ = register_module("conv", Convolution(in, out, kernel, stride, true, depthwise ? in : 1));
  norm_ = register_module("norm", nn::BatchNorm2d(nn::BatchNorm2dOptions(out).momentum(0.05)));
  torch::NoGradGuard no_grad;
  nn::init::kaiming_normal_(conv_->weight, 0, torch::kFanOut, torch::kReLU);
  conv_->bias.zero_();
}

torch::Tensor ConvNormImpl::forward(const torch::Tensor& x) {
  auto y = conv_->forward(x);
  if (!norm_.is_empty()) y = norm_->forward(y.to(torch::kFloat32));  // statistics of bf16 would be too coarse
  return relu_ ? torch::relu(y) : y;
}

void ConvNormImpl::fold() {
  if (norm_.is_empty()) return;
  torch::NoGradGuard no_grad;
  const auto scale = norm_->weight / torch::sqrt(norm_->running_var + norm_->options.eps());
  conv_->weight.mul_(scale.view({-1, 1, 1, 1}));
  conv_->bias.sub_(norm_->running_mean).mul_(scale).add_(norm_->bias);
  unregister_module("norm");
  norm_ = nullptr;
}

SemanticHeadImpl::SemanticHeadImpl(int dimension) : dimension_(dimension) {
  constexpr int kWide = 640;
  trunk_ = register_module("trunk",
                           nn::Sequential(ConvNorm(kPacked4, 32, 3, 1, false, true),               // 24x24
                                          ConvNorm(32, kFeatureWidth, 3, 2, false, true),          // 12x12
                                          InvertedResidual(kFeatureWidth, 192, kFeatureWidth, 1),  //
                                          InvertedResidual(kFeatureWidth, 192, kFeatureWidth, 1),  //
                                          InvertedResidual(kFeatureWidth, 256, 128, 2),            // 6x6
                                          InvertedResidual(128, 384, 128, 1), InvertedResidual(128, 384, 128, 1),  //
                                          InvertedResidual(128, 512, 256, 2),  // 3x3
                                          InvertedResidual(256, 640, 256, 1), InvertedResidual(256, 640, 256, 1),  //
                                          ConvNorm(256, kWide, 1, 1, false, true)));
  out_ = register_module("out", nn::Linear(kWide, dimension));
}

torch::Tensor SemanticHeadImpl::forward(const torch::Tensor& packed4) {
  return out_->forward(trunk_->forward(packed4).mean({2, 3}));
}

torch::Tensor SemanticHeadImpl::features(const torch::Tensor& packed4) {
  auto layer = trunk_->begin();
  torch::Tensor x = packed4;
  for (size_t i = 0; i < kFeatureLayers; ++i, ++layer) x = layer->forward(x);
  return x;
}

int64_t SemanticHeadImpl::multiplications() const {
  int64_t side = kHeadSize / 4;
  int64_t sum = out_->weight.numel();
  for (const auto& module : modules(/*include_self=*/false)) {  // in the order of forward()
    const auto* conv = module->as<nn::Conv2dImpl>();
    if (conv == nullptr) continue;
    side /= (*conv->options.stride())[0];
    sum += conv->weight.numel() * side * side;
  }
  return sum;
}

void SemanticHeadImpl::fold() {
  for (auto& module : modules(/*include_self=*/false)) {
    if (auto* layer = module->as<ConvNormImpl>()) layer->fold();
  }
}

bool has_head(const ModelFile& file) { return file.find(std::string(kPart.tensors) + "out.weight") != nullptr; }

SemanticHead import_head(const ModelFile& file) {
  SemanticHead head(metadata_number(file, "embedding_dim", 1, kMaxVectorDimension));
  head->eval();
  head->fold();
  kPart.read_into(*head, file);
  return head;
}

void export_with_head(const ModelFile& base, SemanticHead& head, const HeadIdentity& identity,
                      const std::string& path) {
  head->eval();
  head->fold();
  Metadata metadata;
  metadata["embedding_dim"] = std::to_string(identity.dimension);
  metadata["embedding_teacher"] = identity.teacher;
  metadata["embedding_skb"] = identity.skb;
  metadata["embedding_codebooks"] = identity.codebooks;
  metadata["embedding_license"] = identity.license;
  metadata["embedding_training"] = identity.training;
  kPart.write(base, *head, metadata, path);
}

void carry_head(const ModelFile& from, const ModelFile& base, const std::string& path) {
  if (!has_head(from)) {
    throw Error(ErrorKind::kWrongType, "model \"" + from.path() + "\" has no semantic head to carry");
  }
  import_head(from);  // as a check
  std::vector<TensorView> views = kPart.tensors_beside(base);
  for (const TensorView& view : from.tensors()) {
    if (kPart.has(view)) views.push_back(view);
  }
  Metadata metadata = kPart.metadata_beside(base);
  for (const auto& [key, value] : from.metadata()) {
    if (key.rfind(kPart.metadata, 0) == 0) metadata[key] = value;
  }
  save_model(path, views, metadata);
}

std::unique_ptr<Embedder> make_embedder(SemanticHead head, bool bf16) {
  return std::make_unique<HeadEmbedder>(std::move(head), bf16);
}

}  // namespace crlsc::neural
