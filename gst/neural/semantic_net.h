// SPDX-License-Identifier: LGPL-2.1-or-later
// The VQ-VAE: encoder, quantisers and decoder of one conditional picture coder. Every picture is coded on top of a
// prediction; a first picture's prediction is grey, so that one network serves both (docs/architecture.md).
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "core/model/model_file.h"
#include "neural/convolution.h"

namespace crlsc::neural {

// S, as the default model has it, and XS, for larger pictures and smaller machines.
enum class NetSize { kS, kXs };

// Sizes of the network. Stored as metadata in the model file.
struct NetConfig {
  int prediction_width = 64;  // channels of the prediction's features at 1/8
  int encoder_width = 64;     // channels of the encoder at 1/8
  int encoder_blocks = 3;
  int decoder_width = 64;  // channels of the decoder at 1/8
  int decoder_blocks = 4;
  int coarse_width = 96;   // channels at 1/16
  int quarter_width = 32;  // channels at 1/4
  int structure_dim = 24;  // length of a structure code vector
  int detail_dim = 96;     // length of a detail code vector
  TokenLayout layout;      // how many codes and stages

  static NetConfig of(NetSize size, bool scalar);
  // As the model says. Throws Error(kRead) if it lacks a size or has one that cannot be.
  static NetConfig of(const ModelFile& file);
  void to_metadata(std::map<std::string, std::string>& metadata) const;
};

// A picture as the network sees it, values (sample - 128) / 128: luma [B, 1, H, W], chroma [B, 2, H/2, W/2].
struct PictureTensor {
  torch::Tensor luma;
  torch::Tensor chroma;
  // Luma unshuffled by `factor`, chroma by factor / 2: [B, 1.5 factor^2, H/factor, W/factor], channels last.
  torch::Tensor packed(int factor) const;
  static PictureTensor unpacked(const torch::Tensor& packed, int factor);
};

// Codebooks [classes, codes, dim], one for each class of gains, whose code 0 is the zero vector for ever. A buffer, not
// a parameter: training moves it by running means, not by gradients. `classes` [N] below says which book each row uses.
class VectorQuantiserImpl : public torch::nn::Module {
 public:
  VectorQuantiserImpl(int classes, int codes, int dim);
  // For each row of z [N, dim] the index [N] of the code with the least squared distance + penalty ([N, codes] or
  // undefined).
  torch::Tensor nearest(const torch::Tensor& z, const torch::Tensor& penalty, const torch::Tensor& classes) const;
  // Vectors [N, dim] of the codes `indices` [N].
  torch::Tensor lookup(const torch::Tensor& indices, const torch::Tensor& classes) const;

  torch::Tensor codebook;
};
TORCH_MODULE(VectorQuantiser);

// x + conv(act(conv(x))), 3x3.
class ResidualBlockImpl : public torch::nn::Module {
 public:
  explicit ResidualBlockImpl(int width);
  torch::Tensor forward(torch::Tensor x);
  // Makes a fresh block nearly the identity, so that deep stacks start to learn at once.
  void damp();

 private:
  Convolution first_{nullptr};
  Convolution second_{nullptr};
};
TORCH_MODULE(ResidualBlock);

// Latents of the linear path are a change's cosine transform, of which waves have length one, scaled by these: what
// keeps them near one for changes of unit size. A scalar quantiser takes them as they are.
constexpr double kStructureScale = 0.25;
constexpr double kDetailScale = 0.5;

// What a network costs: multiplications with additions for each luma sample of a picture all of whose cells are coded,
// of what the encoder does before it decodes, and of what a decoder does.
struct Complexity {
  int64_t parameters;
  double encoder;
  double decoder;
};

// Shapes below for pictures of H x W, both multiples of 16. Pictures come in as PictureTensor::packed(8), 96 channels
// at 1/8, and go out as packed(4), 24 channels at 1/4. The change that a picture brings to its prediction is coded
// divided by its cell's gain. A linear path, which starts as a discrete cosine transform, carries the change through
// the tokens; networks beside it correct both of its ends.
class SemanticNetImpl : public torch::nn::Module {
 public:
  explicit SemanticNetImpl(NetConfig config);

  const NetConfig& config() const { return config_; }
  Complexity complexity() const;

  // Features of the prediction [B, prediction_width, H/8, W/8]; both sides compute them once a picture.
  torch::Tensor prediction_features(const torch::Tensor& prediction);

  struct Analysis {
    torch::Tensor structure;  // [B, structure_dim, H/16, W/16], before quantisation
    torch::Tensor base;       // [B, encoder_width, H/8, W/8], what detail_latent() goes on from
    torch::Tensor change;     // packed(8), divided by the gain
  };
  // `gains` [B, 1, H/16, W/16], in the unit of the pictures, of every cell.
  Analysis analyse(const torch::Tensor& current, const torch::Tensor& prediction,
                   const torch::Tensor& prediction_features, const torch::Tensor& gains);

  // What the structure says at 1/8.
  struct Spread {
    torch::Tensor features;  // [B, structure_dim, H/8, W/8]
    torch::Tensor change;    // packed(8), divided by the gain
  };
  // Quantised structure [B, structure_dim, H/16, W/16], zeros in cells without.
  Spread spread(const torch::Tensor& structure);

  // What is left for the detail stages to say [B, detail_dim, H/8, W/8].
  torch::Tensor detail_latent(const Analysis& analysis, const Spread& spread);

  // The linear path of the decoder: the change as packed(4), divided by the gain. `detail` is the sum of the quantised
  // stages [B, detail_dim, H/8, W/8].
  torch::Tensor change(const Spread& spread, const torch::Tensor& detail);

  // What the decoder's networks add to `change`. `gains` [B, 1, H/16, W/16], in the unit of the pictures, are 0 in
  // cells that are not coded.
  torch::Tensor correction(const torch::Tensor& prediction, const torch::Tensor& prediction_features,
                           const Spread& spread, const torch::Tensor& detail, const torch::Tensor& change,
                           const torch::Tensor& gains);

  // Pictures, packed(4), with this change: prediction + change * gain. Tensors of batch 1 serve whole batches.
  torch::Tensor apply(const torch::Tensor& prediction, const torch::Tensor& change, const torch::Tensor& gains);

  // The decoder as a whole: change(), correction() and apply().
  torch::Tensor synthesise(const torch::Tensor& prediction, const torch::Tensor& prediction_features,
                           const Spread& spread, const torch::Tensor& detail, const torch::Tensor& gains);

  VectorQuantiser structure_quantiser{nullptr};
  std::vector<VectorQuantiser> detail_quantisers;

 private:
  void initialise();

  NetConfig config_;
  Convolution structure_in_{nullptr};
  Convolution structure_out_{nullptr};
  Convolution detail_in_{nullptr};
  Convolution detail_out_{nullptr};
  torch::nn::Sequential prediction_{nullptr};
  torch::nn::Sequential encoder_{nullptr};
  torch::nn::Sequential structure_head_{nullptr};
  torch::nn::Sequential detail_head_{nullptr};
  torch::nn::Sequential spread_{nullptr};
  torch::nn::Sequential decoder_{nullptr};
  torch::nn::Sequential refine_{nullptr};
};
TORCH_MODULE(SemanticNet);

// [N = B*h*w, D] rows of a map [B, D, h, w], and back.
torch::Tensor to_rows(const torch::Tensor& map);
torch::Tensor to_map(const torch::Tensor& rows, int64_t batch, int64_t height, int64_t width);

}  // namespace crlsc::neural
