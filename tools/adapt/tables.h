// SPDX-License-Identifier: LGPL-2.1-or-later
// Entropy tables between what a model has and what was counted in one camera's pictures.
#pragma once

#include <vector>

#include "core/model/model_file.h"
#include "core/token/token_coder.h"

namespace crlsc::tools {

// `counted`, each probability pulled towards the one that `base` has: `share` of the way stays where decisions were
// many, nothing where there were none. Costs grow with the square of what probabilities are off: a half brings three
// quarters of what the whole would bring there, and takes a quarter from other pictures of what the whole would take.
// Throws Error(kRead) if `base` lacks one of the tables or has it in another size.
std::vector<PriorCounter::Table> blend_tables(const ModelFile& base, std::vector<PriorCounter::Table> counted,
                                              double share);

}  // namespace crlsc::tools
