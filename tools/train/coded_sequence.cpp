// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/coded_sequence.h"

#include <cmath>

#include "core/token/gain.h"
#include "eval/encoder_config.h"

namespace crlsc::tools {
namespace {

constexpr double kRate = 10;  // pictures a second
constexpr int kMostStep = 3;  // pictures from one that is learnt from to the next
// Prices of a bit (Encoder::lambda()), from what good pictures have to what the poorest ones do.
constexpr double kPriceAtHalf[2] = {60, 4000};
constexpr double kPriceAtFull[2] = {60, 6000};
constexpr double kPlenty = 1;       // bits for a sample, so that the price alone rules
constexpr double kRefreshed = 0.5;  // share of the scenes with refreshed cells

double step_at(double price) { return std::sqrt(price / kLambdaOfStep); }

}  // namespace

int CodedSequence::finest_step() { return static_cast<int>(step_at(kPriceAtFull[0])); }

CodedSequence::CodedSequence(std::shared_ptr<const LoadedModel> model, const Material& material, int size,
                             uint64_t seed, double half_share)
    : model_(std::move(model)), generator_(material, size, seed), random_(seed), half_share_(half_share) {}

void CodedSequence::begin_scene(const Picture& first) {
  const bool half = uniform(0, 1) < half_share_;
  const auto& range = half ? kPriceAtHalf : kPriceAtFull;
  const double price = range[0] * std::pow(range[1] / range[0], uniform(0, 1));
  const double bitrate = kPlenty * kRate * first.width() * first.height();
  EncoderConfig config = encoder_config(first, static_cast<int>(bitrate), kRate);
  config.min_quantizer = step_at(price);
  config.resize = half ? ResizeMode::kHalf : ResizeMode::kNone;
  if (uniform(0, 1) >= kRefreshed) config.refresh_share = 0;
  encoder_ = std::make_unique<Encoder>(model_, config);
  cells_ = ShownCells(encoder_->tokens().cols(), encoder_->tokens().rows());
}

CodedSequence::Pair CodedSequence::next() {
  for (int left = 1 + static_cast<int>(random_() % kMostStep);;) {
    SequenceGenerator::Frame frame = generator_.next();
    if (frame.first) begin_scene(frame.picture);
    const EncodedPicture coded = encoder_->encode(frame.picture.view(), frame.first ? 0 : 1 / kRate, false);
    --left;
    if (coded.bytes.empty()) continue;  // another picture is shown
    cells_.next(encoder_->tokens(), model_->file.layout());
    if (left <= 0)
      return {pad_to_cells(encoder_->reconstruction()), std::move(frame.picture), cells_, encoder_->half()};
  }
}

}  // namespace crlsc::tools
