// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows what a loss that a receiver reports does to the pictures sent since, so that only the cells concerned are
// sent anew.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "core/codec/picture_loss.h"
#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc {

// Remembers how the latest pictures were made. A report marks what of them did not arrive; going through them once more
// shows which cells of the latest picture may look otherwise at the receiver: those of lost rows that changed, and
// those predicted from such cells. Reports may come late, twice and in any order, and of several receivers: all of them
// count. What a network draws into a cell from the samples beside it is left out of account.
class LossTracker {
 public:
  // For pictures of cols x rows cells.
  LossTracker(int cols, int rows, TokenLayout layout);

  // One for pictures of cols x rows cells, of half the width and height or of twice that, which go on from those so
  // far: it knows the damage alone.
  LossTracker resized(int cols, int rows) const;

  // Takes note of a picture that was sent under `number` (modulo kPictureNumbers), and by how much it changed what each
  // cell shows: cell_error() between the picture put out before and this one.
  void sent(int number, const TokenGrid& grid, const std::vector<uint32_t>& changes);

  // Takes note of a report. Pictures that are not remembered, and rows beyond the last one, are left out.
  void lost(const PictureLoss& loss);

  // At most `count` cells to be sent without reference, the one that may differ most first. Cells that can hardly be
  // told from what they should be are not among them.
  std::vector<int> due(int count) const;

  // How much each cell of the latest picture may differ at a receiver, as cell_error() counts.
  const std::vector<uint32_t>& damage() const;

  // A difference that can just be told: 5.7 a sample, root mean square.
  static constexpr uint32_t kSmall = 32 * kCellSize * kCellSize;

 private:
  struct SentPicture {
    int number = 0;
    std::vector<Cell> cells;
    std::vector<uint32_t> changes;
    std::vector<uint8_t> missing;  // by row: the lowest layer that did not arrive
  };
  std::vector<uint32_t> follow(const std::vector<uint32_t>& damage, const SentPicture& sent) const;
  uint32_t damage_of_sources(const std::vector<uint32_t>& damage, const Cell& cell, int column, int row) const;

  int cols_;
  int rows_;
  TokenLayout layout_;
  std::deque<SentPicture> pictures_;
  std::vector<uint32_t> before_;          // the damage before the first of them
  mutable std::vector<uint32_t> damage_;  // after the last of them, unless stale_
  mutable bool stale_ = false;
};

}  // namespace crlsc
