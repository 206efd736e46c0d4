// SPDX-License-Identifier: LGPL-2.1-or-later
// What a model file holds, as text.
#pragma once

#include <ostream>
#include <string>

namespace crlsc::tools {

// True if the file begins as a safetensors file does.
bool looks_like_model(const std::string& path);

// True for the delta of a model. Throws what SafetensorsFile throws.
bool is_delta(const std::string& path);

// Identities, metadata and tensors of the delta in `path`. Throws what ModelDelta throws.
void describe_delta(const std::string& path, std::ostream& out);

// Identity, layout, metadata and tensors of the model in `path`, a file or BASE+DELTA. Throws what ModelFile throws.
void describe_model(const std::string& path, std::ostream& out);

}  // namespace crlsc::tools
