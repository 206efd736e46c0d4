// SPDX-License-Identifier: LGPL-2.1-or-later
// Bit errors of coherent detection: the closed formulas, and a detector that draws errors symbol by symbol.
//
// Notation: g = Es/N0, the energy of a symbol over the one-sided noise density, as a ratio (not in dB); with k bits per
// symbol, Eb/N0 = g / k. Q(x) is the tail of the normal distribution.
//
// Each modulation is one or two independent axes of amplitudes, Gray coded:
//   BPSK    one axis of two levels;   bit error Q(sqrt(2 g))
//   QPSK    two axes of two levels;   bit error Q(sqrt(g))
//   16-QAM  two axes of four levels, a = sqrt(g / 5) = half their distance over the noise's deviation;
//           sign bit      [Q(a) + Q(3a)] / 2
//           amplitude bit [2 Q(a) + Q(3a) - Q(5a)] / 2
// BPSK and QPSK: J. Proakis, M. Salehi, "Digital Communications", 5th ed., sections 4.2 and 4.3. 16-QAM: K. Cho,
// D. Yoon, "On the general BER expression of one- and two-dimensional amplitude modulations", IEEE Trans. Commun. 50
// (2002), 1074-1080. Rayleigh fading with known phase and gain puts (1 - sqrt(c m / (2 + c m))) / 2 in the place of
// each Q(sqrt(c g)), m being the mean of g (Proakis, section 13.3).
#pragma once

#include <array>

#include "core/channel/random.h"

namespace crlsc {

enum class Modulation { kNone, kBpsk, kQpsk, kQam16 };

enum class Fading { kNone, kRayleigh };

// 1, 2 or 4; 8 for kNone, whose symbols are bytes without noise.
unsigned bits_per_symbol(Modulation modulation) noexcept;

double from_decibels(double decibels) noexcept;

double q_function(double x) noexcept;

// Bit error probability, mean over the bits of equiprobable symbols. `g` is Es/N0, of fading channels its mean.
double bit_error_probability(Modulation modulation, Fading fading, double g) noexcept;

// Draws which bits of a symbol are detected wrongly, at one Es/N0.
//
// It simulates symbols and no independent bits, because two bits of a 16-QAM axis share one noise sample, and because
// which of them err depends on the level that was sent. The noise itself need not be drawn: of each level, the
// probabilities of the three wrong decisions are known exactly.
class Detector {
 public:
  Detector(Modulation modulation, double g) noexcept;

  // The wrong bits of a symbol as a mask; `bits` is what was sent, the first axis in the upper half, of four levels the
  // sign above the amplitude bit. Draws one number for each axis.
  unsigned errors(unsigned bits, Random& random) const noexcept;

  // Never errs, as far as doubles can tell.
  bool perfect() const noexcept { return limits_[0].back() == 0 && limits_[1].back() == 0; }

 private:
  using Limits = std::array<double, 3>;

  unsigned axes_ = 0;
  unsigned bits_per_axis_ = 1;
  // Cumulated probabilities of the wrong decisions: of an outer level, and of an inner one.
  std::array<Limits, 2> limits_{};
};

}  // namespace crlsc
