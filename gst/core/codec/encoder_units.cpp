// SPDX-License-Identifier: LGPL-2.1-or-later
// How the encoder writes the picture in its grid: as slices and layers, small layers joined.
#include <algorithm>

#include "core/bitstream/unit.h"
#include "core/codec/encoder.h"
#include "core/codec/token_unit.h"

namespace crlsc {
namespace {

constexpr int kMaxSlices = 64;

}  // namespace

EncodedPicture Encoder::write(bool key) const {
  EncodedPicture out;
  for (int slices = 1;; slices = std::min(slices * 2, grid_.rows())) {
    if (write_slices(slices, key, out) || slices == grid_.rows() || slices >= kMaxSlices) return out;
  }
}

// Returns false if a unit exceeds the size wished for.
bool Encoder::write_slices(int slices, bool key, EncodedPicture& out) const {
  const TokenLayout& layout = model_->file.layout();
  out = EncodedPicture{};
  out.key = key;
  out.layer_bytes.assign(static_cast<size_t>(layers_), 0);
  if (key) append_unit(out.bytes, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(config_.sequence));
  if (scene_.tells(key)) append_scene_unit(out.bytes, scene_.unit(), key);
  bool fits = true;
  std::vector<bool> joined(static_cast<size_t>(slices));
  for (int layer = 0; layer < layers_; ++layer) {
    const size_t before = out.bytes.size();
    for (int k = 0; k < slices; ++k) {
      const int first = grid_.rows() * k / slices;
      const Slice slice{first, grid_.rows() * (k + 1) / slices - first};
      const int sent = layers_of(slice);
      if (layer >= sent || joined[static_cast<size_t>(k)]) continue;
      TokenUnit unit{layer, key, slice, picture_number_, sent, {}, {}};
      unit.half = size_.half;
      Bytes bits;
      if (layer == 0 && (sent > 1 || unit.half)) {
        bits = encode_joined(grid_, layout, slice, sent, priors_);
        unit.joined = unit.half || bits.size() <= config_.min_unit_size;
        joined[static_cast<size_t>(k)] = unit.joined;
      }
      if (!unit.joined) bits = encode_layer(grid_, layout, slice, layer, priors_);
      if (bits.size() + kMaxTokenUnitHeader > kMaxUnitPayload) return false;
      unit.bits = bits;
      if (layer == 0 && refers_to_scene(slice)) unit.scene = scene_.reference(grid_);
      const size_t at = out.bytes.size();
      append_token_unit(out.bytes, unit, grid_.rows());
      fits &= out.bytes.size() - at <= config_.target_unit_size;
    }
    out.layer_bytes[static_cast<size_t>(layer)] = out.bytes.size() - before;
  }
  return fits;
}

// 1 + that of the deepest stage of the slice's cells.
int Encoder::layers_of(Slice slice) const {
  int deepest = 0;
  for (int i = slice.first_row * grid_.cols(); i < (slice.first_row + slice.rows) * grid_.cols(); ++i) {
    deepest = std::max<int>(deepest, grid_.cells[static_cast<size_t>(i)].stages);
  }
  return deepest == 0 ? 1 : model_->file.layout().stage_layer[static_cast<size_t>(deepest) - 1] + 1;
}

bool Encoder::refers_to_scene(Slice slice) const {
  const auto begin = grid_.cells.begin() + static_cast<ptrdiff_t>(slice.first_row) * grid_.cols();
  return std::any_of(begin, begin + static_cast<ptrdiff_t>(slice.rows) * grid_.cols(),
                     [](const Cell& c) { return c.reference >= Reference::kKnowledge0; });
}

}  // namespace crlsc
