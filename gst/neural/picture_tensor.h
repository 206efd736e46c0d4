// SPDX-License-Identifier: LGPL-2.1-or-later
// Between 8-bit pictures and the tensors that the network works on.
#pragma once

#include <vector>

#include "core/picture.h"
#include "neural/semantic_net.h"

namespace crlsc::neural {

// Stacks pictures of one size into a batch: value = (sample - 128) / 128.
PictureTensor to_tensor(const std::vector<const Picture*>& pictures);

// Rounds a batch back to 8 bits, clamped; `out` is resized to the batch.
void to_pictures(const PictureTensor& tensor, std::vector<Picture>& out);

}  // namespace crlsc::neural
