// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/feedback.h"

#include <algorithm>
#include <string>

#include "core/bitstream/byte_io.h"
#include "core/error.h"

namespace crlsc {
namespace {

constexpr uint8_t kPadding = 0;  // one byte, without a size
constexpr uint8_t kLoss = 1;
constexpr size_t kLossSize = 4;
constexpr uint8_t kEntry = 2;
constexpr size_t kSsrcSize = 4;
constexpr size_t kWord = 4;
constexpr int kLayerBits = 2;
constexpr int kNumberBytes = 3;  // of LEB128

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

EntryReport parse_entry(ByteView body) {
  EntryReport report;
  if (body.size() < report.name.size()) corrupt("has an entry of " + std::to_string(body.size()) + " bytes");
  ByteReader reader(body);
  const ByteView name = reader.bytes(report.name.size());
  std::copy(name.begin(), name.end(), report.name.begin());
  while (!reader.empty()) {
    const size_t offset = reader.leb128(kNumberBytes);
    report.missing.push_back({offset, reader.leb128(kNumberBytes)});
  }
  if (!is_valid(report)) corrupt("has an entry of which impossible bytes are missing");
  return report;
}

void write_entry(Bytes& out, const EntryReport& report) {
  if (!is_valid(report)) throw Error(ErrorKind::kSettings, "RTCP feedback cannot tell this of an entry");
  Bytes body(report.name.begin(), report.name.end());
  ByteWriter numbers(body);
  for (const ByteRange& range : report.missing) {
    numbers.leb128(static_cast<uint32_t>(range.offset));
    numbers.leb128(static_cast<uint32_t>(range.size));
  }
  ByteWriter writer(out);
  writer.u8(kEntry);
  writer.u8(static_cast<uint8_t>(body.size()));
  writer.bytes(body);
}

void check_count(size_t count, size_t most, const char* what) {
  if (count <= most) return;
  throw Error(ErrorKind::kSettings,
              "RTCP feedback tells at most " + std::to_string(most) + " " + what + ", not " + std::to_string(count));
}

}  // namespace

Bytes write_feedback(const Feedback& feedback) {
  check_count(feedback.losses.size(), kMaxFeedbackLosses, "losses");
  check_count(feedback.entries.size(), kMaxFeedbackEntries, "entries");
  Bytes out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(feedback.media_ssrc >> shift));
  for (const PictureLoss& loss : feedback.losses) {
    if (!is_valid(loss)) throw Error(ErrorKind::kSettings, "RTCP feedback cannot tell this loss");
    for (const int byte : {int{kLoss}, int{kLossSize}, loss.first << kLayerBits | loss.layer, loss.pictures,
                           loss.first_row, loss.rows}) {
      out.push_back(static_cast<uint8_t>(byte));
    }
  }
  for (const EntryReport& report : feedback.entries) write_entry(out, report);
  check_count(out.size(), kMaxFeedbackSize, "bytes");
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
    if (type == kEntry && feedback.entries.size() < kMaxFeedbackEntries) feedback.entries.push_back(parse_entry(body));
  }
  return feedback;
}

}  // namespace crlsc
