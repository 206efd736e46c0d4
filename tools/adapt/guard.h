// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks whether a model that learnt something forgot something else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapt/camera_video.h"
#include "adapt/comparison.h"
#include "core/model/registry.h"

namespace crlsc::tools {

// Clips, and what a model makes of them.
class Guard {
 public:
  // `most_loss`: dB of PSNR-Y at equal rate that is put up with.
  Guard(std::shared_ptr<const LoadedModel> before, double most_loss);

  // Has the model code them.
  void add(const std::string& name, std::vector<Clip> clips, double rate);
  // Names of the clips that `after` makes worse by more than the limit. `print`: also what both models make of each.
  std::vector<std::string> worse_with(const std::shared_ptr<const LoadedModel>& after, bool print) const;

 private:
  struct Entry {
    std::string name;
    std::vector<Clip> clips;
    double rate;
    MeasuredRates before;
  };

  std::shared_ptr<const LoadedModel> before_;
  double most_loss_;
  std::vector<Entry> entries_;
};

// The beginnings of the video files among `paths`, and of those in and below the folders among them: at most `rate`
// pictures a second, and no larger than what models are trained with. Throws Error(kNotFound) for what is not there,
// Error(kRead) for a folder without videos, and what open_video() throws.
std::vector<NamedClip> guard_clips(const std::vector<std::string>& paths, double rate);

}  // namespace crlsc::tools
