// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/checkpoint.h"

#include <filesystem>

#include "core/error.h"

namespace crlsc::tools {

namespace fs = std::filesystem;

bool resumes_from(const std::string& path, bool wanted) {
  const bool exists = fs::exists(path);
  if (exists && !wanted) {
    throw Error(ErrorKind::kSettings, "\"" + path + "\" exists; go on with --resume or choose another --out");
  }
  return exists;
}

void save_checkpoint(torch::serialize::OutputArchive& archive, const std::string& path) {
  archive.save_to(path + ".new");
  fs::rename(path + ".new", path);
}

}  // namespace crlsc::tools
