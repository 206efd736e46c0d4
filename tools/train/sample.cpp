// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/codec/motion_choice.h"
#include "core/codec/prediction.h"
#include "core/codec/square_error.h"
#include "core/token/gain.h"

namespace crlsc::tools {
namespace {

// Of whole pictures. Two are lost in a row on average, and one in eight overall.
constexpr double kBurstBegins = 0.07;
constexpr double kBurstGoesOn = 0.5;
// A cell this close to its prediction is never worth tokens: mean squared error 2 a sample.
constexpr uint32_t kGoodEnough = 2 * kCellSize * kCellSize;
// Nor one that is nearer to it than this, in squared steps: what a few bits are worth.
constexpr double kLeastGain = 3;
constexpr double kCoarse = 0.7;            // below 1: coarse steps, as low rates have them, come more often
constexpr double kLeastMotionLambda = 10;  // as encoders have it at high rates
constexpr double kMostMotionLambda = 300;  // and at low ones

const TokenCosts& vector_costs() {
  static const TokenLayout layout = [] {
    TokenLayout smallest;  // vectors cost the same in any that splits cells
    smallest.structure_codes = 2;
    smallest.split_motion = true;
    return smallest;
  }();
  static const TokenCosts costs(TokenContexts(layout), layout);
  return costs;
}

}  // namespace

Sample::Sample(const Material& material, int size, uint64_t seed, const SampleOptions& options, bool repeat)
    : options_(options), generator_(material, size, seed, repeat), random_(seed * 7919 + 17) {}

void Sample::prepare() {
  SequenceGenerator::Frame frame = generator_.next();
  const bool first = frame.first;
  if (first) {
    lossy_ = chance(options_.loss_share);
    picture_lost_ = false;
    refresh_ = chance(0.5) ? uniform(0, 0.12) : 0;
    motion_lambda_ = std::exp(uniform(std::log(kLeastMotionLambda), std::log(kMostMotionLambda)));
    step_ = static_cast<int>(std::pow(uniform(0, 1), kCoarse) * (options_.gain_levels - 0.001));
    if (options_.scalar) motion_lambda_ = kLambdaOfStep * step_value(step_) * step_value(step_) * uniform(0.5, 2);
    grid_ = TokenGrid(frame.picture.width() / kCellSize, frame.picture.height() / kCellSize, options_.stages);
    memory_ = Picture();
    if (chance(options_.knowledge_share)) {
      memory_ = std::move(frame.picture);
      frame = generator_.next();
    }
    encoder_previous_ = decoder_previous_ = Picture(frame.picture.width(), frame.picture.height());
  }
  current = std::move(frame.picture);
  choose_references(first);
  choose_cells(first);
  received = sent;
  if (lossy_) lose_units();
}

void Sample::choose_references(bool first) {
  const ReferencePictures encoder{&encoder_previous_, {}};
  const ReferencePictures decoder{&decoder_previous_, {}};
  encoder_prediction = decoder_prediction = Picture(current.width(), current.height());
  if (!first) {
    const std::vector<float> weights(static_cast<size_t>(grid_.size()), 1.0F);
    choose_motion(current, encoder_previous_, weights, vector_costs(), motion_lambda_, options_.split_motion, {},
                  grid_);
  }
  for (int i = 0; i < grid_.size(); ++i) {
    const int column = i % grid_.cols();
    const int row = i / grid_.cols();
    Cell& cell = grid_.cells[static_cast<size_t>(i)];
    cell.reference = first || chance(refresh_) ? Reference::kGrey : Reference::kPrevious;
    predict_cell(encoder, cell, column, row, encoder_prediction);
    predict_cell(decoder, cell, column, row, decoder_prediction);
    if (!memory_.empty() &&
        cell_error(current, memory_, column, row) < cell_error(current, encoder_prediction, column, row)) {
      copy_cell(memory_, encoder_prediction, column, row);
      copy_cell(memory_, decoder_prediction, column, row);
    }
  }
}

// The step of most cells, finer ones now and then; scenes become sharper with time.
void Sample::choose_steps() {
  if (chance(0.15) && step_ > 0) --step_;
  for (int& gain : gains) {
    gain = step_;
    if (chance(0.1)) gain = std::clamp(step_ + static_cast<int>(uniform(-2, 2.999)), 0, options_.gain_levels - 1);
  }
}

void Sample::choose_cells(bool first) {
  const int cols = current.width() / kCellSize;
  const int count = cols * (current.height() / kCellSize);
  std::vector<uint32_t> error(static_cast<size_t>(count));
  gains.resize(error.size());
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(i);
    error[at] = cell_error(current, encoder_prediction, i % cols, i / cols);
    gains[at] = gain_level(error[at], options_.gain_levels);
  }
  if (options_.scalar) choose_steps();
  std::vector<int> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return error[static_cast<size_t>(a)] > error[static_cast<size_t>(b)]; });
  const double share = first && memory_.empty() && chance(0.8) ? 1.0 : uniform(0.1, 1.0);
  const bool by_cell = chance(0.35);
  const int all = chance(0.3) ? options_.stages : static_cast<int>(uniform(0, options_.stages + 0.999));
  sent.assign(static_cast<size_t>(count), -1);
  for (int k = 0; k < std::max(1, static_cast<int>(share * count)); ++k) {
    const auto i = static_cast<size_t>(order[static_cast<size_t>(k)]);
    const double worth = options_.scalar ? kLeastGain * step_value(gains[i]) * step_value(gains[i]) : kGoodEnough;
    if (k > 0 && error[i] < worth) break;
    sent[i] = by_cell ? static_cast<int>(uniform(0, options_.stages + 0.999)) : all;
  }
}

void Sample::lose_units() {
  picture_lost_ = chance(picture_lost_ ? kBurstGoesOn : kBurstBegins);
  const int cols = current.width() / kCellSize;
  const int rows = current.height() / kCellSize;
  const double share = uniform(0, 0.5);
  const int top = chance(share) ? static_cast<int>(uniform(0, options_.stages + 0.999)) : options_.stages;
  const int lost_row = chance(share) ? static_cast<int>(uniform(0, rows - 0.001)) : -1;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < cols; ++column) {
      int& n = received[static_cast<size_t>(row) * cols + column];
      n = std::min(n, top);
      if (row == lost_row && rows > 1) n = -1;
    }
  }
}

Picture Sample::compose(const Picture& decoded, const Picture& prediction, const std::vector<int>& stages) const {
  Picture out = prediction;
  const int cols = current.width() / kCellSize;
  for (size_t i = 0; i < stages.size(); ++i) {
    const int column = static_cast<int>(i) % cols;
    const int row = static_cast<int>(i) / cols;
    if (stages[i] >= 0 && cell_error(current, decoded, column, row) <= cell_error(current, prediction, column, row)) {
      copy_cell(decoded, out, column, row);
    }
  }
  return out;
}

void Sample::finish(const Picture& decoder_decoded, const Picture* encoder_decoded) {
  if (!lossy_) {
    encoder_previous_ = decoder_previous_ = compose(decoder_decoded, decoder_prediction, received);
    return;
  }
  encoder_previous_ = compose(*encoder_decoded, encoder_prediction, sent);
  if (!picture_lost_) decoder_previous_ = compose(decoder_decoded, decoder_prediction, received);
}

}  // namespace crlsc::tools
