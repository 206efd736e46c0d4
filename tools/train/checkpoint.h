// SPDX-License-Identifier: LGPL-2.1-or-later
// Checkpoints of trainings: files that are whole at any time, and that nobody overwrites by accident.
#pragma once

#include <torch/torch.h>

#include <string>

namespace crlsc::tools {

// Whether a training goes on from the checkpoint at `path`: it is there, and that is wanted. Throws Error(kSettings) if
// it is there and not wanted.
bool resumes_from(const std::string& path, bool wanted);

// The part of a checkpoint that says how far a training is: its optimizer, steps, and seconds of computing. Reading
// throws c10::Error if it is missing.
void write_progress(torch::serialize::OutputArchive& archive, const torch::optim::Optimizer& optimizer, int64_t step,
                    double spent);
void read_progress(torch::serialize::InputArchive& archive, torch::optim::Optimizer& optimizer, int64_t& step,
                   double& spent);

// The parameters of a network, by number: archives cannot hold layers whose names are words of Python, such as "in".
// Reading throws c10::Error if they are missing or of other shapes.
void write_parameters(torch::serialize::OutputArchive& archive, const torch::nn::Module& network);
void read_parameters(torch::serialize::InputArchive& archive, torch::nn::Module& network);

// Writes `archive` to `path`, where the old file stays until the new one is whole.
void save_checkpoint(torch::serialize::OutputArchive& archive, const std::string& path);

}  // namespace crlsc::tools
