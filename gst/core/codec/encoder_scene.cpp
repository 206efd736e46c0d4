// SPDX-License-Identifier: LGPL-2.1-or-later
// What the encoder does where it knows the scene.
#include <algorithm>

#include "core/bitstream/unit.h"
#include "core/codec/encoder.h"
#include "core/codec/encoder_limits.h"
#include "core/codec/square_error.h"
#include "core/entropy/cost.h"

namespace crlsc {
namespace {

constexpr int kLearningBits = 40;        // until contexts expect that cells refer to the scene
constexpr double kLongestSilence = 0.5;  // seconds without a word to receivers while nothing changes
constexpr double kCutShare = 0.25;       // of an average picture: what the first one behind a cut takes at least
constexpr double kTimeSlack = 0.001;     // of the sum of intervals

}  // namespace

// Of the unit that tells receivers of the scene, if it goes with the picture.
int Encoder::scene_unit_bits(bool key) const {
  Bytes unit;
  if (scene_.tells(key)) append_scene_unit(unit, scene_.unit(), key);
  return static_cast<int>(unit.size()) * 8;
}

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

// Whether receivers show a known scene as it is to be seen now, but for noise.
bool Encoder::rests(const Picture& current) const {
  if (!started_ || scene_.size() == 0) return false;
  if (!losses_.due(1).empty() || (config_.refresh_share > 0 && !refresh_.due(1).empty())) return false;
  for (int i = 0; i < grid_.size(); ++i) {
    const double error = cell_error(current, previous_, i % grid_.cols(), i / grid_.cols());
    if (error > kGoodPicture || error > scene_.nearest()[static_cast<size_t>(i)].error + kGoodEnough) return false;
  }
  return true;
}

// Whether the tokens at hand repeat the picture before.
bool Encoder::changes_nothing() const {
  return std::all_of(grid_.cells.begin(), grid_.cells.end(), [](const Cell& cell) {
    return cell.reference == Reference::kPrevious && !cell.coded && cell.motion == CellMotion();
  });
}

// Nothing, as long as nobody wonders; then a picture without any change.
EncodedPicture Encoder::rest(RateControl::Budget budget) {
  EncodedPicture out;
  std::fill(grid_.cells.begin(), grid_.cells.end(), Cell{});
  if (silent_ > kLongestSilence - kTimeSlack || scene_.tells(false)) out = repeat(budget);
  if (!out.bytes.empty()) {
    Picture prediction(previous_.width(), previous_.height());
    sent(out, prediction);
  }
  out.rests = true;
  return out;
}

// For a first picture, and one behind a cut, that a known scene shows for the most part: what a picture takes on
// average, or less behind a cut, where the bucket is not empty and the next picture draws what is missing; and, of the
// rest that it may take, as large a share as there are cells that are nearer to a flat one than to the scene.
RateControl::Budget Encoder::modest(const Picture& current, RateControl::Budget budget, bool key) const {
  if (budget.share == 0) return budget;
  int fresh = 0;
  for (int i = 0; i < grid_.size(); ++i) {
    const double error = scene_.nearest()[static_cast<size_t>(i)].error;
    fresh += error > std::max<double>(kGoodPicture, cell_deviation(current, i % grid_.cols(), i / grid_.cols()));
  }
  const double share = static_cast<double>(fresh) / grid_.size();
  const double least = (key ? 1 : kCutShare) * budget.share;
  const double tokens = least + share * std::max(budget.limit - least, 0.0);
  Bytes headers;
  if (key) append_unit(headers, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(config_.sequence));
  append_scene_unit(headers, scene_.unit(), key);
  budget.target = static_cast<int>(tokens);
  budget.limit = std::min(budget.limit, budget.target + static_cast<int>(headers.size()) * 8);
  budget.most = false;
  return budget;
}

}  // namespace crlsc
