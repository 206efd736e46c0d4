// SPDX-License-Identifier: LGPL-2.1-or-later
// What the codec asks of a neural network, and how a backend module offers it. gst/neural implements it with LibTorch;
// tests/support/ has an integer stand-in. Nothing that a network computes decides how bits are read.
#pragma once

#include <memory>
#include <vector>

#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc {

class ModelFile;
class ShownCells;
class TokenCosts;

// What the quantiser should think a token costs.
struct QuantiserBias {
  float lambda = 0.0F;  // squared error, as cell_error() counts, that a bit must save; 0: take the nearest
  const TokenCosts* costs = nullptr;            // bits of each token; none: all alike
  const std::vector<float>* weights = nullptr;  // what the squared error of each cell counts; none: 1
};

// One stream's working memory on a loaded network. Not thread-safe; open one for each stream and direction.
class NetworkSession {
 public:
  virtual ~NetworkSession() = default;

  // Best tokens for `current`, given that the decoder will predict it by `prediction`.
  // Both pictures have whole cells. Fills grid.structure and grid.detail of the cells that are marked coded, all
  // stages; what it writes into other cells has no meaning.
  // Makes previews[n], as many as the caller has put there, nearly what decode() would give if the coded cells kept
  // their first n stages, at little more than the price of one: for the encoder's choices.
  virtual void encode(const Picture& current, const Picture& prediction, const QuantiserBias& bias, TokenGrid& grid,
                      std::vector<Picture>& previews) = 0;

  // Decodes `grid`. Only cells whose mode is coded, and of them only the first cell.stages detail stages, take part.
  // Cells that are not coded hold no useful samples in `out`.
  virtual void decode(const Picture& prediction, const TokenGrid& grid, Picture& out) = 0;
};

// The semantic head: a picture as a vector that says what it shows, the local encoder L_e of the CRLSC paper (Xi, Zhu,
// Xu, Zhang). Pictures that show alike things have vectors of a high cosine. Not thread-safe; open one for each stream.
// It must not outlive its network.
class Embedder {
 public:
  virtual ~Embedder() = default;
  // Numbers of a vector: 1..kMaxVectorDimension (core/kb/product_quantiser.h), the same for all pictures.
  virtual int dimension() const = 0;
  // Writes the vector of `picture`, which may have any size, to out[0] .. out[dimension() - 1]. Its length is 1.
  virtual void embed(const PictureView& picture, float* out) = 0;
};

// The post-filter: what is shown in the place of a decoded picture. Nothing is predicted from what it gives. Not
// thread-safe; open one for each stream. It must not outlive its network.
class PostFilter {
 public:
  virtual ~PostFilter() = default;
  // `decoded` has whole cells, as `out` will have. `cells` are those that it was coded in, which `enlarged`, of a
  // picture that was coded at half size, are twice as wide and high. `out` is empty, or holds what was made of an
  // earlier picture of this size: what does not depend on cells that changed since may stay.
  virtual void apply(const Picture& decoded, const ShownCells& cells, bool enlarged, Picture& out) = 0;
};

// A loaded network: immutable, shared by all streams of a process.
class Network {
 public:
  virtual ~Network() = default;
  virtual std::unique_ptr<NetworkSession> open(int width, int height) const = 0;
  // Null if the model has no semantic head.
  virtual std::unique_ptr<Embedder> open_embedder() const { return nullptr; }
  // Null if the model has no post-filter.
  virtual std::unique_ptr<PostFilter> open_post_filter() const { return nullptr; }
  // One throw-away run, so that the first picture does not pay for kernel selection.
  virtual void warm_up() const = 0;
};

// The entry point of a backend module: `extern "C" const Backend* crlsc_backend ()`.
class Backend {
 public:
  // Raised whenever an interface of this header changes; a module with another number is refused.
  static constexpr int kInterfaceVersion = 6;
  virtual ~Backend() = default;
  virtual int interface_version() const = 0;
  // Throws Error(kRead or kWrongType) when tensors are missing or have other shapes than the layout says.
  virtual std::unique_ptr<Network> load(const ModelFile& file) const = 0;
  // Threads used by all networks of the process; only the first call has an effect. Returns the number in force.
  virtual int set_threads(int threads) const = 0;
  // Human-readable: library, CPU capability, precision.
  virtual const char* description() const = 0;
};

}  // namespace crlsc
