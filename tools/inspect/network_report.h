// SPDX-License-Identifier: LGPL-2.1-or-later
// What the network of a model costs.
#pragma once

#include <ostream>
#include <string>

namespace crlsc::tools {

// Prints what encoder and decoder multiply for each luma sample, and the semantic head for each picture, if the model
// at `path` is of the neural backend. Throws Error if it cannot be read.
void describe_network(const std::string& path, std::ostream& out);

}  // namespace crlsc::tools
