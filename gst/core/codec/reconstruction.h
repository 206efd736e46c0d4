// SPDX-License-Identifier: LGPL-2.1-or-later
// The last step of decoding, alike in encoder and decoder.
#pragma once

#include "core/codec/network.h"
#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc {

// Coded cells from the network, all others copied exactly from `prediction`; then deblocking, if `layout` has it. `out`
// may hold anything.
void decode_cells(NetworkSession& session, const Picture& prediction, const TokenGrid& grid, const TokenLayout& layout,
                  Picture& out);

}  // namespace crlsc
