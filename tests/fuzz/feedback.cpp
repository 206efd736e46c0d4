// SPDX-License-Identifier: LGPL-2.1-or-later
// What RTCP brings of losses and entries: any bytes give ones that are valid and can be written again, or a clear
// error.
#include "core/rtp/feedback.h"

#include "core/error.h"
#include "fuzz.h"

using namespace crlsc;

std::vector<Bytes> crlsc::fuzz_seeds() {
  Feedback most{0x12345678, {}, {}};
  most.losses.assign(kMaxFeedbackLosses, everything_lost());
  // Padding and an item of an unknown type before a loss that has grown by two bytes.
  const Bytes extended{0, 0, 0, 9, 0, 0, 200, 3, 1, 2, 3, 1, 6, 8, 2, 0, 0, 77, 250, 0};
  const Feedback entries{2, {{5, 2, 1, 3, 1}}, {{{1, 2, 3, 4, 5, 6, 7, 8}, {}}, {{9}, {{0, 200}, {70000, 1}}}}};
  return {write_feedback({1, {}, {}}), write_feedback({1, {{5, 2, 1, 3, 1}, {63, 1, 0, 0, 3}}, {}}),
          write_feedback(most), write_feedback(entries), extended};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const Feedback feedback = parse_feedback({data, size});
    require(size <= kMaxFeedbackSize && feedback.losses.size() <= kMaxFeedbackLosses, "bounds");
    for (const PictureLoss& loss : feedback.losses) require(is_valid(loss), "a loss that is not valid");
    require(feedback.entries.size() <= kMaxFeedbackEntries, "bounds");
    for (const EntryReport& report : feedback.entries) require(is_valid(report), "a report that is not valid");
    const Bytes bytes = write_feedback(feedback);
    require(bytes.size() % 4 == 0 && bytes.size() <= kMaxFeedbackSize, "size");
    const Feedback again = parse_feedback(bytes);
    require(
        again.media_ssrc == feedback.media_ssrc && again.losses == feedback.losses && again.entries == feedback.entries,
        "round trip");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::kCorrupt, "the kind of error");
  }
  return 0;
}
