// SPDX-License-Identifier: LGPL-2.1-or-later
// Short clips that are drawn, not filmed, and always the same: what a codec must still do once it knows one camera.
#pragma once

#include <vector>

#include "adapt/camera_video.h"

namespace crlsc::tools {

// Moving patches in front of a resting ground, a camera that pans, and a scene at rest under noise: three seconds each.
std::vector<NamedClip> synthetic_clips();

}  // namespace crlsc::tools
