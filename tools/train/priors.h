// SPDX-License-Identifier: LGPL-2.1-or-later
// Fits a model's entropy tables, and what it predicts levels by, to what the codec really sends.
#pragma once

#include <string>
#include <vector>

namespace crlsc::tools {

struct PriorOptions {
  std::string model;
  std::string out;
  std::vector<std::string> data;     // pictures and videos, or folders of them
  std::vector<std::string> exclude;  // parts of paths never to be read
  std::vector<int> bitrates{8000, 20000, 50000};
  int short_side = 208;  // samples that videos are scaled to
  int pictures = 40;     // of each video
  int stills = 0;        // that are coded by themselves
  double rate = 10;      // pictures a second
  int threads = 0;
};

// Encodes the videos at each bit rate and writes `model` to `out` with tables that suit what was coded. Tables hold no
// weights, but they belong to the model's identity: its hash changes.
void train_priors(const PriorOptions& options);

}  // namespace crlsc::tools
