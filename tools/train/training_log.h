// SPDX-License-Identifier: LGPL-2.1-or-later
// What training says of itself: a line on the terminal and one in a CSV file every so often.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace crlsc::tools {

// What a step reports.
struct StepReport {
  double loss = 0;
  double commitment = 0;  // of a vector quantiser, as `used` and `zeros`
  std::vector<double>
      psnr;  // dB on coded cells by number of detail stages (0..stages); not a number if there were none
  std::vector<double> used;   // share of codes in use: structure, then each stage
  std::vector<double> zeros;  // share of zero codes: structure, then each stage
  double bits = 0;            // mean bits a coded cell, by running code frequencies or the rate model
};

// How far training is.
struct TrainingProgress {
  int64_t step = 0;
  double spent = 0;  // seconds, and of how many
  double of = 0;
  double crops_per_second = 0;
  double learning_rate = 0;
};

// The mean of some steps; shares are the last step's, which are running means already. `steps` must not be empty.
StepReport mean_of(const std::vector<StepReport>& steps);

// Prints a progress bar with what `report` says.
void print_progress(const TrainingProgress& progress, const StepReport& report);

// Appends a line to the CSV file `path`, with a line of names in front if the file is new.
void append_csv(const std::string& path, const TrainingProgress& progress, const StepReport& report);

}  // namespace crlsc::tools
