// SPDX-License-Identifier: LGPL-2.1-or-later
// The codecs of the benchmark and their settings, as launch lines.
#pragma once

#include <string>
#include <vector>

namespace crlsc::bench {

constexpr int kMtu = 1200;
constexpr int kMediaType = 96;  // payload types
constexpr int kCorrectionType = 97;
constexpr int kRetransmissionType = 98;
constexpr unsigned kMediaSsrc = 1;
constexpr unsigned kRetransmissionSsrc = 2;
constexpr int kCorrectionPercentage = 100;
constexpr double kRefreshSeconds = 5;  // of variants that renew the picture periodically

struct Codec {
  std::string name;
  std::string encoder;  // one element called "encoder"
  std::string payloader;
  std::string depayloader;
  std::string decoder;
  bool own = false;  // CRLSC, whose decoder itself tells what it lacks
};

struct CodecSettings {
  int bitrate = 20000;  // bit/s, target of the encoder
  double pictures_per_second = 10;
  std::string model;  // of CRLSC; empty = the default
};

std::vector<std::string> codec_names();

// Throws Error(kSettings) for other names.
Codec find_codec(const std::string& name, const CodecSettings& settings);

}  // namespace crlsc::bench
