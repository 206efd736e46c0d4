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

}  // namespace

Bytes encode_layer(const TokenGrid& grid, const TokenLayout& layout, Slice slice, int layer,
                   const TokenContexts& priors) {
  TokenContexts contexts = priors;
  TokenGrid copy = grid;  // the walk assigns what it reads; here that changes nothing
  Writer writer;
  walk_layer(writer, contexts, copy, layout, slice, layer);
  return writer.range.finish();
}

bool decode_layer(ByteView bits, const TokenLayout& layout, Slice slice, int layer, const TokenContexts& priors,
                  TokenGrid& grid) {
  TokenContexts contexts = priors;
  Reader reader{RangeDecoder(bits)};
  if (layer == 0) {
    const auto begin = grid.cells.begin() + static_cast<ptrdiff_t>(slice.first_row) * grid.cols();
    std::fill(begin, begin + static_cast<ptrdiff_t>(slice.rows) * grid.cols(), Cell{});
  }
  walk_layer(reader, contexts, grid, layout, slice, layer);
  return !reader.range.overrun();
}

MotionVector predict_motion(const TokenGrid& grid, Slice slice, int column, int row) {
  auto motion = [&](int x, int y) {
    const bool inside = x >= 0 && x < grid.cols() && y >= slice.first_row;
    return inside ? grid.cells[static_cast<size_t>(y) * grid.cols() + x].motion : MotionVector{};
  };
  auto median = [](int a, int b, int c) {
    return static_cast<int16_t>(std::max(std::min(a, b), std::min(std::max(a, b), c)));
  };
  const MotionVector a = motion(column - 1, row);
  const MotionVector b = motion(column, row - 1);
  const MotionVector c = motion(column + 1, row - 1);
  return {median(a.dx, b.dx, c.dx), median(a.dy, b.dy, c.dy)};
}

}  // namespace crlsc
