// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/token/coefficients.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/entropy/cost.h"

namespace crlsc {
namespace {

// `N` contexts at `percent`.
template <size_t N>
std::array<AdaptiveBit, N> likely(int percent) {
  std::array<AdaptiveBit, N> contexts;
  contexts.fill(AdaptiveBit(percent * kProbabilityOne / 100));
  return contexts;
}

int16_t bounded(int level) { return static_cast<int16_t>(std::clamp(level, -kMaxLevel, kMaxLevel)); }

}  // namespace

CoefficientContexts::CoefficientContexts(int coefficients)
    : nonzero(static_cast<size_t>(coefficients), likely<kNonzero>(30)),
      beyond_one(static_cast<size_t>(coefficients), likely<kNear>(20)),
      beyond_two(likely<kNear>(35)) {
  if (coefficients > 0) end.assign(kSurroundings, BitTree(coefficients + 1));
}

int CoefficientView::nonzero() const {
  return levels == nullptr ? 0 : count - static_cast<int>(std::count(levels, levels + count, 0));
}

CoefficientCosts::CoefficientCosts(const CoefficientContexts& priors, size_t around) : rest_(priors.rest) {
  constexpr size_t kAlone = 1;  // nothing near, one of the last two is not 0
  for (int end = 0; end <= priors.coefficients() && !priors.end.empty(); ++end) {
    end_.push_back(priors.end[around].cost(end));
  }
  for (size_t i = 0; i < priors.nonzero.size(); ++i) {
    Levels of;
    of.nonzero = cost(priors.nonzero[i][kAlone], true);
    of.magnitude[0] = cost(priors.nonzero[i][kAlone], false);
    const AdaptiveBit& one = priors.beyond_one[i][0];
    of.magnitude[1] = kCostPerBit + cost(one, false);
    const int two = kCostPerBit + cost(one, true);
    of.magnitude[2] = two + cost(priors.beyond_two[1], false);
    for (int m = 3; m < kListed; ++m) {
      of.magnitude[static_cast<size_t>(m)] = two + cost(priors.beyond_two[1], true) + rest_.cost(m - 3);
    }
    levels_.push_back(of);
  }
}

int CoefficientCosts::level(int coefficient, int level, bool last) const {
  const Levels& of = levels_[static_cast<size_t>(coefficient)];
  const int magnitude = std::abs(level);
  const int said = magnitude == 0 || last ? 0 : of.nonzero;
  if (magnitude < kListed) return said + of.magnitude[static_cast<size_t>(magnitude)];
  return said + of.magnitude[kListed - 1] - rest_.cost(kListed - 4) + rest_.cost(magnitude - 3);
}

int CoefficientCosts::block(const int16_t* levels) const {
  int end = coefficients();
  while (end > 0 && levels[end - 1] == 0) --end;
  int sum = this->end(end);
  for (int i = 0; i < end; ++i) sum += level(i, levels[i], i + 1 == end);
  return sum;
}

void choose_levels(const float* latents, float worth, const CoefficientCosts& costs, int16_t* levels) {
  const float unit = worth / kCostPerBit;
  // Of blocks that end behind coefficient i, against a block of zeros. Errors of what follows cancel out.
  double before = 0;
  double least = static_cast<double>(unit) * costs.end(0);
  int end = 0;
  int16_t tail = 0;  // the change at the end
  std::array<int16_t, kMaxCoefficients> changes{};
  for (int i = 0; i < costs.coefficients(); ++i) {
    const double y = latents[i] - static_cast<float>(levels[i]);
    const int nearest = static_cast<int>(std::min<double>(kMaxLevel, std::abs(y) + 0.5));  // finite, whatever y is
    double best = static_cast<double>(unit) * costs.level(i, 0, false);
    double best_last = HUGE_VAL;
    int16_t chosen = 0;
    int16_t chosen_last = 0;
    for (int m = nearest; m > 0 && m > nearest - 2; --m) {
      const double gain = (std::abs(y) - m) * (std::abs(y) - m) - y * y;
      const auto signed_level = static_cast<int16_t>(y < 0 ? -m : m);
      const double usual = gain + static_cast<double>(unit) * costs.level(i, m, false);
      if (usual < best) {
        best = usual;
        chosen = signed_level;
      }
      const double last = gain + static_cast<double>(unit) * costs.level(i, m, true);
      if (last < best_last) {
        best_last = last;
        chosen_last = signed_level;
      }
    }
    changes[static_cast<size_t>(i)] = chosen;
    if (chosen_last != 0 && before + best_last + static_cast<double>(unit) * costs.end(i + 1) < least) {
      least = before + best_last + static_cast<double>(unit) * costs.end(i + 1);
      end = i + 1;
      tail = chosen_last;
    }
    before += best;
  }
  if (end > 0) changes[static_cast<size_t>(end) - 1] = tail;
  for (int i = 0; i < end; ++i) levels[i] = bounded(levels[i] + changes[static_cast<size_t>(i)]);
}

}  // namespace crlsc
