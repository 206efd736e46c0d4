// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/decoder.h"

#include <utility>

#include "core/codec/prediction.h"
#include "core/codec/reconstruction.h"
#include "core/error.h"

namespace crlsc {
namespace {

// A report of more parts than this names the picture as a whole.
constexpr size_t kMostLosses = 8;

// Makes cells still that refer to a knowledge-base picture which is not there; returns which.
std::vector<size_t> leave_out_unknown(const ReferencePictures& references, TokenGrid& grid) {
  std::vector<size_t> left_out;
  for (size_t i = 0; i < grid.cells.size(); ++i) {
    Cell& cell = grid.cells[i];
    const int j = static_cast<int>(cell.reference) - static_cast<int>(Reference::kKnowledge0);
    if (j < 0 || references.knowledge[static_cast<size_t>(j)] != nullptr) continue;
    cell = Cell{};
    left_out.push_back(i);
  }
  return left_out;
}

}  // namespace

Decoder::Decoder(std::shared_ptr<const LoadedModel> model, const SequenceHeader& sequence)
    : model_(std::move(model)),
      sequence_(sequence),
      reader_(model_->file, padded(sequence.width) / kCellSize, padded(sequence.height) / kCellSize),
      size_{sequence.width, sequence.height},
      baseless_(reader_.grid().cells.size()) {
  if (sequence_.model_id != model_->file.id()) {
    throw Error(ErrorKind::kWrongType, "the stream was made with model " + to_hex(sequence_.model_id) + ", but \"" +
                                           model_->file.path() + "\" (property `model`) is " +
                                           to_hex(model_->file.id()) + "; use the sender's model file");
  }
  picture_ = Picture(padded(size_.width), padded(size_.height));
  open();
}

Decoder::~Decoder() = default;

void Decoder::open() {
  session_ = model_->network->open(picture_.width(), picture_.height());
  const int columns = picture_.width() / kCellSize;
  const int rows = picture_.height() / kCellSize;
  baseless_ = BaselessCells(static_cast<size_t>(columns) * static_cast<size_t>(rows));
  cells_ = ShownCells(columns, rows);
  drawn_ = {};
}

// From full size to half, or back: what was decoded so far is what the next picture builds on.
void Decoder::resize() {
  damaged_ |= baseless_.any();
  held_.reset();
  picture_ = resampled(picture_, size_);
  size_.half = !size_.half;
  open();
}

DecodedPicture Decoder::decode(ByteView access_unit) {
  const PictureTokens picture = reader_.read(access_unit, max_layers_);
  if (!picture.readable) {
    damaged_ = true;
    throw Error(ErrorKind::kCorrupt, "access unit of " + std::to_string(access_unit.size()) +
                                         " bytes has no readable token unit of the base layer");
  }
  if (picture.half != size_.half) resize();
  const bool follows = picture.number == next_number_;
  std::vector<PictureLoss> losses = losses_before(picture);
  if (picture.losses.size() > kMostLosses) {
    losses.push_back({picture.number, 1, 0, 0, 0});
  } else {
    losses.insert(losses.end(), picture.losses.begin(), picture.losses.end());
  }
  next_number_ = (picture.number + 1) % kPictureNumbers;
  concealed_ = 0;
  started_ = true;
  damaged_ = picture.damaged || (!picture.key && (damaged_ || !follows));
  if (picture.scene) scene_.enter(*picture.scene, picture_.width(), picture_.height());
  const bool known = reconstruct(picture);
  damaged_ |= !known;
  std::vector<PictureName> lacking;
  if (picture.scene || !known) lacking = scene_.lacking();
  return {picture.key, damaged_, picture.layers, std::move(losses), std::move(lacking), held_.has_value()};
}

void Decoder::set_post_filter(bool on) {
  if (on == (post_filter_ != nullptr)) return;
  drawn_ = {};
  post_filter_ = on ? model_->network->open_post_filter() : nullptr;
}

PictureView Decoder::picture() {
  const Picture& coded = held_ ? *held_ : picture_;
  if (!size_.half && !post_filter_) return coded.view(size_.width, size_.height);
  if (drawn_.empty() || cells_.any_changed()) {
    draw(coded);
    if (!held_) cells_.clear_changes();
  }
  return drawn_.view(size_.width, size_.height);
}

void Decoder::draw(const Picture& coded) {
  if (!post_filter_) {
    shown(coded, size_, drawn_);
  } else if (size_.half) {
    Picture enlarged;
    post_filter_->apply(pad_to_cells(shown(coded, size_, enlarged)), cells_, true, drawn_);
  } else {
    post_filter_->apply(coded, cells_, false, drawn_);
  }
}

void Decoder::conceal() {
  damaged_ = true;
  if (concealed_ < kPictureNumbers) ++concealed_;
}

// The pictures between the one decoded last and this one, unless this one refers to none of them.
std::vector<PictureLoss> Decoder::losses_before(const PictureTokens& picture) const {
  if (picture.key) return {};
  // After so many pictures, numbers come round.
  if (!started_ || concealed_ > kMostLostPictures) return {everything_lost()};
  const int missing = (picture.number - next_number_ + kPictureNumbers) % kPictureNumbers;
  if (missing == 0) return {};
  return {{next_number_, missing, 0, 0, 0}};
}

// Returns false if cells refer to pictures that are not known: these show what they showed before.
bool Decoder::reconstruct(const PictureTokens& tokens) {
  ReferencePictures references{&picture_, {}};
  if (tokens.scene_reference) references.knowledge = scene_.pictures(*tokens.scene_reference);
  for (const Picture*& known : references.knowledge) {
    if (known != nullptr && (known->width() != picture_.width() || known->height() != picture_.height()))
      known = nullptr;
  }
  TokenGrid grid = reader_.grid();
  const std::vector<size_t> left_out = leave_out_unknown(references, grid);
  // A scene that the decoder was not told of is a loss like others.
  const bool told = tokens.scene_reference && scene_.is_told(*tokens.scene_reference);
  baseless_.next(grid, told ? left_out : std::vector<size_t>());
  if (!baseless_.any()) {
    held_.reset();
  } else if (!held_) {
    held_ = picture_;
  }
  cells_.next(grid, reader_.layout());
  Picture prediction(picture_.width(), picture_.height());
  predict(references, grid, prediction);
  decode_cells(*session_, prediction, grid, reader_.layout(), picture_);
  return left_out.empty();
}

}  // namespace crlsc
