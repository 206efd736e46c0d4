// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reference_session.h"

#include <algorithm>

#include "core/error.h"

namespace crlsc {

std::vector<int16_t> values(const TensorView& tensor) {
  std::vector<int16_t> out(static_cast<size_t>(tensor.elements()));
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<int16_t>(tensor.data[2 * i] | tensor.data[2 * i + 1] << 8);
  }
  return out;
}

ReferenceSession::ReferenceSession(const TokenLayout& layout, int width, int height)
    : layout_(layout), width_(padded(width)), height_(padded(height)) {}

void ReferenceSession::encode(const Picture& current, const Picture& prediction, const QuantiserBias& bias,
                              TokenGrid& grid, std::vector<Picture>& previews) {
  check(current);
  check(prediction);
  if (!fits(grid)) grid = TokenGrid(width_ / kCellSize, height_ / kCellSize, layout_);
  for (int row = 0; row < grid.rows(); ++row) {
    for (int col = 0; col < grid.cols(); ++col) encode_cell(current, prediction, bias, col, row, grid);
  }
  TokenGrid fewer = grid;
  for (size_t n = 0; n < previews.size(); ++n) {
    for (size_t i = 0; i < grid.cells.size(); ++i) {
      fewer.cells[i].stages = std::min(grid.cells[i].stages, static_cast<uint8_t>(n));
    }
    decode(prediction, fewer, previews[n]);
  }
}

void ReferenceSession::decode(const Picture& prediction, const TokenGrid& grid, Picture& out) {
  check(prediction);
  if (!fits(grid)) throw Error(ErrorKind::kSettings, "the token grid does not fit the picture");
  out = prediction;
  for (int row = 0; row < grid.rows(); ++row) {
    for (int col = 0; col < grid.cols(); ++col) {
      const Cell& cell = grid.cells[static_cast<size_t>(row) * static_cast<size_t>(grid.cols()) + col];
      if (!cell.coded) continue;
      if (cell.stages > layout_.stages() || cell.gain >= layout_.gain_levels) {
        throw Error(ErrorKind::kCorrupt, "a cell has tokens that the model does not know");
      }
      decode_cell(grid, col, row, out);
    }
  }
}

void ReferenceSession::check(const Picture& picture) const {
  if (picture.width() != width_ || picture.height() != height_) {
    throw Error(ErrorKind::kSettings, "the picture has another size than the session");
  }
}

bool ReferenceSession::fits(const TokenGrid& grid) const {
  if (grid.cols() != width_ / kCellSize || grid.rows() != height_ / kCellSize || grid.stages() != layout_.stages() ||
      grid.structure_tokens() != layout_.structure_tokens()) {
    return false;
  }
  for (int stage = 0; stage < grid.stages(); ++stage) {
    if (grid.detail_tokens(stage) != layout_.detail_tokens(stage)) return false;
  }
  return true;
}

}  // namespace crlsc
