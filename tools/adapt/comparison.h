// SPDX-License-Identifier: LGPL-2.1-or-later
// A model before and after it was adapted: what both make of the same pictures.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapt/camera_video.h"
#include "core/model/registry.h"
#include "eval/metrics.h"

namespace crlsc::tools {

// What the decoder shows of some clips at one setting of the rate.
struct Measured {
  double kbits = 0;  // a second, really sent
  Quality quality;   // mean over pictures
};

// One Measured for each of some bit rates.
using MeasuredRates = std::vector<Measured>;

// Where the rate is compared, bit/s.
extern const std::vector<int> kComparedRates;

// Encodes each clip anew at each of kComparedRates, `rate` pictures a second.
MeasuredRates measure_rates(const std::shared_ptr<const LoadedModel>& model, const std::vector<Clip>& clips,
                            double rate);

// Mean change over what both have; nothing where they have nothing in common.
std::optional<double> bits_at_equal_ms_ssim(const MeasuredRates& before, const MeasuredRates& after);  // share
std::optional<double> psnr_at_equal_rate(const MeasuredRates& before, const MeasuredRates& after);     // dB

// The table of both, with the two changes below it.
void print_comparison(const std::string& title, const MeasuredRates& before, const MeasuredRates& after);

}  // namespace crlsc::tools
