// SPDX-License-Identifier: LGPL-2.1-or-later
// How the encoder chooses what is sent of each cell, and at what price of a bit.
#include "core/codec/encoder_choice.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/codec/encoder_limits.h"
#include "core/codec/price_search.h"
#include "core/codec/square_error.h"
#include "core/entropy/cost.h"
#include "core/token/gain.h"

namespace crlsc {
namespace {

constexpr int kLeastCodedBits = 8;       // no coded cell costs less
constexpr double kMinLambda = 1.0 / 16;  // below, everything that helps at all is sent
constexpr double kMaxLambda = 1e6;
constexpr double kMostLambda = 4000;     // that is carried to the next picture
constexpr double kMostOfRounds = 30000;  // that is tried
constexpr double kUnbiased = 1;          // the quantiser leaves nothing out that matters
constexpr double kLambdaStep = 1.5;      // from picture to picture
constexpr int kBisections = 18;
constexpr int kRefits = 2;
constexpr double kWellUsed = 0.95;    // of what a picture may take
constexpr int kRounds = 6;            // of key pictures, until the price is the one that choices were made for
constexpr double kCloseEnough = 1.3;  // or nearly so
constexpr int kFarRounds = 4;         // of other pictures, while the price is off by more than
constexpr double kFar = 2;
constexpr int kAttempts = 6;  // to meet the limit with real sizes

}  // namespace

// Choices that were made for another price than the one that fits are as good as none: they are made anew, for better
// guesses, and the round counts that leaves the least distortion.
EncodedPicture Encoder::best_round(const Picture& current, Picture& prediction, RateControl::Budget budget, bool key,
                                   std::vector<Choice>& choices) {
  Round best = try_round(current, prediction, budget, key);
  if (model_->file.layout().scalar()) look_again(current, prediction, budget, key, best);
  grid_ = std::move(best.grid);
  lambda_ = best.lambda;
  fitted_ = best.fitted;
  distortion_ = best.distortion;
  choices = std::move(best.choices);
  return std::move(best.coded);
}

// A picture whose price is far off may take what there is, and what was chosen may be the right choice for that.
// Behind a cut, little of the picture before is worth its vectors: rounds start from grey, as those of key pictures.
// Something large may come into sight without a cut.
void Encoder::look_again(const Picture& current, Picture& prediction, RateControl::Budget budget, bool key,
                         Round& best) {
  const bool dearer = best.fitted > best.proposed;
  if (best.off() >= kFar && !on_scene_) {
    budget.target = budget.limit;
    if (!key && !cut_) settle(budget, key, best);
  }
  const bool far = best.off() >= kFar;
  const bool anew = key || (far && cut_);
  const double close_enough = key ? kCloseEnough : kFar;
  const int rounds = key ? kRounds : kFarRounds;
  PriceSearch search;
  double price = key || !anew ? search.next(best.proposed, best.fitted) : best.fitted;
  double off = best.off();
  double left = best.distortion;
  for (int round = 1; round < rounds && off >= close_enough && left >= kGoodPicture * grid_.size(); ++round) {
    lambda_ = std::clamp(price, kMinLambda * 4, kMostOfRounds);
    choose_references(current, anew, prediction);
    Round now = try_round(current, prediction, budget, key);
    price = search.next(now.proposed, now.fitted);
    off = now.off();
    left = now.distortion;
    if (now.distortion < best.distortion) best = std::move(now);
  }
  if (anew || !far || !dearer || best.distortion < kGoodPicture * grid_.size()) return;
  lambda_ = std::clamp(best.fitted, kMinLambda * 4, kMostOfRounds);
  choose_references(current, true, prediction);
  Round grey = try_round(current, prediction, budget, key);
  if (grey.distortion < best.distortion) best = std::move(grey);
}

Encoder::Round Encoder::try_round(const Picture& current, const Picture& prediction, RateControl::Budget budget,
                                  bool key) {
  Round now;
  now.proposed = lambda_;
  now.choices = propose(current, prediction, key);
  settle(budget, key, now);
  return now;
}

// Chooses from what `round`, whose tokens are in grid_, has to offer.
void Encoder::settle(RateControl::Budget budget, bool key, Round& round) {
  lambda_ = round.proposed;
  round.coded = fit(round.choices, budget, key);
  round.distortion = round.coded.bytes.empty() ? HUGE_VAL : distortion_;
  round.fitted = fitted_;
  round.lambda = lambda_;
  round.grid = grid_;
}

// What the network would send for cells that are not good enough by themselves, and what each way would cost.
std::vector<Encoder::Choice> Encoder::propose(const Picture& current, const Picture& prediction, bool key) {
  mark_candidates(current, prediction);
  std::vector<Picture> previews(static_cast<size_t>(model_->file.layout().stages_up_to(layers_ - 1)) + 1);
  session_->encode(current, prediction, {static_cast<float>(lambda_), &costs_, &visibility_.weights()}, grid_,
                   previews);
  return measure(prediction, previews, key);
}

void Encoder::mark_candidates(const Picture& current, const Picture& prediction) {
  // The choice may be made at a lower lambda than the one carried; how much lower is a guess.
  const double least = std::max(kGoodEnough, lambda_ / kLambdaStep * kLeastCodedBits);
  for (int i = 0; i < grid_.size(); ++i) {
    Cell& cell = grid_.cells[static_cast<size_t>(i)];
    const int column = i % grid_.cols();
    const int row = i / grid_.cols();
    const bool grey = cell.reference == Reference::kGrey;
    cell.coded = grey || visibility_.distortion(prediction, column, row) > least;
    cell.stages = cell.coded ? static_cast<uint8_t>(grid_.stages()) : 0;
    const TokenLayout& layout = model_->file.layout();
    cell.gain = static_cast<uint8_t>(
        layout.scalar() ? step_level(lambda_ / visibility_.weights()[static_cast<size_t>(i)], layout.gain_levels)
                        : gain_level(cell_error(current, prediction, column, row), layout.gain_levels));
  }
}

std::vector<Encoder::Choice> Encoder::measure(const Picture& prediction, const std::vector<Picture>& previews,
                                              bool key) {
  const int most = static_cast<int>(previews.size()) - 1;
  std::vector<Choice> choices(static_cast<size_t>(grid_.size()));
  for (int i = 0; i < grid_.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    const int column = i % grid_.cols();
    const int row = i / grid_.cols();
    const Cell& cell = grid_.cells[at];
    Choice& c = choices[at];
    c.reference = cell.reference;
    c.motion = cell.motion;
    c.still_distortion = visibility_.distortion(previous_, column, row);
    c.copy_distortion = visibility_.distortion(prediction, column, row);
    int motion = 0;
    if (cell.reference == Reference::kPrevious) motion = costs().motion(grid_, column, row);
    const bool same = cell.reference == Reference::kPrevious && cell.motion == CellMotion();
    c.still_cost = costs().still();
    c.copy_cost = same ? c.still_cost : costs().copied(cell.reference) + motion;
    if (scene_.size() > 0 && cell.reference < Reference::kKnowledge0) {
      const size_t nearest = scene_.nearest()[at].picture;
      c.scene = knowledge(nearest);
      c.scene_cost = costs().copied(c.scene);
      c.scene_distortion = visibility_.distortion(scene_.picture(nearest), column, row);
    }
    c.candidate = cell.coded;
    c.may_rest = !key;
    c.forced = forced_[at] != 0;
    if (!cell.coded) continue;
    int price = costs().coded(cell.reference) + motion + costs().gain(cell.reference == Reference::kGrey, cell.gain) +
                costs().structure(grid_, at);
    for (int n = 0; n <= most; ++n) {
      c.cost[static_cast<size_t>(n)] = price + costs().stages(cell.gain, n);
      if (n == grid_.stages()) break;
      price += costs().detail(grid_, at, n);
    }
    for (int n = 0; n <= most; ++n) {
      c.distortion[static_cast<size_t>(n)] = visibility_.distortion(previews[static_cast<size_t>(n)], column, row);
    }
  }
  return choices;
}

// Takes for each cell what is best at `lambda` into grid_; returns the expected cost in 1/256 bit. Sets distortion_.
int64_t Encoder::select(const std::vector<Choice>& choices, double lambda, bool refresh) {
  const int most = model_->file.layout().stages_up_to(layers_ - 1);
  int64_t total = 0;
  distortion_ = 0;
  for (size_t i = 0; i < choices.size(); ++i) {
    const Choice& c = choices[i];
    Cell& cell = grid_.cells[i];
    const uint8_t gain = cell.gain;
    cell = Cell{};
    cell.gain = gain;
    double best = HUGE_VAL;
    int cost = 0;
    if (c.may_rest && !(c.forced && refresh)) {
      best = c.still_distortion + lambda * c.still_cost / kCostPerBit;
      cost = c.still_cost;
    }
    const double copied = c.copy_distortion + lambda * c.copy_cost / kCostPerBit;
    const bool known = c.reference >= Reference::kKnowledge0;                 // a copy heals receivers as well
    const bool grey_will_do = !c.may_rest && c.scene_distortion == HUGE_VAL;  // patches in a known scene look odd
    const bool may_copy = known || (!c.forced && (c.reference == Reference::kPrevious || grey_will_do));
    if (may_copy && copied < best) {
      best = copied;
      cost = c.copy_cost;
      cell.reference = c.reference;
      cell.motion = c.motion;
    }
    if (const double scene = c.scene_distortion + lambda * c.scene_cost / kCostPerBit; scene < best) {
      best = scene;
      cost = c.scene_cost;
      cell.reference = c.scene;
      cell.motion = {};
    }
    for (int n = 0; c.candidate && n <= most; ++n) {
      const double now = c.distortion[static_cast<size_t>(n)] + lambda * c.cost[static_cast<size_t>(n)] / kCostPerBit;
      if (now >= best) continue;
      best = now;
      cost = c.cost[static_cast<size_t>(n)];
      cell.coded = true;
      cell.stages = static_cast<uint8_t>(n);
      cell.reference = c.reference;
      cell.motion = c.motion;
    }
    total += cost;
    distortion_ += best - lambda * cost / kCostPerBit;
  }
  return total;
}

// Contexts adapt, so that a picture takes less than expected. Where all that there is may be used, the rest goes to
// another selection.
EncodedPicture Encoder::fit(const std::vector<Choice>& choices, RateControl::Budget budget, bool key) {
  const double proposed = lambda_;
  EncodedPicture out = fit_target(choices, budget, key);
  for (int again = 0; again < kRefits && budget.target >= budget.limit && !out.bytes.empty(); ++again) {
    const double used = static_cast<double>(out.bytes.size()) * 8 / budget.limit;
    if (used > kWellUsed || fitted_ <= least_lambda_ || distortion_ < kGoodPicture * grid_.size()) break;
    Round before;
    before.grid = grid_;
    before.distortion = distortion_;
    before.fitted = fitted_;
    before.lambda = lambda_;
    budget.target = static_cast<int>(budget.target / used);
    lambda_ = proposed;
    EncodedPicture more = fit_target(choices, budget, key);
    if (!more.bytes.empty() && distortion_ < before.distortion) {
      out = std::move(more);
      continue;
    }
    grid_ = before.grid;
    lambda_ = before.lambda;
    distortion_ = before.distortion;
    fitted_ = before.fitted;
    break;
  }
  return out;
}

EncodedPicture Encoder::fit_target(const std::vector<Choice>& choices, RateControl::Budget budget, bool key) {
  EncodedPicture out;
  double lambda = std::max(kMinLambda, least_lambda_);
  double low = std::log(lambda);
  double high = std::log(kMaxLambda);
  const double wanted = static_cast<double>(even_price_ ? budget.limit : budget.target) * kCostPerBit;
  const auto least = static_cast<double>(select(choices, lambda));
  const bool everything = least <= wanted;
  wanted_bits_ = least / kCostPerBit;
  if (!everything) {
    for (int i = 0; i < kBisections; ++i) {
      const double middle = (low + high) / 2;
      (static_cast<double>(select(choices, std::exp(middle))) > wanted ? low : high) = middle;
    }
    lambda = std::exp(high);
    select(choices, lambda);
  }
  fitted_ = lambda;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    out = write(key);
    if (static_cast<int64_t>(out.bytes.size()) * 8 <= budget.limit) {
      out.complete = everything && attempt == 0 && lambda_ <= kUnbiased;
      // In small steps: what a price leaves out cannot be seen at that price, and the next picture would swing back.
      const double step = std::clamp(std::sqrt(lambda / lambda_), 1 / kLambdaStep, kLambdaStep);
      lambda_ = std::clamp(lambda_ * step, kMinLambda * 4, kMostLambda);
      return out;
    }
    lambda *= 1.6;
    select(choices, lambda, /*refresh=*/key || attempt < kAttempts / 2);
  }
  lambda_ = std::min(lambda_ * kLambdaStep, kMostLambda);
  return {};
}

}  // namespace crlsc
