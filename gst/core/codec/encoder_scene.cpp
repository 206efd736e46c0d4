// SPDX-License-Identifier: LGPL-2.1-or-later
// What the encoder does where it knows the scene.
#include <algorithm>

#include "core/codec/encoder.h"
#include "core/codec/encoder_limits.h"
#include "core/codec/prediction.h"
#include "core/entropy/cost.h"

namespace crlsc {
namespace {

constexpr int kLearningBits = 40;        // until contexts expect that cells refer to the scene

}  // namespace

// Whether cells cost less that are copied from the scene as a rule, as when the camera shakes, than those that stay
// what they were: contexts learn either, at a price. In key pictures the rest is flat.
bool Encoder::mostly_scene(const Picture& current, bool key) const {
  if (scene_.size() == 0) return false;
  double still = 0;
  double scene = kLearningBits * lambda_;
  for (int i = 0; i < grid_.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    const int column = i % grid_.cols();
    const int row = i / grid_.cols();
    const float weight = visibility_.weights()[at];
    const double other = weight * (key ? cell_deviation(current, column, row) + kGreyBits * lambda_ / weight
                                       : cell_error(current, previous_, column, row));
    const double known = weight * scene_.nearest()[at].error;
    const auto price = [this](int cost) { return lambda_ * cost / kCostPerBit; };
    still += std::min(other, known + price(costs_.copied(Reference::kKnowledge0)));
    scene += std::min(other + price(key ? 0 : scene_costs_.still()),
                      known + price(scene_costs_.copied(Reference::kKnowledge0)));
  }
  return scene < still;
}

// What cells cost as choose_motion() counts it if they are copied from the scene; nothing if it shows not much of the
// picture.
std::vector<double> Encoder::scene_prices() const {
  std::vector<double> out;
  for (size_t i = 0; on_scene_ && i < scene_.nearest().size(); ++i) {
    const double bits = static_cast<double>(scene_costs_.copied(Reference::kKnowledge0)) / kCostPerBit;
    out.push_back(scene_.nearest()[i].error + bits * lambda_ / visibility_.weights()[i]);
  }
  return out;
}

}  // namespace crlsc
