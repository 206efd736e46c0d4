// SPDX-License-Identifier: LGPL-2.1-or-later
// Models of packet loss.
#pragma once

#include <optional>

#include "core/channel/random.h"

namespace crlsc {

enum class LossModel { kUniform, kGilbertElliott };

// All are probabilities, 0..1.
struct LossSettings {
  LossModel model = LossModel::kUniform;
  double loss = 0;  // of kUniform: each packet by itself
  // Of kGilbertElliott, a Markov chain of two states that takes one step for each packet: E. Gilbert, "Capacity of a
  // burst-noise channel", Bell Syst. Tech. J. 39 (1960), 1253-1265, with the loss in both states of E. Elliott,
  // "Estimates of error rates for codes on burst-noise channels", Bell Syst. Tech. J. 42 (1963), 1977-1997.
  double good_to_bad = 0;     // p
  double bad_to_good = 0.25;  // r; the bad state lasts 1/r packets
  double loss_good = 0;       // 1 - k
  double loss_bad = 1;        // 1 - h
};

// The share of packets that is lost in the long run.
double mean_loss(const LossSettings& settings) noexcept;

// Decides packet by packet. A Gilbert-Elliott chain begins in its stationary state, so that short runs are not biased.
class LossProcess {
 public:
  // `copies` >= 1 of the packet are sent at once: in one state of the chain, each lost by itself. True if all are lost.
  bool lose(const LossSettings& settings, double copies, Random& random) noexcept;

 private:
  std::optional<bool> bad_;
};

}  // namespace crlsc
