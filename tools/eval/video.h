// SPDX-License-Identifier: LGPL-2.1-or-later
// Videos and pictures for evaluation, as I420 pictures of one size.
#pragma once

#include <memory>
#include <string>

#include "eval/y4m.h"

namespace crlsc::tools {

// Reads YUV4MPEG2 files (8-bit 4:2:0) as they are, "-" from standard input, and whatever else OpenCV opens (by way of
// BGR). Throws Error(kNotFound), Error(kRead).
std::unique_ptr<VideoReader> open_video(const std::string& path);

}  // namespace crlsc::tools
