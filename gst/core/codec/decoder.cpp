// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/decoder.h"

#include <algorithm>

#include "core/codec/prediction.h"
#include "core/codec/reconstruction.h"
#include "core/codec/token_unit.h"
#include "core/error.h"

namespace crlsc {

// What one access unit brought.
struct Decoder::Parsed {
  struct SliceState {
    Slice slice;
    int sent = 1;  // layers that the encoder sent
    int next = 1;  // layer that can be decoded next
  };
  std::vector<SliceState> slices;
  bool damaged = false;
  bool key = true;

  SliceState* starting_at(int row) {
    const auto it = std::find_if(slices.begin(), slices.end(),
                                 [row](const SliceState& s) { return s.slice.first_row == row; });
    return it == slices.end() ? nullptr : &*it;
  }
  bool overlaps(Slice slice) const {
    return std::any_of(slices.begin(), slices.end(), [slice](const SliceState& s) {
      return slice.first_row < s.slice.first_row + s.slice.rows && s.slice.first_row < slice.first_row + slice.rows;
    });
  }
  int rows() const {
    int n = 0;
    for (const SliceState& s : slices) n += s.slice.rows;
    return n;
  }
};

Decoder::Decoder(std::shared_ptr<const LoadedModel> model, const SequenceHeader& sequence)
    : model_(std::move(model)), sequence_(sequence), priors_(model_->file) {
  if (sequence_.model_id != model_->file.id()) {
    throw Error(ErrorKind::kWrongType, "the stream was made with model " + to_hex(sequence_.model_id) + ", but \"" +
                                           model_->file.path() + "\" (property `model`) is " + to_hex(model_->file.id()) +
                                           "; use the sender's model file");
  }
  const int width = padded(sequence_.width);
  const int height = padded(sequence_.height);
  session_ = model_->network->open(width, height);
  picture_ = Picture(width, height);
  grid_ = TokenGrid(width / kCellSize, height / kCellSize, model_->file.layout().stages());
}

Decoder::~Decoder() = default;

void Decoder::read_units(ByteView access_unit, Parsed& parsed) {
  const AccessUnitView units = parse_access_unit(access_unit);
  const TokenLayout& layout = model_->file.layout();
  parsed.damaged = units.damaged;
  for (const UnitView& view : units.units) {
    if (view.header.type != UnitType::kToken) continue;
    const std::optional<TokenUnit> unit = parse_token_unit(view, grid_.rows());
    if (!unit) {
      parsed.damaged = true;
      continue;
    }
    if (unit->layer == 0) {
      if (parsed.overlaps(unit->slice)) continue;  // a repetition
      const bool good = decode_layer(unit->bits, layout, unit->slice, 0, priors_, grid_);
      if (good) parsed.slices.push_back({unit->slice, std::min(unit->layers, layout.layers()), 1});
      parsed.damaged |= !good;
      parsed.key &= unit->key;
      continue;
    }
    Parsed::SliceState* slice = parsed.starting_at(unit->slice.first_row);
    // Without the layers below, or if it was read already, a layer says nothing.
    if (slice == nullptr || unit->layer != slice->next || unit->layer >= std::min(max_layers_, layout.layers())) continue;
    if (decode_layer(unit->bits, layout, slice->slice, unit->layer, priors_, grid_)) {
      slice->next = unit->layer + 1;
    } else {
      parsed.damaged = true;
    }
  }
}

DecodedPicture Decoder::decode(ByteView access_unit) {
  Parsed parsed;
  std::fill(grid_.cells.begin(), grid_.cells.end(), Cell{});
  read_units(access_unit, parsed);
  if (parsed.slices.empty()) {
    damaged_ = true;
    throw Error(ErrorKind::kCorrupt, "access unit of " + std::to_string(access_unit.size()) +
                                         " bytes has no readable token unit of the base layer");
  }
  // Rows that no slice covers stay as they were; a slice that broke while it was read must, too.
  std::vector<bool> covered(static_cast<size_t>(grid_.rows()), false);
  DecodedPicture result;
  result.layers = model_->file.layout().layers();
  for (const Parsed::SliceState& s : parsed.slices) {
    std::fill_n(covered.begin() + s.slice.first_row, s.slice.rows, true);
    const int wanted = std::min(s.sent, max_layers_);
    if (s.next < wanted) parsed.damaged = true;
    result.layers = std::min(result.layers, s.next);
  }
  for (int row = 0; row < grid_.rows(); ++row) {
    if (!covered[static_cast<size_t>(row)]) {
      std::fill_n(grid_.cells.begin() + static_cast<ptrdiff_t>(row) * grid_.cols(), grid_.cols(), Cell{});
    }
  }
  const bool complete = parsed.rows() == grid_.rows();
  parsed.damaged |= !complete;
  result.key = parsed.key && complete;
  damaged_ = parsed.damaged || (damaged_ && !result.key);
  result.corrupted = damaged_;
  reconstruct();
  return result;
}

void Decoder::reconstruct() {
  Picture prediction(picture_.width(), picture_.height());
  predict({&picture_, {}}, grid_, prediction);
  decode_cells(*session_, prediction, grid_, picture_);
}

}  // namespace crlsc
