// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/reconstruction.h"

#include <algorithm>

#include "core/codec/deblocking.h"
#include "core/codec/prediction.h"

namespace crlsc {
namespace {

void draw_cells(NetworkSession& session, const Picture& prediction, const TokenGrid& grid, Picture& out) {
  if (std::none_of(grid.cells.begin(), grid.cells.end(), [](const Cell& c) { return c.coded; })) return;
  Picture decoded;
  session.decode(prediction, grid, decoded);
  for (int i = 0; i < grid.size(); ++i) {
    if (grid.cells[static_cast<size_t>(i)].coded) copy_cell(decoded, out, i % grid.cols(), i / grid.cols());
  }
}

}  // namespace

void decode_cells(NetworkSession& session, const Picture& prediction, const TokenGrid& grid, const TokenLayout& layout,
                  Picture& out) {
  out = prediction;
  draw_cells(session, prediction, grid, out);
  if (layout.deblocking) deblock(grid, layout, out);
}

}  // namespace crlsc
