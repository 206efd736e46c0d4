// SPDX-License-Identifier: LGPL-2.1-or-later
// Between the network and model files (core/model/model_file.h). Tensors are named as the modules are, kept as F16.
#pragma once

#include <string>
#include <vector>

#include "core/model/model_file.h"
#include "neural/semantic_net.h"

namespace crlsc::neural {

// Writes parameters and codebooks of `net`, with `priors` (named "priors.*", U16) beside them. Adds backend, layout and
// sizes to `metadata`. Throws Error(kWrite).
void export_model(SemanticNet& net, const std::string& path, Metadata metadata,
                  const std::vector<TensorView>& priors = {});

// Builds the network that `file` describes and fills it. Throws Error(kRead) for tensors that are missing or have other
// shapes than the metadata says.
SemanticNet import_model(const ModelFile& file);

}  // namespace crlsc::neural
