// SPDX-License-Identifier: LGPL-2.1-or-later
// Which cells of a picture build on reference pictures that a decoder lacks, and what becomes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/token/grid.h"

namespace crlsc {

class BaselessCells {
 public:
  explicit BaselessCells(size_t cells) : baseless_(cells) {}

  // The next picture is `grid`, without the cells `left_out`, in order, which refer to pictures that are lacking: these
  // have become still. A cell is on firm ground again when it refers to nothing that is baseless.
  void next(const TokenGrid& grid, const std::vector<size_t>& left_out);

  // Whether there are any in the latest picture.
  bool any() const { return any_; }

 private:
  bool reads_any(const TokenGrid& grid, int i) const;

  std::vector<uint8_t> baseless_;
  bool any_ = false;
};

}  // namespace crlsc
