// SPDX-License-Identifier: LGPL-2.1-or-later
// Tokens of a scalar quantiser: a block is a list of coefficients, each a signed level, most of them 0 and the more so
// the finer the wave that they stand for (docs/bitstream.md, section "Coefficients").
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "core/entropy/adaptive_bit.h"
#include "core/entropy/bit_tree.h"
#include "core/entropy/exp_golomb.h"
#include "core/token/grid.h"

namespace crlsc {

// What a block of one kind is coded with.
struct CoefficientContexts {
  static constexpr size_t kSurroundings = 9;  // surroundings()
  static constexpr size_t kNonzero = 9;       // 3 near() + before()
  static constexpr size_t kNear = 3;
  static constexpr size_t kSigned =
      5;  // coefficients whose signs have contexts of their own, the last one for all others
  static constexpr size_t kSigns = 3;  // of the same coefficient to the left: 0, +, -

  // Of blocks of `coefficients`, 1..kMaxCoefficients; 0: none at all.
  explicit CoefficientContexts(int coefficients = 0);
  int coefficients() const { return static_cast<int>(nonzero.size()); }

  std::vector<BitTree> end;                                // by surroundings: coefficients up to the last that is not 0
  std::vector<std::array<AdaptiveBit, kNonzero>> nonzero;  // by coefficient
  std::vector<std::array<AdaptiveBit, kNear>> beyond_one;  // magnitude is 2 or more; by coefficient
  std::array<AdaptiveBit, kNear> beyond_two;               // 3 or more
  SignedExpGolomb rest;                                    // magnitude - 3
  std::array<std::array<AdaptiveBit, kSigns>, kSigned> sign;  // negative
};

// A block that was coded before, or none: counts as zeros.
struct CoefficientView {
  const int16_t* levels = nullptr;
  int count = 0;
  int magnitude(int i) const { return levels == nullptr ? 0 : levels[i] < 0 ? -levels[i] : levels[i]; }
  // 0, + or - as 0, 1, 2.
  size_t sign(int i) const { return levels == nullptr || levels[i] == 0 ? 0 : levels[i] < 0 ? 2 : 1; }
  int nonzero() const;
};

// None, up to three, more of something: 0..2.
constexpr size_t crowd(int n) { return n == 0 ? 0 : n <= 3 ? 1 : 2; }
// `near`: coefficients that are not 0 in the blocks to the left and above; `below`: in what stands for the block in the
// stage before.
constexpr size_t surroundings(int near, int below) { return 3 * crowd(near) + crowd(below); }

// Codes `levels`, as many as the contexts are made for and of magnitudes up to `most`, with a Coder as in token_walk.h.
template <class Coder>
void walk_coefficients(Coder& coder, CoefficientContexts& c, size_t around, CoefficientView left, CoefficientView above,
                       int16_t* levels, int most = kMaxLevel) {
  const int count = c.coefficients();
  int end = count;
  while (end > 0 && levels[end - 1] == 0) --end;
  end = coder.symbol(c.end[around], end);
  for (int i = end; i < count; ++i) levels[i] = 0;
  for (int i = 0; i < end; ++i) {
    const auto at = static_cast<size_t>(i);
    const size_t near = std::min<size_t>(static_cast<size_t>(left.magnitude(i) + above.magnitude(i)), 2);
    const size_t before = (i > 0 && levels[i - 1] != 0 ? 1U : 0U) + (i > 1 && levels[i - 2] != 0 ? 1U : 0U);
    if (i + 1 < end && !coder.bit(c.nonzero[at][3 * near + before], levels[i] != 0)) {
      levels[i] = 0;
      continue;
    }
    int magnitude = levels[i] < 0 ? -levels[i] : levels[i];
    if (!coder.bit(c.beyond_one[at][near], magnitude > 1)) {
      magnitude = 1;
    } else if (!coder.bit(c.beyond_two[near], magnitude > 2)) {
      magnitude = 2;
    } else {
      magnitude = std::min(3 + std::abs(coder.number(c.rest, magnitude - 3)), most);
    }
    auto& sign = c.sign[std::min(at, CoefficientContexts::kSigned - 1)][left.sign(i)];
    levels[i] = static_cast<int16_t>(coder.bit(sign, levels[i] < 0) ? -magnitude : magnitude);
  }
}

// What levels are likely to cost, in 1/256 bit, before anything has adapted and with usual neighbours.
class CoefficientCosts {
 public:
  // `around`: the usual surroundings().
  CoefficientCosts(const CoefficientContexts& priors, size_t around);
  int coefficients() const { return static_cast<int>(levels_.size()); }
  // A block of which nothing is left behind `end` coefficients.
  int end(int end) const { return end_[static_cast<size_t>(end)]; }
  // One coefficient, followed by others that are not 0 or (`last`) not.
  int level(int coefficient, int level, bool last) const;
  // All of it.
  int block(const int16_t* levels) const;

 private:
  static constexpr int kListed = 16;  // magnitudes; the cost of larger ones is that of the number behind
  struct Levels {
    int nonzero = 0;                       // that there is a level at all
    std::array<int, kListed> magnitude{};  // with the sign; [0]: none
  };
  std::vector<int> end_;
  std::vector<Levels> levels_;
  SignedExpGolomb rest_;
};

// Rate-distortion optimised quantisation: the levels for `latents`, in steps, with the least sum of squared error +
// `worth` x bits. Their differences to those in `levels`, which are predictions, are what is coded. Writes as many as
// `costs` is made for.
void choose_levels(const float* latents, float worth, const CoefficientCosts& costs, int16_t* levels);

}  // namespace crlsc
