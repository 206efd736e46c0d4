// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares a decoded video with its original.
#pragma once

#include <string>
#include <vector>

namespace crlsc::tools {

struct VideoEvaluationOptions {
  std::string original;
  std::string decoded;
  bool moving = false;                   // also measures what moves apart, for fixed cameras
  bool json = false;                     // prints one line of JSON
  std::vector<std::string> classifiers;  // files (class_agreement.h)
  int classify_every = 1;                // pictures
};

// Prints the means over all pictures of the original. Pictures that the decoded video lacks at its end count as its
// last one. Throws Error(kRead) if either holds no picture, Error(kSettings) if they differ in size, and what
// ClassAgreement throws.
void evaluate_video(const VideoEvaluationOptions& options);

}  // namespace crlsc::tools
