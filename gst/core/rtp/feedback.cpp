// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/feedback.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace crlsc {
namespace {

constexpr uint8_t kPadding = 0;  // one byte, without a size
constexpr uint8_t kLoss = 1;
constexpr size_t kLossSize = 4;
constexpr size_t kSsrcSize = 4;
constexpr size_t kWord = 4;
constexpr int kLayerBits = 2;

[[noreturn]] void corrupt(const std::string& what) { throw Error(ErrorKind::kCorrupt, "RTCP feedback " + what); }

PictureLoss parse_loss(ByteView body) {
  if (body.size() < kLossSize) corrupt("has a loss of " + std::to_string(body.size()) + " bytes");
  PictureLoss loss;
  loss.first = body[0] >> kLayerBits;
  loss.layer = body[0] & ((1 << kLayerBits) - 1);
  loss.pictures = body[1];
  loss.first_row = body[2];
  loss.rows = body[3];
  if (!is_valid(loss)) corrupt("has a loss of " + std::to_string(loss.pictures) + " pictures");
  return loss;
}

}  // namespace

Bytes write_feedback(const Feedback& feedback) {
  if (feedback.losses.size() > kMaxFeedbackLosses) {
    throw Error(ErrorKind::kSettings, "RTCP feedback tells at most " + std::to_string(kMaxFeedbackLosses) +
                                          " losses, not " + std::to_string(feedback.losses.size()));
  }
  Bytes out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(feedback.media_ssrc >> shift));
  for (const PictureLoss& loss : feedback.losses) {
    if (!is_valid(loss)) throw Error(ErrorKind::kSettings, "RTCP feedback cannot tell this loss");
    for (const int byte : {int{kLoss}, int{kLossSize}, loss.first << kLayerBits | loss.layer, loss.pictures,
                           loss.first_row, loss.rows}) {
      out.push_back(static_cast<uint8_t>(byte));
    }
  }
  out.resize((out.size() + kWord - 1) / kWord * kWord, kPadding);
  return out;
}

Feedback parse_feedback(ByteView bytes) {
  if (bytes.size() < kSsrcSize || bytes.size() > kMaxFeedbackSize) {
    corrupt("of " + std::to_string(bytes.size()) + " bytes is not 4 to " + std::to_string(kMaxFeedbackSize) + " long");
  }
  Feedback feedback;
  for (size_t i = 0; i < kSsrcSize; ++i) feedback.media_ssrc = feedback.media_ssrc << 8 | bytes[i];
  for (size_t at = kSsrcSize; at < bytes.size();) {
    const uint8_t type = bytes[at++];
    if (type == kPadding) continue;
    if (at == bytes.size() || bytes[at] > bytes.size() - at - 1) corrupt("ends within an item");
    const ByteView body = bytes.sub(at + 1, bytes[at]);
    at += 1 + body.size();
    if (type == kLoss && feedback.losses.size() < kMaxFeedbackLosses) feedback.losses.push_back(parse_loss(body));
  }
  return feedback;
}

}  // namespace crlsc
