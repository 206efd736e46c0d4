// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/semantic_encoder.h"

#include <string>

#include "core/bitstream/semantic_unit.h"
#include "core/error.h"

namespace crlsc {
namespace {

constexpr double kLeastPause = 0.25;  // of the interval, between two units
constexpr double kTolerance = 1e-6;   // seconds: times are sums of frame times

}  // namespace

SemanticEncoder::SemanticEncoder(std::unique_ptr<Embedder> embedder, std::shared_ptr<const ProductQuantiser> quantiser)
    : embedder_(std::move(embedder)),
      quantiser_(std::move(quantiser)),
      vector_(static_cast<size_t>(embedder_->dimension())) {
  const CodeShape& shape = quantiser_->shape();
  if (shape.dimension != embedder_->dimension()) {
    throw Error(ErrorKind::kWrongType, "the model's vectors have " + std::to_string(embedder_->dimension()) +
                                           " numbers where the knowledge base takes " +
                                           std::to_string(shape.dimension) + "; use the model that it was made for");
  }
  if (shape.code_size() > kMaxSemanticCode) {
    throw Error(ErrorKind::kWrongType, "the knowledge base has codes of " + std::to_string(shape.code_size()) +
                                           " bytes, a stream carries at most " + std::to_string(kMaxSemanticCode) +
                                           "; use one with smaller codes");
  }
}

Bytes SemanticEncoder::next(const PictureView& picture, double seconds, double interval, bool key) {
  changed_ |= scene_.next(picture);
  elapsed_ += seconds;
  if (interval <= 0) return {};
  const bool repeated = elapsed_ + kTolerance >= interval;
  const bool jumped = changed_ && elapsed_ + kTolerance >= kLeastPause * interval;
  if (started_ && !key && !repeated && !jumped) return {};
  embedder_->embed(picture, vector_.data());
  Bytes unit;
  const Bytes code = quantiser_->encode(vector_);
  append_semantic_unit(unit, {changed_, code}, key);
  elapsed_ = 0;
  started_ = true;
  changed_ = false;
  return unit;
}

void SemanticEncoder::reset() {
  scene_.reset();
  started_ = false;
}

}  // namespace crlsc
