// SPDX-License-Identifier: LGPL-2.1-or-later
// The event with which a decoder says what it has of an entry.
#include <gst/check/gstcheck.h>

#include "crlsc/entry_event.h"
#include "crlsc/loss_event.h"

using namespace crlsc;  // NOLINT: a test of one namespace

GST_START_TEST(reports_come_back_as_they_were) {
  const EntryReport reports[] = {
      {{1, 2, 3, 4, 5, 6, 7, 255}, {}},
      {{9}, {{0, 1}, {kMaxTransferSize - 1, 1}}},
      {{}, std::vector<ByteRange>(kMostReportRanges, {0, kMaxTransferSize})},
  };
  for (const EntryReport& report : reports) {
    GstEvent* event = make_entry_event(report, 77);
    fail_unless(is_entry_event(event) && !is_loss_event(event));
    fail_unless_equals_int(GST_EVENT_TYPE(event), GST_EVENT_CUSTOM_UPSTREAM);
    guint ssrc = 0;
    fail_unless(gst_structure_get_uint(gst_event_get_structure(event), "ssrc", &ssrc) && ssrc == 77);
    const auto read = parse_entry_event(event);
    fail_unless(read && *read == report);
    gst_event_unref(event);
  }
}
GST_END_TEST;

GST_START_TEST(events_that_make_no_sense_are_none) {
  const char* const wrong[] = {
      "GstCrlscEntry",
      "GstCrlscEntry, entry=(string)0123456789abcdef",
      "GstCrlscEntry, entry=(string)0123456789abcdef, missing=(uint)3",
      "GstCrlscEntry, entry=(string)0123456789abcde, missing=(uint)<>",
      "GstCrlscEntry, entry=(uint)5, missing=(uint)<>",
      "GstCrlscEntry, entry=(string)0123456789abcdef, missing=(uint)<1>",
      "GstCrlscEntry, entry=(string)0123456789abcdef, missing=(uint)<1, 0>",
      "GstCrlscEntry, entry=(string)0123456789abcdef, missing=(int)<1, 2>",
      "GstCrlscEntry, entry=(string)0123456789abcdef, missing=(uint)<262144, 1>",
      "GstCrlscEntry, entry=(string)0123456789abcdef, missing=(uint)<1, 4294967295>",
      "GstCrlscEntry, entry=(string)0123456789abcdef, missing=(uint)<1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1>",
      "GstCrlscLoss, entry=(string)0123456789abcdef, missing=(uint)<1, 2>",
  };
  for (const char* text : wrong) {
    GstStructure* fields = gst_structure_from_string(text, nullptr);
    fail_unless(fields != nullptr, "%s", text);
    GstEvent* event = gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, fields);
    fail_unless(!parse_entry_event(event), "%s", text);
    gst_event_unref(event);
  }
}
GST_END_TEST;

static Suite* entry_event_suite(void) {
  Suite* suite = suite_create("entry-event");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, reports_come_back_as_they_were);
  tcase_add_test(tests, events_that_make_no_sense_are_none);
  return suite;
}

GST_CHECK_MAIN(entry_event)
