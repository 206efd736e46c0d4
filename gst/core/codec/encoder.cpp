// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/encoder.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/area_resize.h"
#include "core/bitstream/unit.h"
#include "core/codec/encoder_choice.h"
#include "core/codec/encoder_limits.h"
#include "core/codec/motion_choice.h"
#include "core/codec/prediction.h"
#include "core/codec/reconstruction.h"
#include "core/codec/square_error.h"
#include "core/entropy/cost.h"
#include "core/error.h"
#include "core/token/gain.h"

namespace crlsc {
namespace {

constexpr double kMostRefresh = 0.5;    // of what a picture may take
constexpr double kRepairShare = 0.5;    // of the bits, while a receiver shows something wrong
constexpr double kRefreshMemory = 0.9;  // of what refreshed cells have cost
constexpr double kFirstLambda = 200;    // a guess, of a scalar quantiser
constexpr double kPriceOfFull = 6;      // of a bit at full size, where at half size it is 1
constexpr double kUsualInterval = 0.1;  // seconds from picture to picture, where it is unknown
constexpr int kOtherPictureBits = 5;    // that it takes to refer to another knowledge-base picture than most cells do
constexpr int kKnowledgeBits = 6;       // that are needed to refer to a knowledge-base picture

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

}  // namespace

Encoder::Encoder(std::shared_ptr<const LoadedModel> model, EncoderConfig config)
    : model_(std::move(model)),
      config_(std::move(config)),
      priors_(model_->file),
      costs_(priors_, model_->file.layout()),
      scene_costs_(TokenCosts::on_knowledge(priors_, model_->file.layout())),
      rate_(config_.bitrate, config_.sequence.framerate_num > 0),
      refresh_(1, 1),
      losses_(1, 1, model_->file.layout()),
      layers_(std::clamp(config_.layers, 1, model_->file.layout().layers())),
      size_{config_.sequence.width, config_.sequence.height},
      resize_(config_.resize, config_.bitrate * interval(kUsualInterval) / (double{1} * size_.width * size_.height)) {
  config_.sequence = checked(config_.sequence, *model_, config_.layers, config_.bitrate);
  if (model_->file.layout().scalar()) lambda_ = kFirstLambda;
  set_min_quantizer(config_.min_quantizer);
  size_.half = resize_.half();
  previous_ = Picture(padded(size_.coded_width()), padded(size_.coded_height()));
  open();
}

// For pictures of the size of previous_.
void Encoder::open() {
  const int columns = previous_.width() / kCellSize;
  const int rows = previous_.height() / kCellSize;
  session_ = model_->network->open(previous_.width(), previous_.height());
  refresh_ = RefreshPlan(columns, rows);
  losses_ = LossTracker(columns, rows, model_->file.layout());
  grid_ = TokenGrid(columns, rows, model_->file.layout());
}

// To half size, or back: what was sent so far is what the next picture builds on.
void Encoder::resize() {
  previous_ = resampled(previous_, size_);
  lambda_ *= size_.half ? kPriceOfFull : 1 / kPriceOfFull;
  size_.half = !size_.half;
  since_resize_ = 0;
  const LossTracker losses = std::move(losses_);
  open();
  losses_ = losses.resized(grid_.cols(), grid_.rows());
}

void Encoder::set_scene(std::vector<ScenePicture> scene) {
  if (config_.resize == ResizeMode::kHalf && !scene.empty()) {
    throw Error(ErrorKind::kSettings, "pictures of half size cannot refer to known ones");
  }
  if (!scene.empty()) {
    resize_.forbid();
    if (size_.half) resize();
  }
  scene_.set(std::move(scene), padded(size_.width), padded(size_.height));
}

// Of pictures before they were resized nothing is known.
void Encoder::report_loss(const PictureLoss& loss) {
  const int age = (picture_number_ - loss.first + kPictureNumbers) % kPictureNumbers;
  losses_.lost(age > since_resize_ ? everything_lost() : loss);
}

double Encoder::moved_share() const {
  int moved = 0;
  for (int i = 0; i < grid_.size(); ++i) moved += visibility_.moved(i) ? 1 : 0;
  return static_cast<double>(moved) / grid_.size();
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
  cut_ |= change_.next(picture);
  if (resize_.half() != size_.half) resize();
  const Picture current =
      pad_to_cells(size_.half ? resize_area(picture, size_.coded_width(), size_.coded_height()).view() : picture);
  EncodedPicture out = encode_picture(current, budget, key);
  // What is good enough at this size is not so for ever: at full size it may become better.
  const bool plenty = price_.least() > 0 && fitted_ <= least_lambda_;
  if (!out.bytes.empty()) resize_.sent(plenty ? 0 : lambda_, moved_share(), seconds);
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

EncodedPicture Encoder::encode_picture(const Picture& current, RateControl::Budget budget, bool key) {
  if (budget.limit <= 0) return {};
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
  on_scene_ = mostly_scene(current, key);
  force_cells(budget, key);
  Picture prediction(current.width(), current.height());
  choose_references(current, key, prediction);
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
  since_resize_ = std::min(since_resize_ + 1, kPictureNumbers);
  started_ = true;
  cut_ = false;
  silent_ = 0;
}

// What follows a loss is sent in any case, what may be refreshed if there is room.
void Encoder::force_cells(RateControl::Budget budget, bool key) {
  forced_.assign(grid_.cells.size(), key && started_ ? 1 : 0);
  if (key) return;
  for (const int i : cells_to_refresh(budget)) forced_[static_cast<size_t>(i)] = 1;
}

// At the price that is carried. `anew`: as if there were no picture before.
void Encoder::choose_references(const Picture& current, bool anew, Picture& prediction) {
  for (Cell& c : grid_.cells) {
    const CellMotion last = c.motion;  // a hint
    c = Cell{};
    if (anew) {
      c.reference = Reference::kGrey;
    } else {
      c.motion = last;
    }
  }
  if (!anew) {
    const bool split = model_->file.layout().split_motion;
    choose_motion(current, previous_, visibility_.weights(), costs(), lambda_, split, scene_prices(), grid_);
    for (size_t i = 0; i < forced_.size(); ++i) {
      if (forced_[i] == 0) continue;
      grid_.cells[i].reference = Reference::kGrey;
      grid_.cells[i].motion = {};
    }
  }
  predict(references(), grid_, prediction);
  choose_anew(current, anew, prediction);
}

// Takes for each cell what is nearest of the prediction so far, which key pictures and refreshed cells must not keep, a
// flat cell, and the pictures of the scene. Flat cells are drawn anew: behind a cut, and where something comes into
// sight.
void Encoder::choose_anew(const Picture& current, bool anew, Picture& prediction) {
  const ReferencePictures pictures = references();
  for (int i = 0; i < grid_.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    const int column = i % grid_.cols();
    const int row = i / grid_.cols();
    const double price = lambda_ / visibility_.weights()[at];
    const bool bound = anew || forced_[at] != 0;
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

// The picture before once more: better than none.
EncodedPicture Encoder::repeat(RateControl::Budget budget) {
  std::fill(grid_.cells.begin(), grid_.cells.end(), Cell{});
  EncodedPicture out = write(false);
  if (static_cast<int64_t>(out.bytes.size()) * 8 > budget.limit) return {};
  return out;
}

void Encoder::reconstruct(const Picture& prediction, bool key) {
  Picture next;
  decode_cells(*session_, prediction, grid_, model_->file.layout(), next);
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
