// SPDX-License-Identifier: LGPL-2.1-or-later
// What a model file holds, as text.
#pragma once

#include <ostream>
#include <string>

namespace crlsc::tools {

// True if the file begins as a safetensors file does.
bool looks_like_model(const std::string& path);

// Identity, layout, metadata and tensors of the model in `path`. Throws what ModelFile throws.
void describe_model(const std::string& path, std::ostream& out);

}  // namespace crlsc::tools
