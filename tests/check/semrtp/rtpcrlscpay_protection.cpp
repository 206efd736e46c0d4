// SPDX-License-Identifier: LGPL-2.1-or-later
// GStreamer's error correction with the payloader in front of it.
#include "pay_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

constexpr int kPictures = 10;

struct Counts {
  int media = 0;
  int important = 0;
  int repair = 0;
};

// What comes out of error correction for pictures of one base and three detail units, each of a packet's size.
Counts protect(const std::string& percentages) {
  GstHarness* h =
      gst_harness_new_parse(("rtpcrlscpay mtu=200 separate-base=true ! rtpulpfecenc pt=122 " + percentages).c_str());
  gst_harness_set_src_caps(h, make_caps(sequence_header()));
  for (uint32_t i = 0; i < kPictures; ++i) {
    const Bytes unit_bytes = access_unit(
        {{UnitType::kSemantic, 0, 8}, token(0, 100), token(1, 120), token(1, 120), token(2, 120)}, false, i + 1);
    gst_harness_push(h, to_buffer(unit_bytes, i * kInterval));
  }
  Counts counts;
  while (GstBuffer* buffer = gst_harness_try_pull(h)) {
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp);
    const bool repair = gst_rtp_buffer_get_payload_type(&rtp) == 122;
    gst_rtp_buffer_unmap(&rtp);
    counts.repair += repair ? 1 : 0;
    counts.media += repair ? 0 : 1;
    counts.important += !repair && has_flag(buffer, GST_BUFFER_FLAG_NON_DROPPABLE) ? 1 : 0;
    gst_buffer_unref(buffer);
  }
  gst_harness_teardown(h);
  return counts;
}

}  // namespace

// rtpulpfecenc counts what is NON_DROPPABLE, and with separate layers this is the base layer alone.
GST_START_TEST(b4_11_the_base_layer_decides_about_protection) {
  const Counts whole = protect("percentage=0 percentage-important=100");
  fail_unless_equals_int(whole.media, 4 * kPictures);
  fail_unless_equals_int(whole.important, kPictures);
  fail_unless_equals_int(whole.repair, kPictures);
  fail_unless_equals_int(protect("percentage=0 percentage-important=50").repair, kPictures / 2);
  fail_unless_equals_int(protect("percentage=0 percentage-important=0").repair, 0);
}
GST_END_TEST;

static Suite* rtpcrlscpay_protection_suite(void) {
  Suite* suite = suite_create("rtpcrlscpay_protection");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b4_11_the_base_layer_decides_about_protection);
  return suite;
}

GST_CHECK_MAIN(rtpcrlscpay_protection)
