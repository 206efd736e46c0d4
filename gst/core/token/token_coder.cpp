// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/token_coder.h"

#include <algorithm>

#include "core/token/token_walk.h"

namespace crlsc {
namespace {

struct Writer {
  RangeEncoder range;
  bool bit(AdaptiveBit& c, bool value) {
    range.bit(c, value);
    return value;
  }
  int symbol(BitTree& c, int value) {
    c.encode(range, value);
    return value;
  }
  int number(SignedExpGolomb& c, int value) {
    c.encode(range, value);
    return value;
  }
};

struct Reader {
  RangeDecoder range;
  bool bit(AdaptiveBit& c, bool) { return range.bit(c); }
  int symbol(BitTree& c, int) { return c.decode(range); }
  int number(SignedExpGolomb& c, int) { return c.decode(range); }
};

// Motion of 8x8 blocks by place in the picture; none outside the slice.
struct BlockMotion {
  const TokenGrid& grid;
  Slice slice;
  MotionVector at(int x, int y) const {
    if (x < 0 || x >= 2 * grid.cols() || y < 2 * slice.first_row) return {};
    const Cell& cell = grid.cells[static_cast<size_t>(y / 2) * grid.cols() + x / 2];
    return cell.motion[static_cast<size_t>(y % 2 * 2 + x % 2)];
  }
};

MotionVector median(MotionVector a, MotionVector b, MotionVector c) {
  auto middle = [](int16_t p, int16_t q, int16_t r) { return std::max(std::min(p, q), std::min(std::max(p, q), r)); };
  return {middle(a.dx, b.dx, c.dx), middle(a.dy, b.dy, c.dy)};
}

// Layers from `first` up to, not including, `end`.
Bytes encode_layers(const TokenGrid& grid, const TokenLayout& layout, Slice slice, int first, int end,
                    const TokenContexts& priors) {
  TokenContexts contexts = priors;
  TokenGrid copy = grid;  // the walk assigns what it reads; here that changes nothing
  Writer writer;
  for (int layer = first; layer < end; ++layer) walk_layer(writer, contexts, copy, layout, slice, layer);
  return writer.range.finish();
}

bool decode_layers(ByteView bits, const TokenLayout& layout, Slice slice, int first, int end,
                   const TokenContexts& priors, TokenGrid& grid) {
  TokenContexts contexts = priors;
  Reader reader{RangeDecoder(bits)};
  if (first == 0) {
    const auto begin = grid.cells.begin() + static_cast<ptrdiff_t>(slice.first_row) * grid.cols();
    std::fill(begin, begin + static_cast<ptrdiff_t>(slice.rows) * grid.cols(), Cell{});
  }
  for (int layer = first; layer < end; ++layer) walk_layer(reader, contexts, grid, layout, slice, layer);
  return !reader.range.overrun();
}

}  // namespace

Bytes encode_layer(const TokenGrid& grid, const TokenLayout& layout, Slice slice, int layer,
                   const TokenContexts& priors) {
  return encode_layers(grid, layout, slice, layer, layer + 1, priors);
}

bool decode_layer(ByteView bits, const TokenLayout& layout, Slice slice, int layer, const TokenContexts& priors,
                  TokenGrid& grid) {
  return decode_layers(bits, layout, slice, layer, layer + 1, priors, grid);
}

Bytes encode_joined(const TokenGrid& grid, const TokenLayout& layout, Slice slice, int layers,
                    const TokenContexts& priors) {
  return encode_layers(grid, layout, slice, 0, layers, priors);
}

bool decode_joined(ByteView bits, const TokenLayout& layout, Slice slice, int layers, const TokenContexts& priors,
                   TokenGrid& grid) {
  return decode_layers(bits, layout, slice, 0, layers, priors, grid);
}

MotionVector predict_motion(const TokenGrid& grid, Slice slice, int column, int row) {
  const BlockMotion motion{grid, slice};
  const int x = 2 * column;
  const int y = 2 * row;
  return median(motion.at(x - 1, y), motion.at(x, y - 1), motion.at(x + 2, y - 1));
}

MotionVector predict_block_motion(const TokenGrid& grid, Slice slice, int column, int row, size_t block) {
  const BlockMotion motion{grid, slice};
  const int x = 2 * column + static_cast<int>(block % 2);
  const int y = 2 * row + static_cast<int>(block / 2);
  const int third = block == CellMotion::kBlocks - 1 ? x - 1 : x + 1;
  return median(motion.at(x - 1, y), motion.at(x, y - 1), motion.at(third, y - 1));
}

}  // namespace crlsc
