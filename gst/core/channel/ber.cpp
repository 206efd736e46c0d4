// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/ber.h"

#include <cmath>

namespace crlsc {
namespace {

// weight * Q(sqrt(factor * g))
struct Term {
  double weight;
  double factor;
};
using Terms = std::array<Term, 3>;

Terms terms(Modulation modulation) {
  switch (modulation) {
    case Modulation::kBpsk:
      return {{{1, 2}}};
    case Modulation::kQpsk:
      return {{{1, 1}}};
    case Modulation::kQam16:
      return {{{3.0 / 4, 1.0 / 5}, {1.0 / 2, 9.0 / 5}, {-1.0 / 4, 5}}};
    case Modulation::kNone:
      break;
  }
  return {};
}

// The bits that differ between the level sent and the one detected, in the order of Detector::limits_; levels are
// -3 = 00, -1 = 01, +1 = 11, +3 = 10. Of two levels there is only the first.
constexpr unsigned kMasks[2][3] = {{1, 3, 2}, {1, 2, 3}};

}  // namespace

unsigned bits_per_symbol(Modulation modulation) noexcept {
  switch (modulation) {
    case Modulation::kBpsk:
      return 1;
    case Modulation::kQpsk:
      return 2;
    case Modulation::kQam16:
      return 4;
    case Modulation::kNone:
      break;
  }
  return 8;
}

double from_decibels(double decibels) noexcept { return std::pow(10, decibels / 10); }

double q_function(double x) noexcept { return std::erfc(x / std::sqrt(2.0)) / 2; }

double bit_error_probability(Modulation modulation, Fading fading, double g) noexcept {
  double sum = 0;
  for (const Term& term : terms(modulation)) {
    const double argument = term.factor * g;
    // (1 - sqrt(x / (2 + x))) / 2, without the cancellation at large x.
    const double faded = 1 / ((2 + argument) * (1 + std::sqrt(argument / (2 + argument))));
    sum += term.weight * (fading == Fading::kRayleigh ? faded : q_function(std::sqrt(argument)));
  }
  return sum;
}

Detector::Detector(Modulation modulation, double g) noexcept {
  if (modulation == Modulation::kNone) return;
  axes_ = modulation == Modulation::kBpsk ? 1 : 2;
  if (modulation != Modulation::kQam16) {
    const double wrong = bit_error_probability(modulation, Fading::kNone, g);
    limits_.fill({wrong, wrong, wrong});
    return;
  }
  bits_per_axis_ = 2;
  const double a = std::sqrt(g / 5);
  const double beyond1 = q_function(a);
  const double beyond3 = q_function(3 * a);
  const double beyond5 = q_function(5 * a);
  limits_[0] = {beyond1 - beyond3, beyond1 - beyond5, beyond1};
  limits_[1] = {beyond1, 2 * beyond1 - beyond3, 2 * beyond1};
}

unsigned Detector::errors(unsigned bits, Random& random) const noexcept {
  unsigned mask = 0;
  for (unsigned axis = axes_; axis-- > 0;) {
    const unsigned shift = axis * bits_per_axis_;
    const unsigned inner = bits >> shift & 1;
    const Limits& limits = limits_[inner];
    const double drawn = random.uniform();
    if (drawn >= limits[2]) continue;
    const size_t decision = drawn < limits[0] ? 0 : drawn < limits[1] ? 1 : 2;
    mask |= kMasks[inner][decision] << shift;
  }
  return mask;
}

}  // namespace crlsc
