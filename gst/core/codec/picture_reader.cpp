// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/picture_reader.h"

#include <algorithm>

#include "core/codec/shown.h"
#include "core/model/model_file.h"

namespace crlsc {
namespace {

void reset_cells(TokenGrid& grid, Slice slice) {
  std::fill_n(grid.cells.begin() + static_cast<ptrdiff_t>(slice.first_row) * grid.cols(),
              static_cast<ptrdiff_t>(slice.rows) * grid.cols(), Cell{});
}

// Takes back stages that a broken unit claimed.
void limit_stages(TokenGrid& grid, Slice slice, int most) {
  for (int i = slice.first_row * grid.cols(); i < (slice.first_row + slice.rows) * grid.cols(); ++i) {
    uint8_t& stages = grid.cells[static_cast<size_t>(i)].stages;
    stages = static_cast<uint8_t>(std::min<int>(stages, most));
  }
}

}  // namespace

struct PictureReader::State {
  struct SliceState {
    Slice slice;
    int sent;  // layers that the encoder sent
    int next;  // layer that can be read next
  };
  PictureTokens picture;
  std::vector<SliceState> slices;

  SliceState* starting_at(int row) {
    const auto it =
        std::find_if(slices.begin(), slices.end(), [row](const SliceState& s) { return s.slice.first_row == row; });
    return it == slices.end() ? nullptr : &*it;
  }
  bool overlaps(Slice slice) const {
    return std::any_of(slices.begin(), slices.end(), [slice](const SliceState& s) {
      return slice.first_row < s.slice.first_row + s.slice.rows && s.slice.first_row < slice.first_row + slice.rows;
    });
  }
  // Rows that no slice covers become losses; returns whether there are none.
  bool check_rows(int rows) {
    std::vector<bool> covered(static_cast<size_t>(rows));
    for (const SliceState& s : slices) std::fill_n(covered.begin() + s.slice.first_row, s.slice.rows, true);
    bool complete = true;
    for (auto at = covered.begin(); (at = std::find(at, covered.end(), false)) != covered.end();) {
      const auto end = std::find(at, covered.end(), true);
      picture.losses.push_back(
          {picture.number, 1, static_cast<int>(at - covered.begin()), static_cast<int>(end - at), 0});
      complete = false;
      at = end;
    }
    return complete;
  }
};

PictureReader::PictureReader(const ModelFile& model, int cols, int rows)
    : layout_(model.layout()), priors_(model), whole_(cols, rows, model.layout()), grid_(whole_) {}

void PictureReader::read_base(const TokenUnit& unit, int max_layers, State& state) {
  PictureTokens& picture = state.picture;
  if (state.overlaps(unit.slice)) return;  // a repetition
  const bool stranger =
      !state.slices.empty() && (unit.picture_number != picture.number || unit.key != picture.key ||
                                (unit.scene && picture.scene_reference && !(unit.scene == picture.scene_reference)));
  const int sent = std::min(unit.layers, layout_.layers());
  const int here = unit.joined ? std::min(sent, max_layers) : 1;
  if (stranger || !decode_joined(unit.bits, layout_, unit.slice, here, priors_, grid_)) {
    if (!stranger) reset_cells(grid_, unit.slice);
    picture.damaged = true;
    return;
  }
  picture.number = unit.picture_number;
  picture.key = unit.key;
  if (unit.scene) picture.scene_reference = unit.scene;
  state.slices.push_back({unit.slice, sent, here});
  picture.units.push_back(unit);
}

void PictureReader::read_detail(TokenUnit unit, int max_layers, State& state) {
  State::SliceState* slice = state.starting_at(unit.slice.first_row);
  // Without the layers below, or if it was read already, a layer says nothing.
  if (slice == nullptr || unit.layer != slice->next || unit.layer >= std::min(max_layers, layout_.layers())) return;
  unit.slice = slice->slice;
  if (decode_layer(unit.bits, layout_, unit.slice, unit.layer, priors_, grid_)) {
    slice->next = unit.layer + 1;
    state.picture.units.push_back(unit);
  } else {
    limit_stages(grid_, unit.slice, layout_.stages_up_to(unit.layer - 1));
    state.picture.damaged = true;
  }
}

PictureTokens PictureReader::read(ByteView access_unit, int max_layers) {
  max_layers = std::max(max_layers, 1);
  AccessUnitView view = parse_access_unit(access_unit);
  const bool half = view.half();
  grid_ = half ? TokenGrid(halved(whole_.cols()), halved(whole_.rows()), layout_) : whole_;
  // Packets may come in any order.
  std::stable_sort(view.units.begin(), view.units.end(),
                   [](const UnitView& a, const UnitView& b) { return a.header.layer < b.header.layer; });
  State state;
  PictureTokens& picture = state.picture;
  picture.damaged = view.damaged;
  picture.half = half;
  for (const UnitView& bytes : view.units) {
    if (bytes.header.type == UnitType::kScene && !picture.scene) picture.scene = parse_scene_unit(bytes.payload);
    if (bytes.header.type != UnitType::kToken) continue;
    const std::optional<TokenUnit> unit = parse_token_unit(bytes, grid_.rows());
    if (!unit || (unit->layer == 0 && unit->half != half)) {
      picture.damaged = true;
    } else if (unit->layer == 0) {
      read_base(*unit, max_layers, state);
    } else {
      read_detail(*unit, max_layers, state);
    }
  }
  picture.readable = !state.slices.empty();
  picture.layers = std::min(layout_.layers(), max_layers);
  for (const State::SliceState& s : state.slices) {
    if (s.next >= std::min(s.sent, max_layers)) continue;
    picture.damaged = true;
    picture.layers = std::min(picture.layers, s.next);
    picture.losses.push_back({picture.number, 1, s.slice.first_row, s.slice.rows, s.next});
  }
  const bool complete = picture.readable && state.check_rows(grid_.rows());
  picture.damaged |= !complete;
  picture.key &= complete;
  return picture;
}

}  // namespace crlsc
