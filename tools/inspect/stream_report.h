// SPDX-License-Identifier: LGPL-2.1-or-later
// What a stream of access units holds, unit by unit, without running any network.
#pragma once

#include <ostream>
#include <string>

#include "core/model/model_file.h"

namespace crlsc::tools {

// One paragraph for each access unit of the .crlsc file `path`, and sums at the end. Without `model` (may be null) the
// tokens stay closed. Throws Error(kRead) if the file is no stream, Error(kWrongType) if it needs another model.
void describe_stream(const std::string& path, const ModelFile* model, std::ostream& out);

// SHA-256 over all decoded tokens, 64 hexadecimal digits (docs/bitstream.md, section "Token hash"). Access units that
// cannot be decoded have no part in it. Throws what describe_stream() throws.
std::string stream_token_hash(const std::string& path, const ModelFile& model);

}  // namespace crlsc::tools
