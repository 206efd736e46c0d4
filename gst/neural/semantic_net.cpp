// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/semantic_net.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "neural/model_part.h"
#include "neural/rearrange.h"

namespace crlsc::neural {
namespace nn = torch::nn;
namespace F = torch::nn::functional;
namespace {

constexpr double kSlope = 0.1;
constexpr int kPacked8 = 96;  // 8x8 luma + 2 4x4 chroma
constexpr int kPacked4 = 24;

Convolution conv3(int in, int out, int stride = 1) { return Convolution(in, out, 3, stride); }

Convolution conv1(int in, int out) { return Convolution(in, out, 1); }

Convolution linear(int in, int out) { return Convolution(in, out, 1, 1, false); }

nn::LeakyReLU activation() { return nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(kSlope).inplace(true)); }

void add_blocks(nn::Sequential& net, int width, int count) {
  for (int i = 0; i < count; ++i) net->push_back(ResidualBlock(width));
}

// Name of each size in the metadata, and where it lives.
struct ConfigField {
  const char* key;
  int NetConfig::*member;
  int low;
  int high;
};
constexpr ConfigField kFields[] = {
    {"prediction_width", &NetConfig::prediction_width, 1, 512}, {"encoder_width", &NetConfig::encoder_width, 1, 512},
    {"encoder_blocks", &NetConfig::encoder_blocks, 1, 32},      {"decoder_width", &NetConfig::decoder_width, 1, 512},
    {"decoder_blocks", &NetConfig::decoder_blocks, 1, 32},      {"coarse_width", &NetConfig::coarse_width, 1, 512},
    {"quarter_width", &NetConfig::quarter_width, 1, 256},       {"structure_dim", &NetConfig::structure_dim, 6, 256},
    {"detail_dim", &NetConfig::detail_dim, 6, kPacked8},
};

constexpr double kChromaWeight = 0.7071;  // squared, what a chroma sample counts beside one of luma

// A basis function of the two-dimensional DCT.
struct Wave {
  int plane, y, x;
  int order;  // squared frequency; waves of chroma count as finer than they are, as less is in them
};

// `count` waves of a block by rising order, the coarsest ones: two thirds in luma, the rest alike in both chroma
// planes.
std::vector<Wave> waves_of(int side, int count) {
  constexpr int kChromaHandicap = 3;
  std::vector<Wave> all;
  for (int plane = 0; plane < 3; ++plane) {
    const int length = plane == 0 ? side : side / 2;
    const auto wanted = static_cast<size_t>(plane == 0 ? count - 2 * (count / 6) : count / 6);
    std::vector<Wave> waves;
    for (int y = 0; y < length; ++y) {
      for (int x = 0; x < length; ++x)
        waves.push_back({plane, y, x, y * y + x * x + (plane == 0 ? 0 : kChromaHandicap)});
    }
    std::stable_sort(waves.begin(), waves.end(), [](const Wave& a, const Wave& b) { return a.order < b.order; });
    all.insert(all.end(), waves.begin(), waves.begin() + static_cast<std::ptrdiff_t>(wanted));
  }
  std::stable_sort(all.begin(), all.end(), [](const Wave& a, const Wave& b) { return a.order < b.order; });
  return all;
}

// Basis functions of a block of side x side luma samples and their chroma as pictures, each of length one, chroma
// scaled by `chroma`.
PictureTensor block_basis(int side, int count, double chroma) {
  PictureTensor out{torch::zeros({count, 1, side, side}), torch::zeros({count, 2, side / 2, side / 2})};
  auto line = [](int frequency, int length) {
    auto w = torch::cos((torch::arange(length, torch::kFloat32) + 0.5) * (M_PI * frequency / length));
    return w / w.norm();
  };
  const std::vector<Wave> waves = waves_of(side, count);
  for (int k = 0; k < count; ++k) {
    const Wave& w = waves[static_cast<size_t>(k)];
    if (w.plane == 0) {
      out.luma[k][0].copy_(torch::outer(line(w.y, side), line(w.x, side)));
    } else {
      out.chroma[k][w.plane - 1].copy_(torch::outer(line(w.y, side / 2), line(w.x, side / 2)) * chroma);
    }
  }
  return out;
}

// Puts the transform of a block into a pair of linear maps. `repack` makes a picture of a block into one column.
template <class Repack>
void start_as_transform(Convolution& in, Convolution& out, int side, int count, double scale, Repack repack) {
  in->weight.copy_(repack(block_basis(side, count, kChromaWeight)) * scale);
  out->weight.copy_((repack(block_basis(side, count, 1 / kChromaWeight)) / scale).transpose(0, 1));
}

// A map at 1/16 repeated at 1/16 / factor.
torch::Tensor repeated(const torch::Tensor& map, int factor) {
  return torch::upsample_nearest2d(map, {map.size(2) * factor, map.size(3) * factor});
}

// Full precision in a scope where autocast may be on.
class NoAutocast {
 public:
  NoAutocast() : was_(at::autocast::is_cpu_enabled()) { at::autocast::set_cpu_enabled(false); }
  ~NoAutocast() { at::autocast::set_cpu_enabled(was_); }
  NoAutocast(const NoAutocast&) = delete;
  NoAutocast& operator=(const NoAutocast&) = delete;

 private:
  bool was_;
};

// What the networks see of gains: about 0 for the least level, 1 for the largest; -1 where nothing is coded.
torch::Tensor gain_feature(const torch::Tensor& gains) {
  return torch::where(gains > 0, torch::log2((gains * 64).clamp_min(1)) / 5, torch::full_like(gains, -1));
}

}  // namespace

NetConfig NetConfig::of(NetSize size, bool scalar) {
  NetConfig config;
  if (size == NetSize::kXs) {
    config.prediction_width = 32;
    config.encoder_width = 48;
    config.encoder_blocks = 2;
    config.decoder_width = 48;
    config.decoder_blocks = 3;
    config.coarse_width = 64;
    config.quarter_width = 16;
  }
  config.layout.stage_layer = {1, 2, 2};
  config.layout.split_motion = true;
  config.layout.deblocking = true;
  if (scalar) {
    config.layout.structure_coefficients = config.structure_dim;
    config.layout.detail_coefficients = {16, 32, 48};
    config.layout.gain_levels = kMaxGainLevels;
  } else {
    config.layout.structure_codes = 512;
    config.layout.detail_codes = {512, 256, 256};
    config.layout.gain_levels = 6;
  }
  return config;
}

NetConfig NetConfig::of(const ModelFile& file) {
  NetConfig config;
  for (const ConfigField& field : kFields)
    config.*field.member = metadata_number(file, field.key, field.low, field.high);
  config.layout = file.layout();
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

VectorQuantiserImpl::VectorQuantiserImpl(int classes, int codes, int dim) {
  auto init = torch::randn({classes, codes, dim}) * 0.5;
  init.select(1, 0).zero_();
  codebook = register_buffer("codebook", init);
}

torch::Tensor VectorQuantiserImpl::nearest(const torch::Tensor& z, const torch::Tensor& penalty,
                                           const torch::Tensor& classes) const {
  const NoAutocast exact;  // small prices count beside large distances
  auto out = torch::empty({z.size(0)}, torch::kLong);
  for (int64_t k = 0; k < codebook.size(0); ++k) {
    const auto rows = (classes == k).nonzero().squeeze(1);
    if (rows.size(0) == 0) continue;
    // |z|^2 is the same for all codes and left out.
    const auto book = codebook[k];
    auto distance = torch::addmm(book.square().sum(1), z.index_select(0, rows), book.t(), 1, -2);
    if (penalty.defined()) distance += penalty.index_select(0, rows);
    out.index_copy_(0, rows, distance.argmin(1));
  }
  return out;
}

torch::Tensor VectorQuantiserImpl::lookup(const torch::Tensor& indices, const torch::Tensor& classes) const {
  return codebook.flatten(0, 1).index_select(0, indices + classes * codebook.size(1));
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
  return second_->forward_with(first_->forward_with(x, kSlope), 1, x);
}

SemanticNetImpl::SemanticNetImpl(NetConfig config) : config_(std::move(config)) {
  const NetConfig& c = config_;
  structure_in_ = register_module("structure_in", linear(4 * kPacked8, c.structure_dim));
  structure_out_ = register_module("structure_out", linear(c.structure_dim, 4 * kPacked8));
  detail_in_ = register_module("detail_in", linear(kPacked8, c.detail_dim));
  detail_out_ = register_module("detail_out", linear(c.detail_dim, kPacked8));
  prediction_ =
      register_module("prediction", nn::Sequential(conv1(kPacked8, c.prediction_width), activation(),
                                                   conv3(c.prediction_width, c.prediction_width), activation()));
  encoder_ = nn::Sequential(conv1(kPacked8 + c.prediction_width + 1, c.encoder_width));
  add_blocks(encoder_, c.encoder_width, c.encoder_blocks);
  register_module("encoder", encoder_);
  structure_head_ = register_module(
      "structure_head", nn::Sequential(conv3(c.encoder_width, c.coarse_width, 2), ResidualBlock(c.coarse_width),
                                       conv1(c.coarse_width, c.structure_dim)));
  detail_head_ =
      register_module("detail_head", nn::Sequential(conv3(c.encoder_width + c.structure_dim, c.encoder_width),
                                                    activation(), conv1(c.encoder_width, c.detail_dim)));
  spread_ =
      register_module("spread", nn::Sequential(conv1(c.structure_dim, c.coarse_width), ResidualBlock(c.coarse_width),
                                               conv1(c.coarse_width, 4 * c.structure_dim)));
  decoder_ = nn::Sequential(conv1(c.prediction_width + c.structure_dim + c.detail_dim + 1, c.decoder_width));
  add_blocks(decoder_, c.decoder_width, c.decoder_blocks);
  decoder_->push_back(conv1(c.decoder_width, 4 * c.quarter_width));
  register_module("decoder", decoder_);
  refine_ = register_module("refine", nn::Sequential(conv3(c.quarter_width + kPacked4, c.quarter_width), activation(),
                                                     conv3(c.quarter_width, c.quarter_width), activation(),
                                                     conv3(c.quarter_width, kPacked4)));
  if (!c.layout.scalar()) {
    structure_quantiser =
        register_module("structure", VectorQuantiser(c.layout.gain_classes, c.layout.structure_codes, c.structure_dim));
  }
  for (size_t s = 0; s < c.layout.detail_codes.size(); ++s) {
    detail_quantisers.push_back(register_module(
        "detail" + std::to_string(s), VectorQuantiser(c.layout.gain_classes, c.layout.detail_codes[s], c.detail_dim)));
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
  // An untrained network is the transform alone.
  for (auto* head : {&structure_head_, &detail_head_, &refine_}) {
    for (auto& p : (*head)[(*head)->size() - 1]->parameters()) p.zero_();
  }
  const bool scalar = config_.layout.scalar();
  start_as_transform(structure_in_, structure_out_, 16, config_.structure_dim, scalar ? 1 : kStructureScale,
                     [](const PictureTensor& p) { return torch::pixel_unshuffle(p.packed(8), 2); });
  start_as_transform(detail_in_, detail_out_, 8, config_.detail_dim, scalar ? 1 : kDetailScale,
                     [](const PictureTensor& p) { return p.packed(8); });
}

torch::Tensor SemanticNetImpl::prediction_features(const torch::Tensor& prediction) {
  return prediction_->forward(prediction);
}

SemanticNetImpl::Analysis SemanticNetImpl::analyse(const torch::Tensor& current, const torch::Tensor& prediction,
                                                   const torch::Tensor& prediction_features,
                                                   const torch::Tensor& gains) {
  Analysis a;
  const auto gains8 = repeated(gains, 2);
  a.change = (current - prediction) / gains8;
  a.base = encoder_->forward(torch::cat({a.change, prediction_features, gain_feature(gains8)}, 1));
  a.structure = structure_in_->forward(space_to_depth(a.change)) + structure_head_->forward(a.base);
  return a;
}

SemanticNetImpl::Spread SemanticNetImpl::spread(const torch::Tensor& structure) {
  return {depth_to_space(spread_->forward(structure)), depth_to_space(structure_out_->forward(structure))};
}

torch::Tensor SemanticNetImpl::detail_latent(const Analysis& analysis, const Spread& spread) {
  return detail_in_->forward(analysis.change - spread.change) +
         detail_head_->forward(torch::cat({analysis.base, spread.features}, 1));
}

torch::Tensor SemanticNetImpl::change(const Spread& spread, const torch::Tensor& detail) {
  return halved(spread.change + detail_out_->forward(detail));
}

torch::Tensor SemanticNetImpl::correction(const torch::Tensor& prediction, const torch::Tensor& prediction_features,
                                          const Spread& spread, const torch::Tensor& detail,
                                          const torch::Tensor& change, const torch::Tensor& gains) {
  const auto x = decoder_->forward(
      torch::cat({prediction_features, spread.features, detail, gain_feature(repeated(gains, 2))}, 1));
  const auto plain = halved(prediction) + change * repeated(gains, 4);
  return refine_->forward(torch::cat({depth_to_space(x), plain}, 1));
}

torch::Tensor SemanticNetImpl::apply(const torch::Tensor& prediction, const torch::Tensor& change,
                                     const torch::Tensor& gains) {
  return (halved(prediction) + change * repeated(gains, 4)).to(torch::kFloat32);
}

torch::Tensor SemanticNetImpl::synthesise(const torch::Tensor& prediction, const torch::Tensor& prediction_features,
                                          const Spread& spread, const torch::Tensor& detail,
                                          const torch::Tensor& gains) {
  const auto linear = change(spread, detail);
  const auto more = correction(prediction, prediction_features, spread, detail, linear, gains);
  return apply(prediction, linear + more, gains);
}

Complexity SemanticNetImpl::complexity() const {
  Complexity sum{};
  for (const auto& p : parameters()) sum.parameters += p.numel();
  // Of the maps at 1 / `scale` that a part of the network makes.
  const auto macs = [](const torch::nn::Module& part, int scale) {
    int64_t weights = 0;
    for (const auto& p : part.parameters()) weights += p.dim() == 4 ? p.numel() : 0;
    return static_cast<double>(weights) / (scale * scale);
  };
  const double both = macs(*prediction_, 8) + macs(*spread_, 16) + macs(*structure_out_, 16);
  sum.encoder = both + macs(*encoder_, 8) + macs(*structure_in_, 16) + macs(*structure_head_, 16) +
                macs(*detail_in_, 8) + macs(*detail_head_, 8);
  sum.decoder = both + macs(*detail_out_, 8) + macs(*decoder_, 8) + macs(*refine_, 4);
  return sum;
}

torch::Tensor to_rows(const torch::Tensor& map) { return map.permute({0, 2, 3, 1}).reshape({-1, map.size(1)}); }

torch::Tensor to_map(const torch::Tensor& rows, int64_t batch, int64_t height, int64_t width) {
  return rows.reshape({batch, height, width, rows.size(1)}).permute({0, 3, 1, 2});
}

}  // namespace crlsc::neural
