// SPDX-License-Identifier: LGPL-2.1-or-later
// The local encoder L_e: a small network that says what a picture means, as a vector in the space of a shared knowledge
// base. It lives in the codec's model file (tensors "semantic.*") and runs beside the codec.
//
// It has a trunk of its own rather than the codec's encoder. The codec's features are those of a full-size picture on
// top of its prediction, at 1/8, and hold what is left to be coded; meaning needs a whole picture at one small size, so
// a shared trunk would have to run a second time at that size anyway, and sharing would save 43 kB of weights but no
// work. On its own, a head outlives training of the codec: it can be carried from one model file to another.
#pragma once

#include <torch/torch.h>

#include <string>

#include "core/codec/network.h"
#include "core/model/model_file.h"
#include "neural/convolution.h"

namespace crlsc::neural {

constexpr int kHeadSize = 96;  // side of the picture it sees, whatever the size it came in

// A convolution, a batch norm (Ioffe, Szegedy 2015) while it is trained, and ReLU unless it ends a block.
class ConvNormImpl : public torch::nn::Module {
 public:
  ConvNormImpl(int in, int out, int kernel, int stride, bool depthwise, bool relu);
  torch::Tensor forward(const torch::Tensor& x);
  // Merges the norm into the convolution, which then stands alone: for export, not to be trained further.
  void fold();

 private:
  Convolution conv_{nullptr};
  torch::nn::BatchNorm2d norm_{nullptr};
  bool relu_;
};
TORCH_MODULE(ConvNorm);

// Inverted residuals (Sandler et al.: MobileNetV2, CVPR 2018) at 1/4 to 1/32 of 96x96: 1.45 M parameters, 36 MMAC.
class SemanticHeadImpl : public torch::nn::Module {
 public:
  // 1..kMaxVectorDimension
  explicit SemanticHeadImpl(int dimension);

  int dimension() const { return dimension_; }
  // Vectors [B, D], not of unit length, of pictures of kHeadSize as PictureTensor::packed(4).
  torch::Tensor forward(const torch::Tensor& packed4);
  // What the trunk makes of them at 1/8: [B, kFeatureWidth, kFeatureSide, kFeatureSide].
  torch::Tensor features(const torch::Tensor& packed4);
  static constexpr int kFeatureWidth = 64;
  static constexpr int kFeatureSide = kHeadSize / 8;
  // Multiplications with additions for one picture.
  int64_t multiplications() const;
  void fold();

 private:
  int dimension_;
  torch::nn::Sequential trunk_{nullptr};
  torch::nn::Linear out_{nullptr};
};
TORCH_MODULE(SemanticHead);

// What a head's vectors mean and where they come from; metadata "embedding_dim", "embedding_teacher", "embedding_skb",
// "embedding_codebooks", "embedding_license", "embedding_training" of the model. Hashes are 64 hexadecimal digits. A
// head that learnt from no knowledge base has neither teacher, nor skb, nor codebooks.
struct HeadIdentity {
  int dimension = 0;
  std::string teacher;    // name of the teacher, as the knowledge base has it
  std::string skb;        // id of the shared knowledge base that it learnt from, as it was then
  std::string codebooks;  // hash of its codebooks, which entries that come and go do not change: the vector space
  std::string license;    // of the head
  std::string training;   // how and from what it learnt
};

// True if the model has a semantic head.
bool has_head(const ModelFile& file);
// Throws Error(kRead) for tensors that are missing or have other shapes than the metadata says.
SemanticHead import_head(const ModelFile& file);
// Writes all that `base` holds to `path`, with this head in the place of its own. `head` is folded by it. Throws
// Error(kWrite).
void export_with_head(const ModelFile& base, SemanticHead& head, const HeadIdentity& identity, const std::string& path);
// Writes all that `base` holds to `path`, with the head of `from`, and all that its metadata say of it, in the place of
// its own. Throws Error(kWrongType) if `from` has none, and what import_head() and save_model() throw.
void carry_head(const ModelFile& from, const ModelFile& base, const std::string& path);

// Inference, in bf16 if so wished.
std::unique_ptr<Embedder> make_embedder(SemanticHead head, bool bf16);

}  // namespace crlsc::neural
