// SPDX-License-Identifier: LGPL-2.1-or-later
// Entropy tables between what a model has and what was counted in one camera's pictures.
#pragma once

#include <vector>

#include "core/model/model_file.h"
#include "core/token/token_coder.h"

namespace crlsc::tools {

// `counted`, each probability pulled towards the one that `base` has: half way where decisions were many, to the very
// value where there were none. Throws Error(kRead) if `base` lacks one of the tables or has it in another
// size.
std::vector<PriorCounter::Table> blend_tables(const ModelFile& base, std::vector<PriorCounter::Table> counted);

}  // namespace crlsc::tools
