// SPDX-License-Identifier: LGPL-2.1-or-later
// How tools set up an encoder.
#pragma once

#include "core/codec/encoder.h"

namespace crlsc::tools {

// For a stream of pictures like `first`, `rate` of them a second, at `bitrate` bit/s.
EncoderConfig encoder_config(const Picture& first, int bitrate, double rate);

}  // namespace crlsc::tools
