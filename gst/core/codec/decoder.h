// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoder: any subset of an access unit's units in, a picture out. What is missing is concealed by the picture
// before (docs/bitstream.md, section "Reconstruction").
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/bitstream/sequence_header.h"
#include "core/bytes.h"
#include "core/codec/baseless_cells.h"
#include "core/codec/picture_reader.h"
#include "core/codec/scene_memory.h"
#include "core/codec/shown.h"
#include "core/codec/shown_cells.h"
#include "core/model/registry.h"
#include "core/picture.h"

namespace crlsc {

struct DecodedPicture {
  bool key = false;        // refers to no other picture, and nothing of its base layer is missing
  bool corrupted = false;  // something that was sent is missing, here or in a picture that this one builds on
  int layers = 0;          // layers decoded in every slice that has them, at most those asked for
  // For Encoder::report_loss(): what is missing of this picture, and pictures before it that never came; not too many.
  std::vector<PictureLoss> losses;
  // Pictures of knowledge bases that the stream refers to and this decoder lacks, as far as it was told: where it is,
  // and where cells refer to them.
  std::vector<PictureName> lacking;
  // Some of it builds on such pictures and is worth nothing: what was shown before stays until all of that is mended.
  bool held = false;
};

class Decoder {
 public:
  // Throws Error(kWrongType) if the stream needs another model; the text names both.
  Decoder(std::shared_ptr<const LoadedModel> model, const SequenceHeader& sequence);
  ~Decoder();

  const SequenceHeader& sequence_header() const { return sequence_; }

  // Layers above the first `layers` are ignored from the next picture on.
  void set_max_layers(int layers) { max_layers_ = layers; }

  // Pictures that cells may refer to; from the next scene on that the stream enters or repeats.
  void set_scene_memory(std::shared_ptr<const SceneMemory> memory) { scene_.set_memory(std::move(memory)); }

  // Whether pictures are shown through the model's post-filter, if it has one (core/codec/network.h). Not at first.
  void set_post_filter(bool on);

  // Decodes one access unit. Throws Error(kCorrupt) if it holds no token unit of the base layer that can be read;
  // the picture shown before stays then.
  DecodedPicture decode(ByteView access_unit);

  // Puts the picture before in the place of one that never came.
  void conceal();

  // The picture shown, see DecodedPicture::held: stays valid until the next call, or the next decode().
  PictureView picture();
  const TokenGrid& tokens() const { return reader_.grid(); }

 private:
  std::vector<PictureLoss> losses_before(const PictureTokens& picture) const;
  void open();
  void resize();
  void draw(const Picture& coded);
  bool reconstruct(const PictureTokens& tokens);

  std::shared_ptr<const LoadedModel> model_;
  SequenceHeader sequence_;
  std::unique_ptr<NetworkSession> session_;
  PictureReader reader_;
  KnownScene scene_;
  CodedSize size_;
  Picture picture_;
  ShownCells cells_;
  std::unique_ptr<PostFilter> post_filter_;
  Picture drawn_;  // what is shown, but for what cells_ says has changed; empty where that is not drawn yet
  BaselessCells baseless_;
  std::optional<Picture> held_;  // the last one without baseless cells, while there are any
  int max_layers_ = kMaxLayers;
  int next_number_ = 0;  // of the picture after the one shown
  int concealed_ = 0;    // pictures since then
  bool started_ = false;
  bool damaged_ = true;  // the picture shown differs from the encoder's
};

}  // namespace crlsc
