// SPDX-License-Identifier: LGPL-2.1-or-later
// The data of RTCP APP packets with which receivers tell senders what they lack, and what they have
// (docs/payload-format.md, section "Feedback").
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/bytes.h"
#include "core/codec/picture_loss.h"
#include "core/kb/entry_report.h"

namespace crlsc {

constexpr char kFeedbackName[] = "CRLS";  // of the APP packet
constexpr int kFeedbackVersion = 0;       // its subtype
constexpr size_t kMaxFeedbackSize = 256;  // bytes behind the name
constexpr size_t kMaxFeedbackLosses = 32;
constexpr size_t kMaxFeedbackEntries = 4;

struct Feedback {
  uint32_t media_ssrc = 0;  // of the stream that is reported on
  std::vector<PictureLoss> losses;
  std::vector<EntryReport> entries;
};

// A whole number of 32-bit words. Throws Error(kSettings) for more than kMaxFeedbackLosses or kMaxFeedbackEntries, ones
// that are not valid, or what exceeds kMaxFeedbackSize: as many as may be of both do.
Bytes write_feedback(const Feedback& feedback);

// Reads what stands behind the name. Items of unknown types are skipped, and of more than kMaxFeedbackLosses losses or
// kMaxFeedbackEntries entries the first ones are taken. Throws Error(kCorrupt) when something is cut short, too long or
// out of range.
Feedback parse_feedback(ByteView bytes);

}  // namespace crlsc
