// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/entropy/priors.h"

#include <string>

#include "core/error.h"

namespace crlsc {

std::vector<AdaptiveBit> from_priors(PriorView priors, size_t count) {
  if (priors.size() != count) {
    throw Error(ErrorKind::kRead,
                std::to_string(count) + " priors are needed, " + std::to_string(priors.size()) + " are given");
  }
  std::vector<AdaptiveBit> contexts;
  contexts.reserve(count);
  for (uint16_t prior : priors) {
    if (prior >= kProbabilityOne) {
      throw Error(ErrorKind::kRead, "prior " + std::to_string(prior) + " is not a 15-bit probability");
    }
    contexts.emplace_back(prior);
  }
  return contexts;
}

}  // namespace crlsc
