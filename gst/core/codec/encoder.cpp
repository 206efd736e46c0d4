// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/encoder.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/bitstream/unit.h"
#include "core/codec/encoder_limits.h"
#include "core/codec/motion_choice.h"
#include "core/codec/prediction.h"
#include "core/codec/reconstruction.h"
#include "core/entropy/cost.h"
#include "core/error.h"
#include "core/token/gain.h"

namespace crlsc {
namespace {

constexpr int kLeastCodedBits = 8;       // no coded cell costs less
constexpr double kMostRefresh = 0.5;     // of what a picture may take
constexpr double kRepairShare = 0.5;     // of the bits, while a receiver shows something wrong
constexpr double kRefreshMemory = 0.9;   // of what refreshed cells have cost
constexpr double kMinLambda = 1.0 / 16;  // below, everything that helps at all is sent
constexpr double kMaxLambda = 1e6;
constexpr double kFirstLambda = 200;     // a guess, of a scalar quantiser
constexpr double kMostLambda = 4000;     // that is carried to the next picture
constexpr double kMostOfRounds = 30000;  // that is tried
constexpr double kUnbiased = 1;          // the quantiser leaves nothing out that matters
constexpr double kLambdaStep = 1.5;      // from picture to picture
constexpr int kBisections = 18;
constexpr int kRefits = 2;
constexpr double kWellUsed = 0.95;    // of what a picture may take
constexpr int kRounds = 6;            // of key pictures, until the price is the one that steps were chosen for
constexpr double kCloseEnough = 1.3;  // or nearly so
constexpr int kCutRounds = 4;         // of other pictures whose price is off by more than
constexpr double kCut = 2;
constexpr int kAttempts = 6;          // to meet the limit with real sizes
constexpr int kOtherPictureBits = 5;  // that it takes to refer to another knowledge-base picture than most cells do
constexpr int kKnowledgeBits = 6;     // that are needed to refer to a knowledge-base picture

SequenceHeader checked(SequenceHeader s, const LoadedModel& model, int layers, int bitrate) {
  if (bitrate < 1)
    throw Error(ErrorKind::kSettings, "the bit rate is at least 1 bit/s, not " + std::to_string(bitrate));
  s.model_id = model.file.id();
  s.layers = std::clamp(layers, 1, model.file.layout().layers());
  (void)write_sequence_header(s);  // throws if something is out of range
  return s;
}

// Behind the sequence header, if there is one.
void insert_beside(Bytes& access_unit, ByteView beside) {
  size_t at = 0;
  if (!beside.empty()) {
    for (const UnitView& unit : parse_access_unit(access_unit).units) {
      if (unit.header.type == UnitType::kSequenceHeader) at = unit.bytes.size();
    }
  }
  access_unit.insert(access_unit.begin() + static_cast<ptrdiff_t>(at), beside.begin(), beside.end());
}

Reference knowledge(size_t picture) {
  return static_cast<Reference>(static_cast<size_t>(Reference::kKnowledge0) + picture);
}

// Looks for the price that fits the bits of steps that were chosen for it.
class PriceSearch {
 public:
  // A better guess than `proposed`, where `fitted` was what fitted.
  double next(double proposed, double fitted) {
    (fitted > proposed ? low_ : high_) = proposed;
    if (low_ > 0 && high_ < HUGE_VAL) return std::sqrt(low_ * high_);
    // Half of the way, as a price that leaves too much out makes the rest look cheap.
    constexpr double kLongestWay = 16;
    return proposed * std::sqrt(std::clamp(fitted / proposed, 1 / kLongestWay, kLongestWay));
  }

 private:
  double low_ = 0;
  double high_ = HUGE_VAL;
};

}  // namespace

// What each way of sending a cell would cost and leave as error.
struct Encoder::Choice {
  double still_distortion = 0;         // of the picture before, without motion
  int still_cost = 0;                  // 1/256 bit
  double copy_distortion = 0;          // of the prediction
  int copy_cost = 0;                   // 1/256 bit
  double scene_distortion = HUGE_VAL;  // of a copy of the scene, where the prediction is something else
  Reference scene = Reference::kKnowledge0;
  int scene_cost = 0;  // 1/256 bit
  Reference reference = Reference::kPrevious;
  CellMotion motion;
  std::array<double, kMaxDetailStages + 1> distortion{};  // by stages
  std::array<int, kMaxDetailStages + 1> cost{};           // 1/256 bit
  bool candidate = false;
  bool may_rest = false;  // as the picture before
  bool forced = false;    // of a later key picture, or a refresh: is coded; a refresh only if the picture then fits
};

// One try at a picture, at one price.
struct Encoder::Round {
  std::vector<Choice> choices;
  TokenGrid grid;
  EncodedPicture coded;
  double distortion = 0;
  double lambda = 0;  // to be carried to the next picture
};

Encoder::Encoder(std::shared_ptr<const LoadedModel> model, EncoderConfig config)
    : model_(std::move(model)),
      config_(std::move(config)),
      priors_(model_->file),
      costs_(priors_, model_->file.layout()),
      scene_costs_(TokenCosts::on_knowledge(priors_, model_->file.layout())),
      rate_(config_.bitrate, config_.sequence.framerate_num > 0),
      refresh_(padded(config_.sequence.width) / kCellSize, padded(config_.sequence.height) / kCellSize),
      losses_(padded(config_.sequence.width) / kCellSize, padded(config_.sequence.height) / kCellSize,
              model_->file.layout()),
      layers_(std::clamp(config_.layers, 1, model_->file.layout().layers())) {
  config_.sequence = checked(config_.sequence, *model_, config_.layers, config_.bitrate);
  const int width = padded(config_.sequence.width);
  const int height = padded(config_.sequence.height);
  session_ = model_->network->open(width, height);
  if (model_->file.layout().scalar()) lambda_ = kFirstLambda;
  set_min_quantizer(config_.min_quantizer);
  previous_ = Picture(width, height);
  grid_ = TokenGrid(width / kCellSize, height / kCellSize, model_->file.layout());
}

Encoder::~Encoder() = default;

ReferencePictures Encoder::references() const {
  ReferencePictures out{&previous_, {}};
  scene_.add_to(out);
  return out;
}

void Encoder::set_bitrate(int bits_per_second) {
  price_.rate_changed(static_cast<double>(bits_per_second) / rate_.rate());
  rate_.set_rate(bits_per_second);
}

void Encoder::set_min_quantizer(double step) { price_.set_least(kLambdaOfStep * step * step); }

void Encoder::set_layers(int layers) { layers_ = std::clamp(layers, 1, model_->file.layout().layers()); }

double Encoder::interval(double seconds) const {
  const SequenceHeader& s = config_.sequence;
  return s.framerate_num > 0 ? static_cast<double>(s.framerate_den) / s.framerate_num : seconds;
}

EncodedPicture Encoder::encode(const PictureView& picture, double seconds, bool force_key, ByteView beside) {
  const bool key = force_key || !started_;
  const SequenceHeader& s = config_.sequence;
  if (picture.width() != s.width || picture.height() != s.height) {
    throw Error(ErrorKind::kSettings, "a picture of " + std::to_string(picture.width()) + "x" +
                                          std::to_string(picture.height()) + " does not fit the encoder's size");
  }
  const auto bits = static_cast<int64_t>(beside.size()) * 8;
  scene_.pass(seconds);
  scene_bits_ = scene_unit_bits(key);
  silent_ += seconds;
  RateControl::Budget budget = rate_.next(seconds, interval(seconds), key, bits + scene_bits_);
  if (budget.limit > 0) {
    budget.limit += scene_bits_;
    budget.target += scene_bits_;
  }
  EncodedPicture out = encode_picture(picture, budget, key);
  if (out.bytes.empty()) rate_.spent(-scene_bits_);
  insert_beside(out.bytes, beside);
  return out;
}

EncodedPicture Encoder::encode_beside(ByteView beside, double seconds, bool key) {
  EncodedPicture out;
  out.key = key;
  if (key) append_unit(out.bytes, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(config_.sequence));
  insert_beside(out.bytes, beside);
  const auto bits = static_cast<int64_t>(out.bytes.size()) * 8;
  const RateControl::Budget budget = rate_.next(seconds, interval(seconds), key);
  if (bits > budget.limit) return {};
  rate_.spent(bits);
  return out;
}

EncodedPicture Encoder::encode_picture(const PictureView& picture, RateControl::Budget budget, bool key) {
  cut_ |= change_.next(picture);
  if (budget.limit <= 0) return {};
  const Picture current = pad_to_cells(picture);
  visibility_.next(current);
  scene_.adjust(current, kOtherPictureBits * lambda_);
  if (!key && rests(current)) return rest(budget);
  const bool known = cut_ && mostly_scene(current, key);
  EncodedPicture out = attempt(current, known ? modest(current, budget, key) : budget, key);
  if (out.bytes.empty() && known) out = attempt(current, budget, key);
  if (out.bytes.empty() && key && budget.reserve > budget.limit) {
    budget.limit = budget.target = budget.reserve;
    out = attempt(current, budget, key);
  }
  // A key picture that cannot be had at this rate must not stop the stream.
  if (out.bytes.empty() && key && started_ && budget.most) out = attempt(current, budget, false);
  return out;
}

EncodedPicture Encoder::attempt(const Picture& current, RateControl::Budget budget, bool key) {
  // What moves in a known scene comes and goes; elsewhere equal sizes have proved to be better than equal prices.
  even_price_ = !key && scene_.size() > 0;
  least_lambda_ = price_.least();
  if (even_price_) lambda_ = least_lambda_ = price_.next(budget);
  choose_references(current, budget, key);
  Picture prediction(current.width(), current.height());
  predict(references(), grid_, prediction);
  choose_anew(current, key, prediction);
  std::vector<Choice> choices;
  EncodedPicture out = best_round(current, prediction, budget, key, choices);
  if (out.bytes.empty() && key && budget.most) {
    // Grey for now where nothing better will ever fit, as in a first picture.
    for (Choice& c : choices) c.forced = false;
    out = fit(choices, budget, key);
  }
  if (!key && price_.least() > 0 && fitted_ <= least_lambda_ && changes_nothing()) return rest(budget);
  if (out.bytes.empty() && !key) out = repeat(budget);
  if (out.bytes.empty()) return out;
  settle_price(out, budget);
  if (!key) pay_refresh(choices);
  sent(out, prediction);
  return out;
}

// What did not fit counts as well, or the price would stay too low.
void Encoder::settle_price(const EncodedPicture& out, const RateControl::Budget& budget) {
  if (!even_price_) return price_.start(lambda_);
  const double bits = static_cast<double>(out.bytes.size()) * 8;
  price_.took(fitted_ > least_lambda_ ? std::max(bits, wanted_bits_) : bits, budget, rate_.rate());
}

// Settles what the picture in grid_ leads to. What was chosen may have fallen back to the picture before.
void Encoder::sent(const EncodedPicture& out, Picture& prediction) {
  rate_.spent(static_cast<int64_t>(out.bytes.size()) * 8 - scene_bits_);
  if (scene_.tells(out.key)) scene_.told();
  predict(references(), grid_, prediction);
  reconstruct(prediction, out.key);
  picture_number_ = static_cast<uint8_t>((picture_number_ + 1) % kPictureNumbers);
  started_ = true;
  cut_ = false;
  silent_ = 0;
}

void Encoder::choose_references(const Picture& current, RateControl::Budget budget, bool key) {
  on_scene_ = mostly_scene(current, key);
  forced_.assign(grid_.cells.size(), key && started_ ? 1 : 0);
  for (Cell& c : grid_.cells) {
    const CellMotion last = c.motion;  // a hint
    c = Cell{};
    if (key) {
      c.reference = Reference::kGrey;
    } else {
      c.motion = last;
    }
  }
  const bool split = model_->file.layout().split_motion;
  if (key) return;
  choose_motion(current, previous_, visibility_.weights(), costs(), lambda_, split, scene_prices(), grid_);
  for (const int i : cells_to_refresh(budget)) {
    const auto at = static_cast<size_t>(i);
    grid_.cells[at].reference = Reference::kGrey;
    grid_.cells[at].motion = {};
    forced_[at] = 1;
  }
}

// Takes for each cell what is nearest of the prediction so far, which key pictures and refreshed cells must not keep, a
// flat cell, and the pictures of the scene. Flat cells are drawn anew: behind a cut, and where something comes into
// sight.
void Encoder::choose_anew(const Picture& current, bool key, Picture& prediction) {
  const ReferencePictures pictures = references();
  for (int i = 0; i < grid_.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    const int column = i % grid_.cols();
    const int row = i / grid_.cols();
    const double price = lambda_ / visibility_.weights()[at];
    const bool bound = key || forced_[at] != 0;
    Cell& cell = grid_.cells[at];
    const int as_before = on_scene_ ? (cell.motion == CellMotion() ? costs().still() : costs().moved_copy()) : 0;
    double least = bound ? HUGE_VAL : cell_error(current, prediction, column, row) + price * as_before / kCostPerBit;
    const auto consider = [&](Reference reference, double error) {
      if (error >= least) return;
      least = error;
      cell.reference = reference;
      cell.motion = {};
    };
    consider(Reference::kGrey, cell_deviation(current, column, row) + price * kGreyBits);
    if (scene_.size() > 0) {
      const ActiveScene::Nearest& nearest = scene_.nearest()[at];
      const double bits =
          on_scene_ ? static_cast<double>(costs().copied(Reference::kKnowledge0)) / kCostPerBit : kKnowledgeBits;
      consider(knowledge(nearest.picture), nearest.error + price * bits);
    }
    if (cell.reference != Reference::kPrevious) predict_cell(pictures, cell, column, row, prediction);
  }
}

// Steps that were chosen for another price than the one that fits are as good as none: those of key pictures and of
// cuts are chosen anew, for better guesses, and the round counts that leaves the least distortion.
EncodedPicture Encoder::best_round(const Picture& current, const Picture& prediction, RateControl::Budget budget,
                                   bool key, std::vector<Choice>& choices) {
  PriceSearch search;
  Round best;
  const int rounds = !model_->file.layout().scalar() ? 1 : key ? kRounds : kCutRounds;
  for (int round = 1;; ++round) {
    Round now;
    now.choices = propose(current, prediction, key);
    const double proposed = lambda_;
    now.coded = fit(now.choices, budget, key);
    now.distortion = now.coded.bytes.empty() ? HUGE_VAL : distortion_;
    now.lambda = lambda_;
    now.grid = grid_;
    if (round == 1 || now.distortion < best.distortion) best = std::move(now);
    const double off = std::max(fitted_ / proposed, proposed / fitted_);
    const bool good = distortion_ < kGoodPicture * grid_.size();
    if (round == rounds || good || off < (key ? kCloseEnough : kCut)) break;
    lambda_ = std::clamp(search.next(proposed, fitted_), kMinLambda * 4, kMostOfRounds);
    budget.target = budget.limit;  // a new scene may take what there is
    for (size_t i = 0; i < best.choices.size(); ++i) {
      grid_.cells[i].reference = best.choices[i].reference;
      grid_.cells[i].motion = best.choices[i].motion;
    }
  }
  grid_ = std::move(best.grid);
  lambda_ = best.lambda;
  choices = std::move(best.choices);
  return std::move(best.coded);
}

// What the network would send for cells that are not good enough by themselves, and what each way would cost.
std::vector<Encoder::Choice> Encoder::propose(const Picture& current, const Picture& prediction, bool key) {
  mark_candidates(current, prediction);
  std::vector<Picture> previews(static_cast<size_t>(model_->file.layout().stages_up_to(layers_ - 1)) + 1);
  session_->encode(current, prediction, {static_cast<float>(lambda_), &costs_, &visibility_.weights()}, grid_,
                   previews);
  return measure(prediction, previews, key);
}

// First what receivers are known to show wrongly, then what they may.
std::vector<int> Encoder::cells_to_refresh(RateControl::Budget budget) {
  const bool reported = !losses_.due(1).empty();
  const double share = reported ? std::max(kRepairShare, config_.refresh_share) : config_.refresh_share;
  refresh_credit_ = std::min(refresh_credit_ + share * std::max(budget.target, 0), kMostRefresh * budget.limit);
  const int count = static_cast<int>(refresh_credit_ / refresh_bits_);
  std::vector<int> cells = losses_.due(count);
  for (const int i : refresh_.due(count)) {
    const bool chosen = std::find(cells.begin(), cells.end(), i) != cells.end();
    if (!chosen && static_cast<int>(cells.size()) < count) cells.push_back(i);
  }
  return cells;
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
    const Round before{{}, grid_, {}, distortion_, lambda_};
    const double price = fitted_;
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
    fitted_ = price;
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

// The picture before once more: better than none.
EncodedPicture Encoder::repeat(RateControl::Budget budget) {
  std::fill(grid_.cells.begin(), grid_.cells.end(), Cell{});
  EncodedPicture out = write(false);
  if (static_cast<int64_t>(out.bytes.size()) * 8 > budget.limit) return {};
  return out;
}

void Encoder::reconstruct(const Picture& prediction, bool key) {
  Picture next;
  decode_cells(*session_, prediction, grid_, next);
  std::vector<uint32_t> changes;
  std::vector<RefreshPlan::Change> gains;
  for (int i = 0; i < grid_.size(); ++i) {
    const int column = i % grid_.cols();
    const int row = i / grid_.cols();
    changes.push_back(cell_error(previous_, next, column, row));
    const double gain = changes.back() == 0 ? 0
                                            : visibility_.distortion(previous_, column, row) -
                                                  visibility_.distortion(next, column, row);
    gains.push_back({gain, visibility_.moved(i)});
  }
  refresh_.sent(grid_, gains, key);
  losses_.sent(picture_number_, grid_, changes);
  previous_ = std::move(next);
}

// Settles what the refreshed cells of this picture have cost.
void Encoder::pay_refresh(const std::vector<Choice>& choices) {
  for (size_t i = 0; i < choices.size(); ++i) {
    const Cell& cell = grid_.cells[i];
    if (!choices[i].forced || cell.reference == Reference::kPrevious) continue;
    const double bits =
        static_cast<double>(cell.coded ? choices[i].cost[cell.stages] : choices[i].copy_cost) / kCostPerBit;
    refresh_credit_ -= bits;
    refresh_bits_ = kRefreshMemory * refresh_bits_ + (1 - kRefreshMemory) * bits;
  }
}

}  // namespace crlsc
