// SPDX-License-Identifier: LGPL-2.1-or-later
// A small shared knowledge base that fits the semantic test model: it knows pictures of one colour by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/kb/product_quantiser.h"
#include "core/model/registry.h"
#include "core/picture.h"

namespace crlsc {

// "black", "white", "red", "green", "blue": the colours of videotestsrc's patterns of these names.
const std::vector<std::string>& colour_names();
Picture colour_picture(const std::string& name, int width, int height);

// Codebooks of 32 dimensions, 16 bytes a code.
std::shared_ptr<const ProductQuantiser> test_codebooks();

// Writes the knowledge base, with an entry for each colour from 1 on, as the model's semantic head sees it. With fewer
// colours it has another id. The file must not exist.
void write_test_knowledge(const std::string& path, const LoadedModel& model, size_t colours = SIZE_MAX);
// A private knowledge base without entries that uses the codebooks of `shared`, with or without a copy of them.
void write_private_knowledge(const std::string& path, const std::string& shared, bool with_codebooks);

}  // namespace crlsc
