// SPDX-License-Identifier: LGPL-2.1-or-later
// What rate and quality of two codecs say about each other, when no two of their rates are equal (as Bjontegaard 2001,
// but piecewise linear, so that nothing is made up between few points).
#pragma once

#include <optional>
#include <vector>

namespace crlsc::tools {

struct RatePoint {
  double rate;     // of any unit, above 0
  double quality;  // the higher the better, in decibels best
};
// In any order.
using RateCurve = std::vector<RatePoint>;

// By what share `after` takes more bits than `before` at equal quality: -0.1 is a tenth less. The mean of the rates'
// logarithms over all qualities that both reach; nothing if there are none.
std::optional<double> rate_change(const RateCurve& before, const RateCurve& after);

// How much better `after` is than `before` at equal rate: the mean over the logarithms of all rates that both have;
// nothing if there are none.
std::optional<double> quality_change(const RateCurve& before, const RateCurve& after);

// Similarity 0..1, such as MS-SSIM, as decibels of what is missing: 10 more for each digit 9.
double similarity_db(double similarity);

}  // namespace crlsc::tools
