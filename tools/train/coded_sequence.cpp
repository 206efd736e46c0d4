// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/coded_sequence.h"

#include <array>
#include <cmath>

#include "core/codec/scene_choice.h"
#include "core/token/gain.h"
#include "eval/encoder_config.h"

namespace crlsc::tools {
namespace {

constexpr double kRate = 10;  // pictures a second
constexpr int kMostStep = 3;  // pictures from one that is learnt from to the next
// Prices of a bit (Encoder::lambda()), from what good pictures have to what the poorest ones do.
constexpr double kPriceAtHalf[2] = {60, 4000};
constexpr double kPriceAtFull[2] = {60, 6000};
constexpr double kPlenty = 1;        // bits for a sample, so that the price alone rules
constexpr double kRefreshed = 0.5;   // share of the scenes with refreshed cells
constexpr size_t kLongRun = 200;     // pictures
constexpr uint64_t kOneKnownIn = 3;  // of a camera's runs, if its scene is known

// Codes `picture`; returns whether it was sent. If not, another one is shown.
bool code(Encoder& encoder, const Picture& picture, double passed, const LoadedModel& model, ShownCells& cells) {
  if (encoder.encode(picture.view(), passed, false).bytes.empty()) return false;
  const TokenGrid& tokens = encoder.tokens();
  if (cells.cols() != tokens.cols() || cells.rows() != tokens.rows()) cells = ShownCells(tokens.cols(), tokens.rows());
  cells.next(tokens, model.file.layout());
  return true;
}

CodedPair pair_of(const Encoder& encoder, Picture original, const ShownCells& cells) {
  return {pad_to_cells(encoder.reconstruction()), pad_to_cells(original.view()), cells, encoder.half()};
}

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

CodedPair CodedSequence::next() {
  for (int left = 1 + static_cast<int>(random_() % kMostStep);;) {
    SequenceGenerator::Frame frame = generator_.next();
    if (frame.first) begin_scene(frame.picture);
    const bool sent = code(*encoder_, frame.picture, frame.first ? 0 : 1 / kRate, *model_, cells_);
    --left;
    if (sent && left <= 0) return pair_of(*encoder_, std::move(frame.picture), cells_);
  }
}

CameraSequence::CameraSequence(std::shared_ptr<const LoadedModel> model, const CameraClips& clips,
                               const CameraMaterial& camera, uint64_t seed)
    : model_(std::move(model)), clips_(clips), camera_(camera), random_(seed) {}

void CameraSequence::begin_run() {
  size_t pictures = 0;
  for (const auto& clip : clips_) pictures += clip.size();
  size_t first = random_() % pictures;
  for (clip_ = 0; first >= clips_[clip_].size(); ++clip_) first -= clips_[clip_].size();
  // From the beginning if the rest were short: runs are long in what is sent.
  const size_t length = clips_[clip_].size();
  at_ = first + kLongRun <= length ? first : length - std::min(length, kLongRun);
  end_ = std::min(length, at_ + kLongRun);
  encoder_.reset();
}

// Sizes are chosen as streams do, and else forced, so that both are seen at all rates.
void CameraSequence::open_encoder(const Picture& first) {
  const double exponent = std::uniform_real_distribution<double>(0, 1)(random_);
  const double bitrate = camera_.low * std::pow(camera_.high / camera_.low, exponent);
  EncoderConfig config = encoder_config(first, static_cast<int>(bitrate), camera_.rate);
  const bool known = !camera_.scene.empty() && random_() % kOneKnownIn == 0;
  constexpr std::array kSizes{ResizeMode::kAuto, ResizeMode::kAuto, ResizeMode::kNone, ResizeMode::kHalf};
  config.resize = known ? ResizeMode::kNone : kSizes[random_() % kSizes.size()];
  if (random_() % 2 == 0) config.refresh_share = 0;
  encoder_ = std::make_unique<Encoder>(model_, config);
  if (known) encoder_->set_scene(choose_scene(pad_to_cells(first.view()), camera_.scene));
  cells_ = ShownCells(encoder_->tokens().cols(), encoder_->tokens().rows());
}

CodedPair CameraSequence::next() {
  for (;;) {
    if (at_ >= end_) begin_run();
    Picture picture = to_picture(clips_[clip_][at_++]);
    const bool first = !encoder_;
    if (first) open_encoder(picture);
    if (code(*encoder_, picture, first ? 0 : 1 / camera_.rate, *model_, cells_)) {
      return pair_of(*encoder_, std::move(picture), cells_);
    }
  }
}

}  // namespace crlsc::tools
