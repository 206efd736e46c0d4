// SPDX-License-Identifier: LGPL-2.1-or-later
// Between 8-bit pictures and the tensors that the network works on.
#pragma once

#include <vector>

#include "core/picture.h"
#include "neural/cell_box.h"
#include "neural/semantic_net.h"

namespace crlsc::neural {

// Stacks pictures of one size into a batch: value = (sample - 128) / 128.
PictureTensor to_tensor(const std::vector<const Picture*>& pictures);

// Rounds a batch back to 8 bits, clamped; `out` is resized to the batch.
void to_pictures(const PictureTensor& tensor, std::vector<Picture>& out);

// The cells of `box` as PictureTensor::packed(factor) has them: [1, 96, 2 rows, 2 cols] for a factor of 8, [1, 24, 4
// rows, 4 cols] for 4.
torch::Tensor pack(const Picture& picture, const CellBox& box, int factor = 8);

// Puts picture `item` of packed(4) pictures [B, 24, 4 rows, 4 cols], float, into `box` of `out`: rounded and clamped.
void unpack(const torch::Tensor& packed4, int64_t item, const CellBox& box, Picture& out);

}  // namespace crlsc::neural
