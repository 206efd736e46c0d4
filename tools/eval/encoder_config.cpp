// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/encoder_config.h"

#include <cmath>

namespace crlsc::tools {

EncoderConfig encoder_config(const Picture& first, int bitrate, double rate) {
  constexpr double kUnits = 1000;  // of a second, so that rates need not be whole
  EncoderConfig config;
  config.sequence.width = first.width();
  config.sequence.height = first.height();
  config.sequence.framerate_num = static_cast<uint32_t>(std::lround(rate * kUnits));
  config.sequence.framerate_den = static_cast<uint32_t>(kUnits);
  config.bitrate = bitrate;
  return config;
}

}  // namespace crlsc::tools
