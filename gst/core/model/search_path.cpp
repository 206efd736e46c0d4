// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/search_path.h"

#include <cstdlib>
#include <sstream>

namespace crlsc {

std::vector<std::string> search_folders(const char* variable, const std::string& installed) {
  std::vector<std::string> folders;
  const char* value = secure_getenv(variable);
  std::istringstream list(value == nullptr ? "" : value);
  for (std::string folder; std::getline(list, folder, ':');) {
    if (!folder.empty()) folders.push_back(folder);
  }
  folders.push_back(installed);
  return folders;
}

std::string list_text(const std::vector<std::string>& items) {
  std::string text;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
    text += items[i];
  }
  return text;
}

}  // namespace crlsc
