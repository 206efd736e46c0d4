// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures to judge a training by.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "train/sample.h"

namespace crlsc::tools {

// Writes up to eight samples side by side into the picture file `path`: original, prediction, next reference of each.
void write_sheet(const std::string& path, const std::vector<std::unique_ptr<Sample>>& samples);

}  // namespace crlsc::tools
