// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides when a stream says what it shows, and says it: the semantic layer of an encoder.
#pragma once

#include <memory>
#include <vector>

#include "core/bytes.h"
#include "core/codec/network.h"
#include "core/codec/scene_change.h"
#include "core/kb/product_quantiser.h"

namespace crlsc {

class SemanticEncoder {
 public:
  // Throws Error(kWrongType) if vectors of the embedder do not fit the quantiser, or its codes do not fit a unit.
  SemanticEncoder(std::unique_ptr<Embedder> embedder, std::shared_ptr<const ProductQuantiser> quantiser);

  // Shows a picture that comes `seconds` after the one before. Returns a whole semantic unit if one is due, else no
  // bytes: one is due with the first picture, with key pictures, `interval` seconds after the last one, and on a change
  // of scene, though there is a quarter of the interval between two units at least. With an interval of 0, none is ever
  // due.
  Bytes next(const PictureView& picture, double seconds, double interval, bool key);
  // The next picture is a first one.
  void reset();

 private:
  std::unique_ptr<Embedder> embedder_;
  std::shared_ptr<const ProductQuantiser> quantiser_;
  SceneChange scene_;
  std::vector<float> vector_;
  double elapsed_ = 0;    // seconds since the last unit
  bool started_ = false;  // there was one
  bool changed_ = false;  // the scene, since then
};

}  // namespace crlsc
