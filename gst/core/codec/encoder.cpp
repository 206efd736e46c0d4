// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/encoder.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/codec/prediction.h"
#include "core/codec/reconstruction.h"
#include "core/codec/token_unit.h"
#include "core/entropy/cost.h"
#include "core/error.h"

namespace crlsc {
namespace {

// A cell this close to its prediction is not looked at: mean squared error 1 a sample.
constexpr uint32_t kGoodEnough = kCellSize * kCellSize;
constexpr int kLeastCodedBits = 8;       // no coded cell costs less
constexpr int kRefreshBits = 45;         // of a cell coded on grey, roughly
constexpr double kMinLambda = 1.0 / 16;  // below, everything that helps at all is sent
constexpr double kMaxLambda = 1e6;
constexpr double kUnbiased = 1;           // the quantiser leaves nothing out that matters
constexpr double kLambdaStep = 1.5;       // from picture to picture
constexpr double kStructureShare = 0.45;  // of what the first stage improves, left undone by the structure alone
constexpr int kBisections = 18;
constexpr int kAttempts = 6;             // to meet the limit with real sizes
constexpr int kMaxSlices = 64;

SequenceHeader checked(SequenceHeader s, const LoadedModel& model, int layers, int bitrate) {
  if (bitrate < 1) throw Error(ErrorKind::kSettings, "the bit rate is at least 1 bit/s, not " + std::to_string(bitrate));
  s.model_id = model.file.id();
  s.layers = std::clamp(layers, 1, model.file.layout().layers());
  (void)write_sequence_header(s);  // throws if something is out of range
  return s;
}

}  // namespace

// What each way of sending a cell would cost and leave as error.
struct Encoder::Choice {
  uint32_t copy_error = 0;
  int copy_cost = 0;                                    // 1/256 bit
  std::array<uint32_t, kMaxDetailStages + 1> error{};   // by stages
  std::array<int, kMaxDetailStages + 1> cost{};         // 1/256 bit
  bool candidate = false;
  bool forced = false;  // a refresh: must be coded
};

Encoder::Encoder(std::shared_ptr<const LoadedModel> model, EncoderConfig config)
    : model_(std::move(model)),
      config_(std::move(config)),
      priors_(model_->file),
      costs_(priors_, model_->file.layout()),
      rate_(config_.bitrate),
      refresh_(padded(config_.sequence.width) / kCellSize * (padded(config_.sequence.height) / kCellSize)),
      layers_(std::clamp(config_.layers, 1, model_->file.layout().layers())) {
  config_.sequence = checked(config_.sequence, *model_, config_.layers, config_.bitrate);
  const int width = padded(config_.sequence.width);
  const int height = padded(config_.sequence.height);
  session_ = model_->network->open(width, height);
  previous_ = Picture(width, height);
  grid_ = TokenGrid(width / kCellSize, height / kCellSize, model_->file.layout().stages());
}

Encoder::~Encoder() = default;

void Encoder::set_layers(int layers) { layers_ = std::clamp(layers, 1, model_->file.layout().layers()); }

EncodedPicture Encoder::encode(const PictureView& picture, double seconds, bool force_key) {
  const bool key = force_key || !started_;
  const SequenceHeader& s = config_.sequence;
  if (picture.width() != s.width || picture.height() != s.height) {
    throw Error(ErrorKind::kSettings, "a picture of " + std::to_string(picture.width()) + "x" +
                                          std::to_string(picture.height()) + " does not fit the encoder's size");
  }
  const double interval = s.framerate_num > 0 ? static_cast<double>(s.framerate_den) / s.framerate_num : seconds;
  const RateControl::Budget budget = rate_.next(seconds, interval, key);
  if (budget.limit <= 0) return {};
  const Picture current = pad_to_cells(picture);
  choose_motion(current, key);
  if (!key) {
    const double share = config_.refresh_share * std::max(budget.target, 0);
    for (int i : refresh_.due(static_cast<int>(share / kRefreshBits))) {
      grid_.cells[static_cast<size_t>(i)].reference = Reference::kGrey;
      grid_.cells[static_cast<size_t>(i)].motion = {};
    }
  }
  Picture prediction(current.width(), current.height());
  predict({&previous_, {}}, grid_, prediction);
  mark_candidates(current, prediction, key);
  session_->encode(current, prediction, {static_cast<float>(lambda_)}, grid_);
  const std::vector<Choice> choices = measure(current, prediction);
  EncodedPicture out = fit(choices, budget, key);
  if (out.bytes.empty() && !key) {
    out = repeat(budget);
    prediction = previous_;
  }
  if (out.bytes.empty()) return out;
  rate_.spent(static_cast<int64_t>(out.bytes.size()) * 8);
  refresh_.sent(grid_);
  reconstruct(prediction);
  picture_number_ = static_cast<uint8_t>((picture_number_ + 1) % kPictureNumbers);
  started_ = true;
  return out;
}

void Encoder::choose_motion(const Picture& current, bool key) {
  std::fill(grid_.cells.begin(), grid_.cells.end(), Cell{});
  if (key) {
    for (Cell& c : grid_.cells) c.reference = Reference::kGrey;
    return;
  }
  const std::vector<MotionVector> flow = session_->estimate_motion(current, previous_);
  const Slice whole{0, grid_.rows()};
  const ReferencePictures references{&previous_, {}};
  Picture scratch(current.width(), current.height());
  for (int i = 0; i < grid_.size(); ++i) {
    const int column = i % grid_.cols();
    const int row = i / grid_.cols();
    Cell& cell = grid_.cells[static_cast<size_t>(i)];
    double best = cell_error(current, previous_, column, row);
    if (best <= kGoodEnough) continue;
    const MotionVector median = predict_motion(grid_, whole, column, row);
    auto attempt = [&](MotionVector mv) {
      if (mv == cell.motion || std::abs(mv.dx) > kMaxMotion || std::abs(mv.dy) > kMaxMotion) return;
      Cell moved;
      moved.motion = mv;
      predict_cell(references, moved, column, row, scratch);
      const int price = costs_.moved_copy() + costs_.motion(mv.dx - median.dx, mv.dy - median.dy);
      const double total = cell_error(current, scratch, column, row) + lambda_ * price / kCostPerBit;
      if (total < best) {
        best = total;
        cell.motion = mv;
      }
    };
    attempt(median);
    attempt(flow[static_cast<size_t>(i)]);
    const MotionVector centre = cell.motion;
    for (const auto& [dx, dy] : {std::pair{-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
      attempt({static_cast<int16_t>(centre.dx + dx), static_cast<int16_t>(centre.dy + dy)});
    }
  }
}

void Encoder::mark_candidates(const Picture& current, const Picture& prediction, bool key) {
  const double least = std::max<double>(kGoodEnough, lambda_ * kLeastCodedBits / 4);
  for (int i = 0; i < grid_.size(); ++i) {
    Cell& cell = grid_.cells[static_cast<size_t>(i)];
    const uint32_t error = cell_error(current, prediction, i % grid_.cols(), i / grid_.cols());
    const bool grey = cell.reference == Reference::kGrey;
    cell.coded = key || grey || error > least;
    cell.stages = cell.coded ? static_cast<uint8_t>(grid_.stages()) : 0;
  }
}

std::vector<Encoder::Choice> Encoder::measure(const Picture& current, const Picture& prediction) {
  const TokenLayout& layout = model_->file.layout();
  const int most = layout.stages_up_to(layers_ - 1);
  // Two points of each cell's curve are decoded, the others estimated from them.
  std::vector<int> points{std::min(most, 1)};
  if (most >= 2) points.push_back(most);
  std::vector<TokenGrid> grids(points.size(), grid_);
  std::vector<const TokenGrid*> pointers;
  for (size_t k = 0; k < points.size(); ++k) {
    for (Cell& c : grids[k].cells) c.stages = c.coded ? static_cast<uint8_t>(points[k]) : 0;
    pointers.push_back(&grids[k]);
  }
  std::vector<Picture> decoded;
  const bool any = std::any_of(grid_.cells.begin(), grid_.cells.end(), [](const Cell& c) { return c.coded; });
  if (any) session_->decode(prediction, pointers, decoded);

  std::vector<Choice> choices(static_cast<size_t>(grid_.size()));
  for (int i = 0; i < grid_.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    const int column = i % grid_.cols();
    const int row = i / grid_.cols();
    const Cell& cell = grid_.cells[at];
    Choice& c = choices[at];
    c.copy_error = cell_error(current, prediction, column, row);
    int motion = 0;
    if (cell.reference == Reference::kPrevious) {
      const MotionVector p = predict_motion(grid_, {0, grid_.rows()}, column, row);
      motion = costs_.motion(cell.motion.dx - p.dx, cell.motion.dy - p.dy);
    }
    c.copy_cost = cell.motion == MotionVector{} ? 0 : costs_.moved_copy() + motion;
    c.candidate = cell.coded;
    c.forced = started_ && cell.reference == Reference::kGrey;
    if (!cell.coded) continue;
    int price = costs_.coded(cell.reference) + motion +
                costs_.structure(cell.reference == Reference::kGrey, grid_.structure[at]);
    for (int n = 0; n <= most; ++n) {
      c.cost[static_cast<size_t>(n)] = price + costs_.stages(n);
      if (n == grid_.stages()) break;
      for (int t = 0; t < 4; ++t) {
        const size_t x = static_cast<size_t>(2 * row + t / 2) * 2 * grid_.cols() + 2 * column + t % 2;
        price += costs_.detail(n, grid_.detail[static_cast<size_t>(n)][x]);
      }
    }
    for (size_t k = 0; k < points.size(); ++k) {
      c.error[static_cast<size_t>(points[k])] = cell_error(current, decoded[k], column, row);
    }
    if (most >= 1) {
      const double first = c.error[1];
      c.error[0] = static_cast<uint32_t>(first + kStructureShare * std::max(0.0, c.copy_error - first));
    }
    for (int n = 2; n < most; ++n) {
      const double share = 1 - std::pow(0.5, n - 1);  // each stage halves what is left
      const double low = c.error[1];
      const double high = c.error[static_cast<size_t>(most)];
      c.error[static_cast<size_t>(n)] = static_cast<uint32_t>(low + (high - low) * share / (1 - std::pow(0.5, most - 1)));
    }
  }
  return choices;
}

// Takes for each cell what is best at `lambda` into grid_; returns the expected cost in 1/256 bit.
int64_t Encoder::select(const std::vector<Choice>& choices, double lambda) {
  const int most = model_->file.layout().stages_up_to(layers_ - 1);
  int64_t total = 0;
  for (size_t i = 0; i < choices.size(); ++i) {
    const Choice& c = choices[i];
    Cell& cell = grid_.cells[i];
    cell.coded = false;
    cell.stages = 0;
    double best = c.copy_error + lambda * c.copy_cost / kCostPerBit;
    int cost = c.copy_cost;
    if (c.forced) best = HUGE_VAL;
    for (int n = 0; c.candidate && n <= most; ++n) {
      const double now = c.error[static_cast<size_t>(n)] + lambda * c.cost[static_cast<size_t>(n)] / kCostPerBit;
      if (now >= best) continue;
      best = now;
      cost = c.cost[static_cast<size_t>(n)];
      cell.coded = true;
      cell.stages = static_cast<uint8_t>(n);
    }
    total += cost;
  }
  return total;
}

EncodedPicture Encoder::fit(const std::vector<Choice>& choices, RateControl::Budget budget, bool key) {
  EncodedPicture out;
  double low = std::log(kMinLambda);
  double high = std::log(kMaxLambda);
  const double wanted = static_cast<double>(budget.target) * kCostPerBit;
  const bool everything = static_cast<double>(select(choices, kMinLambda)) <= wanted;
  double lambda = kMinLambda;
  if (!everything) {
    for (int i = 0; i < kBisections; ++i) {
      const double middle = (low + high) / 2;
      (static_cast<double>(select(choices, std::exp(middle))) > wanted ? low : high) = middle;
    }
    lambda = std::exp(high);
    select(choices, lambda);
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    out = write(key);
    if (static_cast<int64_t>(out.bytes.size()) * 8 <= budget.limit) {
      out.complete = everything && attempt == 0 && lambda_ <= kUnbiased;
      // In small steps: what a price leaves out cannot be seen at that price, and the next picture would swing back.
      const double step = std::clamp(std::sqrt(lambda / lambda_), 1 / kLambdaStep, kLambdaStep);
      lambda_ = std::clamp(lambda_ * step, kMinLambda * 4, 4000.0);
      return out;
    }
    lambda *= 1.6;
    select(choices, lambda);
  }
  return {};
}

// The picture before once more: better than none.
EncodedPicture Encoder::repeat(RateControl::Budget budget) {
  std::fill(grid_.cells.begin(), grid_.cells.end(), Cell{});
  EncodedPicture out = write(false);
  if (static_cast<int64_t>(out.bytes.size()) * 8 > budget.limit) return {};
  return out;
}

EncodedPicture Encoder::write(bool key) const {
  EncodedPicture out;
  for (int slices = 1;; slices = std::min(slices * 2, grid_.rows())) {
    if (write_slices(slices, key, out) || slices == grid_.rows() || slices >= kMaxSlices) return out;
  }
}

// Returns false if a unit exceeds the size wished for.
bool Encoder::write_slices(int slices, bool key, EncodedPicture& out) const {
  const TokenLayout& layout = model_->file.layout();
  out = EncodedPicture{};
  out.key = key;
  out.layer_bytes.assign(static_cast<size_t>(layers_), 0);
  if (key) append_unit(out.bytes, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(config_.sequence));
  bool fits = true;
  for (int layer = 0; layer < layers_; ++layer) {
    const size_t before = out.bytes.size();
    for (int k = 0; k < slices; ++k) {
      const int first = grid_.rows() * k / slices;
      const Slice slice{first, grid_.rows() * (k + 1) / slices - first};
      int deepest = 0;
      for (int i = first * grid_.cols(); i < (first + slice.rows) * grid_.cols(); ++i) {
        deepest = std::max<int>(deepest, grid_.cells[static_cast<size_t>(i)].stages);
      }
      const int sent = deepest == 0 ? 1 : layout.stage_layer[static_cast<size_t>(deepest) - 1] + 1;
      if (layer >= sent) continue;
      const Bytes bits = encode_layer(grid_, layout, slice, layer, priors_);
      if (bits.size() + kMaxTokenUnitHeader > kMaxUnitPayload) return false;
      const size_t at = out.bytes.size();
      append_token_unit(out.bytes, {layer, key, slice, picture_number_, sent, bits}, grid_.rows());
      fits &= out.bytes.size() - at <= config_.target_unit_size;
    }
    out.layer_bytes[static_cast<size_t>(layer)] = out.bytes.size() - before;
  }
  return fits;
}

void Encoder::reconstruct(const Picture& prediction) {
  Picture next;
  decode_cells(*session_, prediction, grid_, next);
  previous_ = std::move(next);
}

}  // namespace crlsc
