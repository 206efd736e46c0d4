// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/feature_codec.h"

namespace crlsc::tools {
namespace nn = torch::nn;
using neural::ResidualBlock;
using neural::SemanticHeadImpl;
using torch::Tensor;

namespace {

constexpr int kCodeLength = 32;
constexpr int kWide = 96;    // channels at 1/8
constexpr int kNarrow = 64;  // at 1/4
constexpr int kPacked4 = 24;

ResidualBlock damped(int width) {
  ResidualBlock block(width);
  block->damp();
  return block;
}

nn::Conv2d conv(int in, int out, int kernel) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).padding(kernel / 2));
}

}  // namespace

FeatureCodecImpl::FeatureCodecImpl(neural::SemanticHead h) {
  head = register_module("head", std::move(h));
  squeeze_ = register_module("squeeze", conv(SemanticHeadImpl::kFeatureWidth, kCodeLength, 1));
  quantiser = register_module("quantiser", neural::VectorQuantiser(1, kCodes, kCodeLength));
  decoder_ = register_module("decoder",
                             nn::Sequential(conv(kCodeLength, kWide, 3), damped(kWide), damped(kWide), damped(kWide),
                                            conv(kWide, 4 * kNarrow, 1), nn::PixelShuffle(nn::PixelShuffleOptions(2)),
                                            damped(kNarrow), damped(kNarrow), conv(kNarrow, kPacked4, 3)));
}

Tensor FeatureCodecImpl::analyse(const neural::PictureTensor& pictures, bool frozen) {
  Tensor features;
  {
    const torch::AutoGradMode learns(!frozen && at::GradMode::is_enabled());
    features = head->features(pictures.packed(4));
  }
  return neural::to_rows(squeeze_->forward(features)).to(torch::kFloat32);
}

neural::PictureTensor FeatureCodecImpl::synthesise(const Tensor& rows, int64_t batch) {
  constexpr int kSide = SemanticHeadImpl::kFeatureSide;
  const Tensor map = neural::to_map(rows, batch, kSide, kSide);
  return neural::PictureTensor::unpacked(decoder_->forward(map).to(torch::kFloat32), 4);
}

}  // namespace crlsc::tools
