// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/loss.h"

#include <cmath>

namespace crlsc {
namespace {

double stationary_bad(const LossSettings& settings) {
  const double sum = settings.good_to_bad + settings.bad_to_good;
  return sum > 0 ? settings.good_to_bad / sum : 0;
}

}  // namespace

double mean_loss(const LossSettings& settings) noexcept {
  if (settings.model == LossModel::kUniform) return settings.loss;
  const double bad = stationary_bad(settings);
  return bad * settings.loss_bad + (1 - bad) * settings.loss_good;
}

bool LossProcess::lose(const LossSettings& settings, double copies, Random& random) noexcept {
  const double lost = random.uniform();
  const double moves = random.uniform();
  if (settings.model == LossModel::kUniform) return lost < std::pow(settings.loss, copies);
  if (!bad_) {
    bad_ = moves < stationary_bad(settings);
  } else if (moves < (*bad_ ? settings.bad_to_good : settings.good_to_bad)) {
    bad_ = !*bad_;
  }
  return lost < std::pow(*bad_ ? settings.loss_bad : settings.loss_good, copies);
}

}  // namespace crlsc
