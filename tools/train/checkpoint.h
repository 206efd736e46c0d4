// SPDX-License-Identifier: LGPL-2.1-or-later
// Checkpoints of trainings: files that are whole at any time, and that nobody overwrites by accident.
#pragma once

#include <torch/torch.h>

#include <string>

namespace crlsc::tools {

// Whether a training goes on from the checkpoint at `path`: it is there, and that is wanted. Throws Error(kSettings) if
// it is there and not wanted.
bool resumes_from(const std::string& path, bool wanted);

// Writes `archive` to `path`, where the old file stays until the new one is whole.
void save_checkpoint(torch::serialize::OutputArchive& archive, const std::string& path);

}  // namespace crlsc::tools
