// SPDX-License-Identifier: LGPL-2.1-or-later
// Fits a model to one camera and writes what changed as a delta file (core/model/model_delta.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapt/camera_video.h"

namespace crlsc::tools {

struct AdaptOptions {
  CameraOptions camera;
  std::string from;                // as find_model() takes it
  std::string out;                 // the delta
  std::string work;                // folder for checkpoint, log and models on the way
  std::vector<std::string> guard;  // videos, or folders of them, that must not become worse
  std::string license = "LGPL-2.1-or-later";
  double minutes = 30;  // of training, over all resumed runs
  double checkpoint_minutes = 5;
  double learning_rate = 1e-3;
  int batch = 8;
  uint64_t seed = 1;
  int threads = 0;
  bool resume = false;
  double most_loss = 0.1;  // dB of PSNR-Y at equal rate that the guard puts up with
  bool force = false;      // write the delta even if something became worse
};

// Fits the entropy tables to the camera's video and trains the post-filter on it; reports what that changed in the part
// held out; looks at clips of other kinds, and writes the delta unless one of them became worse by more than 0.1 dB at
// equal rate. Throws Error(kSettings) then, and for a model that cannot be a base; Error(kRead) for videos that are too
// short; and what reading videos and models, training, and writing throw.
void adapt_model(const AdaptOptions& options);

}  // namespace crlsc::tools
