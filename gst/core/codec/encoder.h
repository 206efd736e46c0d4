// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder: one picture in, one access unit out. What each cell becomes is decided on decoded samples
// (docs/architecture.md, section "Encoder").
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/bitstream/sequence_header.h"
#include "core/bytes.h"
#include "core/codec/active_scene.h"
#include "core/codec/bit_price.h"
#include "core/codec/loss_tracker.h"
#include "core/codec/prediction.h"
#include "core/codec/rate_control.h"
#include "core/codec/refresh.h"
#include "core/codec/resize_choice.h"
#include "core/codec/scene_change.h"
#include "core/codec/shown.h"
#include "core/codec/visibility.h"
#include "core/model/registry.h"
#include "core/picture.h"
#include "core/token/token_coder.h"

namespace crlsc {

struct EncoderConfig {
  SequenceHeader sequence;         // size, frame rate; model_id and layers are filled in by the encoder
  int bitrate = 20000;             // bit/s, all layers together
  int layers = kMaxLayers;         // layers to send, at most what the model has
  size_t target_unit_size = 1100;  // bytes that a token unit should not exceed; more slices are cut instead
  size_t min_unit_size = 400;      // layers that take no more bytes together are joined in one unit
  double refresh_share = 0.3;      // of the bits, for cells that heal receivers which lost something
  ResizeMode resize = ResizeMode::kNone;
  double min_quantizer = 0;  // finest step between two levels of a coefficient that bits are spent on; 0: any
};

struct EncodedPicture {
  Bytes bytes;  // the access unit; empty if the picture was dropped
  bool key = false;
  bool complete = false;            // every token that improves the picture was sent
  bool rests = false;               // bytes are empty, or without pictures, as receivers show what there is to be seen
  std::vector<size_t> layer_bytes;  // by layer, units as a whole; joined ones count as layer 0
};

class Encoder {
 public:
  // Throws Error(kSettings) when size or rate are out of range.
  Encoder(std::shared_ptr<const LoadedModel> model, EncoderConfig config);
  ~Encoder();

  // What decoders must know first; also in every key picture.
  const SequenceHeader& sequence_header() const { return config_.sequence; }

  void set_bitrate(int bits_per_second);
  void set_layers(int layers);
  void set_min_unit_size(size_t bytes) { config_.min_unit_size = bytes; }
  void set_refresh_share(double share) { config_.refresh_share = share; }
  void set_min_quantizer(double step);

  // Pictures that receivers have as well, at most kMaxKnowledge: cells may refer to them from the next picture on.
  // None: cells refer to none. From then on pictures are coded at full size. Throws Error(kSettings) for a picture of
  // another size than the stream's, in whole cells, and with ResizeMode::kHalf.
  void set_scene(std::vector<ScenePicture> scene);

  // A receiver says what it lacks. Cells that may therefore look otherwise there are sent without reference in the next
  // pictures, the worst first, as far as the bit rate allows; there is no key picture. Any report will do: what does
  // not fit the pictures sent lately has no effect.
  void report_loss(const PictureLoss& loss);

  // Encodes `picture` (the configured size). `seconds` is the time since the picture before. A key picture refers to no
  // other; the first is one always. With `force_key` it is one if there is room for it at all, see EncodedPicture::key.
  // A picture that would overrun the bit rate is dropped: bytes is empty. So are, for half a second, those that show a
  // known scene at rest, as receivers do already, and where there is a min_quantizer those that change nothing:
  // EncodedPicture::rests.
  // `beside`: whole units that go along, in front of the tokens. They count in the bit rate and are sent even if the
  // picture is dropped.
  // Throws Error(kSettings) if the picture has another size.
  EncodedPicture encode(const PictureView& picture, double seconds, bool force_key, ByteView beside = {});
  // An access unit of `beside` alone, behind a sequence header if `key`; empty if it would overrun the bit rate.
  EncodedPicture encode_beside(ByteView beside, double seconds, bool key);

  // What a decoder that received everything shows now: stays valid until the next call, or the next encode().
  PictureView reconstruction() const { return shown(previous_, size_, enlarged_); }

  // Whether pictures are coded at half size.
  bool half() const { return size_.half; }
  // The tokens of the last picture, for statistics.
  const TokenGrid& tokens() const { return grid_; }
  double lambda() const { return lambda_; }

 private:
  struct Choice;
  struct Round;
  void open();
  void resize();
  double moved_share() const;
  double interval(double seconds) const;
  ReferencePictures references() const;
  const TokenCosts& costs() const { return on_scene_ ? scene_costs_ : costs_; }
  int scene_unit_bits(bool key) const;
  bool mostly_scene(const Picture& current, bool key) const;
  RateControl::Budget modest(const Picture& current, RateControl::Budget budget, bool key) const;
  std::vector<double> scene_prices() const;
  EncodedPicture encode_picture(const Picture& current, RateControl::Budget budget, bool force_key);
  bool rests(const Picture& current) const;
  bool changes_nothing() const;
  EncodedPicture rest(RateControl::Budget budget);
  EncodedPicture attempt(const Picture& current, RateControl::Budget budget, bool key);
  void settle_price(const EncodedPicture& out, const RateControl::Budget& budget);
  void sent(const EncodedPicture& out, Picture& prediction);
  void force_cells(RateControl::Budget budget, bool key);
  void choose_references(const Picture& current, bool anew, Picture& prediction);
  void choose_anew(const Picture& current, bool anew, Picture& prediction);
  EncodedPicture best_round(const Picture& current, Picture& prediction, RateControl::Budget budget, bool key,
                            std::vector<Choice>& choices);
  void look_again(const Picture& current, Picture& prediction, RateControl::Budget budget, bool key, Round& best);
  Round try_round(const Picture& current, const Picture& prediction, RateControl::Budget budget, bool key);
  void settle(RateControl::Budget budget, bool key, Round& round);
  std::vector<Choice> propose(const Picture& current, const Picture& prediction, bool key);
  std::vector<int> cells_to_refresh(RateControl::Budget budget);
  void mark_candidates(const Picture& current, const Picture& prediction);
  std::vector<Choice> measure(const Picture& prediction, const std::vector<Picture>& previews, bool key);
  int64_t select(const std::vector<Choice>& choices, double lambda, bool refresh = true);
  EncodedPicture fit(const std::vector<Choice>& choices, RateControl::Budget budget, bool key);
  EncodedPicture fit_target(const std::vector<Choice>& choices, RateControl::Budget budget, bool key);
  EncodedPicture repeat(RateControl::Budget budget);
  EncodedPicture write(bool key) const;
  bool write_slices(int slices, bool key, EncodedPicture& out) const;
  int layers_of(Slice slice) const;
  bool refers_to_scene(Slice slice) const;
  void reconstruct(const Picture& prediction, bool key);
  void pay_refresh(const std::vector<Choice>& choices);

  std::shared_ptr<const LoadedModel> model_;
  EncoderConfig config_;
  std::unique_ptr<NetworkSession> session_;
  TokenContexts priors_;
  TokenCosts costs_;
  TokenCosts scene_costs_;  // of a picture most of which is copied from the scene
  RateControl rate_;
  RefreshPlan refresh_;
  LossTracker losses_;
  double refresh_credit_ = 0;  // bits saved up for refreshed cells
  double refresh_bits_ = 60;   // what one of them costs
  int layers_;
  CodedSize size_;
  ResizeChoice resize_;
  int since_resize_ = kPictureNumbers;  // pictures, at most so many
  Picture previous_;
  mutable Picture enlarged_;
  SceneChange change_;
  bool cut_ = true;  // nothing was sent yet of what is shown now
  ActiveScene scene_;
  int scene_bits_ = 0;     // of the picture at hand: counted as if they were sent beside it
  bool on_scene_ = false;  // the picture at hand is such a picture
  TokenGrid grid_;
  Visibility visibility_;
  BitPrice price_;
  double lambda_ = 40;           // price that the picture at hand is chosen for
  bool even_price_ = false;      // which is then that of price_, as far as it fits
  double least_lambda_ = 0;      // that its choices are made at, if they then fit
  double fitted_ = 40;           // that fits
  double wanted_bits_ = 0;       // that the picture would take at its least price
  std::vector<uint8_t> forced_;  // cells of the picture at hand that have to be sent without reference
  double distortion_ = 0;        // that the last selection leaves
  double silent_ = 0;            // seconds since something was sent
  uint8_t picture_number_ = 0;
  bool started_ = false;
};

}  // namespace crlsc
