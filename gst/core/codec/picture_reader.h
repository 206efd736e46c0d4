// SPDX-License-Identifier: LGPL-2.1-or-later
// Access unit to tokens: everything that a decoder does before samples (docs/bitstream.md, section "Reading a
// picture").
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/bitstream/scene_unit.h"
#include "core/bytes.h"
#include "core/codec/picture_loss.h"
#include "core/codec/token_unit.h"
#include "core/token/token_coder.h"

namespace crlsc {

class ModelFile;

// What one access unit said of its picture.
struct PictureTokens {
  bool readable = false;                            // at least one slice of the base layer was read
  bool key = false;                                 // all of the base layer is there and belongs to a key picture
  bool damaged = false;                             // something that was sent is missing or broken
  bool half = false;                                // it has half the width and height
  int number = 0;                                   // of the picture, modulo kPictureNumbers
  int layers = 0;                                   // layers read in every slice that has them
  std::vector<PictureLoss> losses;                  // of this picture: rows and layers that were sent and not read
  std::optional<SceneUnit> scene;                   // which pictures of a knowledge base cells refer to from now on
  std::optional<SceneReference> scene_reference{};  // what this picture's cells refer to, if they do
  // The units that were read, by layer. Slices of detail layers are filled in; bits are views of the access unit.
  std::vector<TokenUnit> units;
};

class PictureReader {
 public:
  // For pictures that are shown as cols x rows cells. Throws Error(kRead) if a table of priors has a wrong size.
  PictureReader(const ModelFile& model, int cols, int rows);

  // Reads any bytes. Layers from `max_layers` on are left aside. Cells that no readable slice covers are still. The
  // first token unit says whether the picture, and so grid(), has half the size.
  PictureTokens read(ByteView access_unit, int max_layers);

  // The tokens read last.
  const TokenGrid& grid() const { return grid_; }
  const TokenLayout& layout() const { return layout_; }
  const TokenContexts& priors() const { return priors_; }

 private:
  struct State;
  void read_base(const TokenUnit& unit, int max_layers, State& state);
  void read_detail(TokenUnit unit, int max_layers, State& state);

  TokenLayout layout_;
  TokenContexts priors_;
  TokenGrid whole_;  // of full size, without tokens
  TokenGrid grid_;
};

}  // namespace crlsc
