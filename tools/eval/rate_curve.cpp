// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/rate_curve.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace crlsc::tools {
namespace {

// x and y, by rising x; no two x are equal.
using Line = std::vector<std::pair<double, double>>;

Line line_of(Line points) {
  std::sort(points.begin(), points.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  points.erase(std::unique(points.begin(), points.end(), same), points.end());
  return points;
}

double value_at(const Line& line, double x) {
  const auto right = std::lower_bound(line.begin() + 1, line.end() - 1, x,
                                      [](const auto& point, double wanted) { return point.first < wanted; });
  const auto left = right - 1;
  return left->second + (right->second - left->second) * (x - left->first) / (right->first - left->first);
}

// The mean of b - a where both are.
std::optional<double> mean_difference(const Line& a, const Line& b) {
  constexpr int kSteps = 256;
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  const double low = std::max(a.front().first, b.front().first);
  const double high = std::min(a.back().first, b.back().first);
  if (low >= high) return std::nullopt;
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double x = low + (high - low) * (i + 0.5) / kSteps;
    sum += value_at(b, x) - value_at(a, x);
  }
  return sum / kSteps;
}

Line by_quality(const RateCurve& curve) {
  Line out;
  for (const RatePoint& p : curve) out.emplace_back(p.quality, std::log(p.rate));
  return line_of(std::move(out));
}

Line by_rate(const RateCurve& curve) {
  Line out;
  for (const RatePoint& p : curve) out.emplace_back(std::log(p.rate), p.quality);
  return line_of(std::move(out));
}

}  // namespace

std::optional<double> rate_change(const RateCurve& before, const RateCurve& after) {
  const auto difference = mean_difference(by_quality(before), by_quality(after));
  if (!difference) return std::nullopt;
  return std::exp(*difference) - 1;
}

std::optional<double> quality_change(const RateCurve& before, const RateCurve& after) {
  return mean_difference(by_rate(before), by_rate(after));
}

double similarity_db(double similarity) {
  constexpr double kLeastMissing = 1e-10;
  return -10 * std::log10(std::max(1 - similarity, kLeastMissing));
}

}  // namespace crlsc::tools
