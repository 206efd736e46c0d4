// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks whether a model that learnt something forgot something else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapt/camera_video.h"
#include "core/model/registry.h"

namespace crlsc::tools {

class Guard {
 public:
  // `most_loss`: dB of PSNR-Y at equal rate that is put up with.
  Guard(std::shared_ptr<const LoadedModel> before, std::shared_ptr<const LoadedModel> after, double most_loss);

  // Measures both models with `clips`, prints the comparison, and remembers `name` if the second is worse.
  void check(const std::string& name, const std::vector<Clip>& clips, double rate);

  // Names of what became worse by more than the limit.
  const std::vector<std::string>& worse() const { return worse_; }
  // How much is too much, for messages.
  std::string limit_text() const;

 private:
  std::shared_ptr<const LoadedModel> before_;
  std::shared_ptr<const LoadedModel> after_;
  double most_loss_;
  std::vector<std::string> worse_;
};

// The beginnings of the video files among `paths`, and of those in and below the folders among them: at most `rate`
// pictures a second, and no larger than what models are trained with. Throws Error(kNotFound) for what is not there,
// Error(kRead) for a folder without videos, and what open_video() throws.
std::vector<NamedClip> guard_clips(const std::vector<std::string>& paths, double rate);

}  // namespace crlsc::tools
