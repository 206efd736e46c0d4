// SPDX-License-Identifier: LGPL-2.1-or-later
// Where models and backends are looked for.
#pragma once

#include <string>
#include <vector>

namespace crlsc {

// The folders of the colon-separated environment variable, in order and without empty ones, then `installed`.
// Privileged (set-user-id) programs see only `installed`.
std::vector<std::string> search_folders(const char* variable, const std::string& installed);

// "a, b and c": places for error messages.
std::string list_text(const std::vector<std::string>& items);

}  // namespace crlsc
