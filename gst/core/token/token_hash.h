// SPDX-License-Identifier: LGPL-2.1-or-later
// One hash of the tokens of many pictures: equal on every machine that decodes a stream
// (docs/bitstream.md, section "Token hash").
#pragma once

#include "core/model/sha256.h"
#include "core/token/grid.h"

namespace crlsc {

class TokenHash {
 public:
  // Adds a picture: what is said of its cells, and the tokens that take part in it. Others have no influence.
  void add(const TokenGrid& grid);
  // Of all pictures so far; the object must not be used afterwards.
  Sha256::Digest finish() { return hash_.finish(); }

 private:
  Sha256 hash_;
};

}  // namespace crlsc
