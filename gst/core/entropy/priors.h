// SPDX-License-Identifier: LGPL-2.1-or-later
// Contexts from the priors of a model file.
#pragma once

#include <vector>

#include "core/entropy/adaptive_bit.h"

namespace crlsc {

// One context for each prior. Throws Error(kRead) unless there are `count` of them, each 0..32767.
std::vector<AdaptiveBit> from_priors(PriorView priors, size_t count);

}  // namespace crlsc
