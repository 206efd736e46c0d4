// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/token_hash.h"

#include "core/bitstream/byte_io.h"

namespace crlsc {

void TokenHash::add(const TokenGrid& grid) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.u16(static_cast<uint16_t>(grid.cols()));
  writer.u16(static_cast<uint16_t>(grid.rows()));
  for (int i = 0; i < grid.size(); ++i) {
    const Cell& cell = grid.cells[static_cast<size_t>(i)];
    writer.u8(cell.coded ? 1 : 0);
    writer.u8(static_cast<uint8_t>(cell.reference));
    for (size_t b = 0; b < (cell.motion.split() ? CellMotion::kBlocks : 1); ++b) {
      writer.u16(static_cast<uint16_t>(cell.motion[b].dx));
      writer.u16(static_cast<uint16_t>(cell.motion[b].dy));
    }
    if (!cell.coded) continue;
    writer.u8(static_cast<uint8_t>(cell.gain << 4 | cell.stages));
    auto add_tokens = [&writer](const int16_t* tokens, int count) {
      for (int k = 0; k < count; ++k) writer.u16(static_cast<uint16_t>(tokens[k]));
    };
    add_tokens(grid.structure_at(static_cast<size_t>(i)), grid.structure_tokens());
    for (int stage = 0; stage < cell.stages; ++stage) {
      for (int t = 0; t < 4; ++t) {
        const int y = 2 * (i / grid.cols()) + t / 2;
        const int x = 2 * (i % grid.cols()) + t % 2;
        add_tokens(grid.detail_at(stage, x, y), grid.detail_tokens(stage));
      }
    }
  }
  hash_.update(bytes);
}

}  // namespace crlsc
