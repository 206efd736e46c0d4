// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/semantic_net.h"

#include "core/error.h"

namespace crlsc::neural {
namespace nn = torch::nn;
namespace F = torch::nn::functional;
namespace {

constexpr double kSlope = 0.1;

nn::Conv2d conv3(int in, int out, int stride = 1) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 3).padding(1).stride(stride));
}

nn::Conv2d conv1(int in, int out) { return nn::Conv2d(nn::Conv2dOptions(in, out, 1)); }

nn::LeakyReLU activation() { return nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(kSlope).inplace(true)); }

void add_blocks(nn::Sequential& net, int width, int count) {
  for (int i = 0; i < count; ++i) net->push_back(ResidualBlock(width));
}

int number(const std::map<std::string, std::string>& metadata, const std::string& key, int low, int high) {
  const auto it = metadata.find(key);
  if (it == metadata.end()) throw Error(ErrorKind::kRead, "model metadata lacks \"" + key + "\"");
  char* end = nullptr;
  const long value = std::strtol(it->second.c_str(), &end, 10);
  if (it->second.empty() || *end != '\0' || value < low || value > high) {
    throw Error(ErrorKind::kRead, "model metadata \"" + key + "\" is \"" + it->second + "\", outside " +
                                      std::to_string(low) + ".." + std::to_string(high));
  }
  return static_cast<int>(value);
}

// Name of each size in the metadata, and where it lives.
struct ConfigField {
  const char* key;
  int NetConfig::*member;
  int high;
};
constexpr ConfigField kFields[] = {
    {"prediction_width", &NetConfig::prediction_width, 512}, {"encoder_width", &NetConfig::encoder_width, 512},
    {"encoder_blocks", &NetConfig::encoder_blocks, 32},      {"decoder_width", &NetConfig::decoder_width, 512},
    {"decoder_blocks", &NetConfig::decoder_blocks, 32},      {"coarse_width", &NetConfig::coarse_width, 512},
    {"quarter_width", &NetConfig::quarter_width, 256},       {"structure_dim", &NetConfig::structure_dim, 256},
    {"detail_dim", &NetConfig::detail_dim, 256},
};

}  // namespace

NetConfig NetConfig::standard() {
  NetConfig config;
  config.layout.structure_codes = 512;
  config.layout.detail_codes = {256, 256, 256};
  config.layout.stage_layer = {1, 2, 2};
  return config;
}

NetConfig NetConfig::from_metadata(const std::map<std::string, std::string>& metadata, const TokenLayout& layout) {
  NetConfig config;
  for (const ConfigField& field : kFields) config.*field.member = number(metadata, field.key, 1, field.high);
  config.layout = layout;
  return config;
}

void NetConfig::to_metadata(std::map<std::string, std::string>& metadata) const {
  for (const ConfigField& field : kFields) metadata[field.key] = std::to_string(this->*field.member);
}

torch::Tensor PictureTensor::packed(int factor) const {
  return torch::cat({torch::pixel_unshuffle(luma, factor), torch::pixel_unshuffle(chroma, factor / 2)}, 1)
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

PictureTensor PictureTensor::unpacked(const torch::Tensor& packed, int factor) {
  const int64_t luma_channels = int64_t{factor} * factor;
  return {torch::pixel_shuffle(packed.slice(1, 0, luma_channels), factor),
          torch::pixel_shuffle(packed.slice(1, luma_channels), factor / 2)};
}

VectorQuantiserImpl::VectorQuantiserImpl(int codes, int dim) {
  auto init = torch::randn({codes, dim}) * 0.5;
  init[0].zero_();
  codebook = register_buffer("codebook", init);
}

torch::Tensor VectorQuantiserImpl::nearest(const torch::Tensor& z, const torch::Tensor& penalty) const {
  // |z|^2 is the same for all codes and left out.
  auto bias = codebook.square().sum(1);
  if (penalty.defined()) bias = bias + penalty;
  return torch::addmm(bias, z, codebook.t(), 1, -2).argmin(1);
}

torch::Tensor VectorQuantiserImpl::lookup(const torch::Tensor& indices) const {
  return codebook.index_select(0, indices);
}

ResidualBlockImpl::ResidualBlockImpl(int width) {
  first_ = register_module("first", conv3(width, width));
  second_ = register_module("second", conv3(width, width));
}

void ResidualBlockImpl::damp() {
  torch::NoGradGuard no_grad;
  second_->weight.mul_(0.2);
}

torch::Tensor ResidualBlockImpl::forward(torch::Tensor x) {
  auto y = first_(x);
  return x + second_(torch::leaky_relu_(y, kSlope));
}

SemanticNetImpl::SemanticNetImpl(NetConfig config) : config_(std::move(config)) {
  const NetConfig& c = config_;
  constexpr int kPacked8 = 96;  // 8x8 luma + 2 4x4 chroma
  constexpr int kPacked4 = 24;
  prediction_ = register_module(
      "prediction", nn::Sequential(conv1(kPacked8, c.prediction_width), activation(),
                                   conv3(c.prediction_width, c.prediction_width), activation()));
  encoder_ = nn::Sequential(conv1(kPacked8 + c.prediction_width, c.encoder_width));
  add_blocks(encoder_, c.encoder_width, c.encoder_blocks);
  register_module("encoder", encoder_);
  structure_head_ = register_module(
      "structure_head", nn::Sequential(conv3(c.encoder_width, c.coarse_width, 2), ResidualBlock(c.coarse_width),
                                       conv1(c.coarse_width, c.structure_dim)));
  detail_head_ = register_module(
      "detail_head", nn::Sequential(conv3(c.encoder_width + c.structure_dim, c.encoder_width), activation(),
                                    conv1(c.encoder_width, c.detail_dim)));
  spread_ = register_module("spread",
                            nn::Sequential(conv1(c.structure_dim, c.coarse_width), ResidualBlock(c.coarse_width),
                                           conv1(c.coarse_width, 4 * c.structure_dim)));
  decoder_ = nn::Sequential(conv1(c.prediction_width + c.structure_dim + c.detail_dim + 1, c.decoder_width));
  add_blocks(decoder_, c.decoder_width, c.decoder_blocks);
  decoder_->push_back(conv1(c.decoder_width, 4 * c.quarter_width));
  register_module("decoder", decoder_);
  refine_ = register_module("refine", nn::Sequential(conv3(c.quarter_width + kPacked4, c.quarter_width), activation(),
                                                     conv3(c.quarter_width, c.quarter_width), activation(),
                                                     conv3(c.quarter_width, kPacked4)));
  structure_quantiser =
      register_module("structure", VectorQuantiser(c.layout.structure_codes, c.structure_dim));
  for (size_t s = 0; s < c.layout.detail_codes.size(); ++s) {
    detail_quantisers.push_back(register_module("detail" + std::to_string(s),
                                                VectorQuantiser(c.layout.detail_codes[s], c.detail_dim)));
  }
  initialise();
}

// Keeps the variance of signals through all layers (He et al. 2015); torch's default loses two thirds in each.
void SemanticNetImpl::initialise() {
  torch::NoGradGuard no_grad;
  for (auto& item : named_parameters()) {
    if (item.value().dim() == 4) {
      nn::init::kaiming_normal_(item.value(), kSlope, torch::kFanIn, torch::kLeakyReLU);
    } else {
      item.value().zero_();
    }
  }
  for (auto& module : modules(/*include_self=*/false)) {
    if (auto* block = module->as<ResidualBlockImpl>()) block->damp();
  }
  // An untrained decoder repeats its prediction.
  for (auto& p : refine_[refine_->size() - 1]->parameters()) p.zero_();
}

torch::Tensor SemanticNetImpl::prediction_features(const PictureTensor& prediction) {
  return prediction_->forward(prediction.packed(8));
}

SemanticNetImpl::Analysis SemanticNetImpl::analyse(const PictureTensor& current,
                                                   const torch::Tensor& prediction_features) {
  Analysis a;
  a.base = encoder_->forward(torch::cat({current.packed(8), prediction_features}, 1));
  a.structure = structure_head_->forward(a.base);
  return a;
}

torch::Tensor SemanticNetImpl::spread(const torch::Tensor& structure) {
  return torch::pixel_shuffle(spread_->forward(structure), 2);
}

torch::Tensor SemanticNetImpl::detail_latent(const torch::Tensor& base, const torch::Tensor& spread) {
  return detail_head_->forward(torch::cat({base, spread}, 1));
}

PictureTensor SemanticNetImpl::synthesise(const PictureTensor& prediction, const torch::Tensor& prediction_features,
                                          const torch::Tensor& spread, const torch::Tensor& detail,
                                          const torch::Tensor& coded) {
  auto x = decoder_->forward(torch::cat({prediction_features, spread, detail, coded}, 1));
  auto quarter = prediction.packed(4);
  auto r = refine_->forward(torch::cat({torch::pixel_shuffle(x, 2), quarter}, 1));
  return PictureTensor::unpacked((quarter + r).to(torch::kFloat32), 4);
}

torch::Tensor to_rows(const torch::Tensor& map) {
  return map.permute({0, 2, 3, 1}).reshape({-1, map.size(1)});
}

torch::Tensor to_map(const torch::Tensor& rows, int64_t batch, int64_t height, int64_t width) {
  return rows.reshape({batch, height, width, rows.size(1)}).permute({0, 3, 1, 2});
}

}  // namespace crlsc::neural
