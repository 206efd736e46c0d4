// SPDX-License-Identifier: LGPL-2.1-or-later
// Layers apart from each other, and layers left out; one test for each thing that the payloader promises of it.
#include "pay_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

// Fits into one packet.
std::vector<UnitSpec> small_layers() {
  return {{UnitType::kSemantic, 0, 8}, token(0, 100), token(1, 100), token(2, 50)};
}

// The layers of each packet's units, packets separated by blanks; s is a semantic unit, h a sequence header.
std::string layers(const std::vector<GstBuffer*>& packets) {
  std::string out;
  for (GstBuffer* packet : packets) {
    if (!out.empty()) out += ' ';
    for (const UnitView& unit : read(packet).units) {
      out += unit.header.type == UnitType::kSemantic         ? "s"
             : unit.header.type == UnitType::kSequenceHeader ? "h"
                                                             : std::to_string(unit.header.layer);
    }
  }
  return out;
}

std::string layers_sent(const std::string& properties, ByteView unit_bytes) {
  Pay pay(properties);
  fail_unless_equals_int(pay.push(unit_bytes), GST_FLOW_OK);
  const auto packets = pay.pull_all();
  const std::string out = layers(packets);
  unref_all(packets);
  return out;
}

// What a depayloader says of these packets.
guint64 received(const std::vector<GstBuffer*>& packets, const char* name) {
  Watched depay("rtpcrlscdepay");
  gst_harness_set_src_caps_str(depay.h(), kRtpCaps);
  for (GstBuffer* packet : packets) gst_harness_push(depay.h(), gst_buffer_ref(packet));
  return depay.stat(name);
}

}  // namespace

GST_START_TEST(b4_03_layers_share_packets_by_default) {
  check_text(layers_sent("", access_unit(small_layers())), "s012");
}
GST_END_TEST;

GST_START_TEST(b4_03_the_base_layer_has_packets_of_its_own) {
  Pay pay("separate-base=true");
  pay.push(key_unit(small_layers()), true);
  const auto packets = pay.pull_all();
  check_text(layers(packets), "hs0 12");
  for (size_t i = 0; i < 2; ++i) {
    const RtpPayloadHeader fields = read(packets[i]).payload;
    fail_unless_equals_int(has_flag(packets[i], GST_BUFFER_FLAG_NON_DROPPABLE), i == 0);
    fail_unless_equals_int(has_flag(packets[i], GST_BUFFER_FLAG_DROPPABLE), i == 1);
    fail_unless_equals_int(fields.discardable, i == 1);
    fail_unless(fields.extension);
    fail_unless_equals_int(fields.first_unit, i == 0 ? 0 : 3);
    fail_unless_equals_int(fields.unit_count, i == 0 ? 3 : 2);
    fail_unless_equals_int(read(packets[i]).marker, i == 1);
  }
  unref_all(packets);
  // Nothing to keep apart: no second packet, no longer header.
  check_text(layers_sent("separate-base=true", access_unit({token(0), token(0)})), "00");
}
GST_END_TEST;

// With its details a picture needs two packets and so does not wait; without, it does.
GST_START_TEST(b4_03_separate_layers_do_not_share_packets_with_other_pictures) {
  Pay pay("separate-base=true max-aggregation-ms=300");
  for (uint32_t i = 0; i < 4; ++i) pay.push(access_unit({token(0)}, false, i + 1));
  for (uint32_t i = 0; i < 2; ++i) pay.push(access_unit(small_layers(), false, i + 5));
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 5);
  fail_unless(read(packets[0]).payload.aggregate);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(layers_are_left_out) {
  const Bytes unit_bytes = access_unit(small_layers());
  check_text(layers_sent("max-layers=4", unit_bytes), "s012");
  check_text(layers_sent("max-layers=3", unit_bytes), "s012");
  check_text(layers_sent("max-layers=2", unit_bytes), "s01");
  check_text(layers_sent("max-layers=1", unit_bytes), "s0");
  check_text(layers_sent("max-layers=1 mtu=100", unit_bytes),
             layers_sent("mtu=100", access_unit({small_layers()[0], small_layers()[1]})));
}
GST_END_TEST;

GST_START_TEST(a_picture_is_never_left_out_as_a_whole) {
  check_text(layers_sent("max-layers=1", access_unit({token(2), token(1)})), "1");
}
GST_END_TEST;

GST_START_TEST(layers_can_be_left_out_while_playing) {
  Pay pay;
  std::vector<GstBuffer*> packets;
  for (uint32_t i = 0; i < 6; ++i) {
    g_object_set(pay.element(), "max-layers", i < 2 ? 3 : (i < 4 ? 1 : 2), nullptr);
    pay.push(i == 0 ? key_unit(small_layers()) : access_unit(small_layers(), false, i), i == 0);
  }
  for (GstBuffer* packet : pay.pull_all()) packets.push_back(packet);
  check_text(layers(packets), "hs012 s012 s0 s0 s01 s01");
  // For the receiver nothing is missing: neither packets nor units nor pictures.
  fail_unless_equals_int(received(packets, "pictures"), 6);
  fail_unless_equals_int(received(packets, "partial-pictures"), 0);
  fail_unless_equals_int(received(packets, "missing-pictures"), 0);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(layers_left_out_of_several_packets_are_not_missed) {
  Pay pay("mtu=150 max-layers=2");
  for (uint32_t i = 0; i < 3; ++i) {
    pay.push(i == 0 ? key_unit(small_layers()) : access_unit(small_layers(), false, i), i == 0);
  }
  const auto packets = pay.pull_all();
  fail_unless(packets.size() > 3);
  fail_unless_equals_int(received(packets, "pictures"), 3);
  fail_unless_equals_int(received(packets, "partial-pictures"), 0);
  unref_all(packets);
}
GST_END_TEST;

static Suite* rtpcrlscpay_layers_suite(void) {
  Suite* suite = suite_create("rtpcrlscpay_layers");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b4_03_layers_share_packets_by_default);
  tcase_add_test(tests, b4_03_the_base_layer_has_packets_of_its_own);
  tcase_add_test(tests, b4_03_separate_layers_do_not_share_packets_with_other_pictures);
  tcase_add_test(tests, layers_are_left_out);
  tcase_add_test(tests, a_picture_is_never_left_out_as_a_whole);
  tcase_add_test(tests, layers_can_be_left_out_while_playing);
  tcase_add_test(tests, layers_left_out_of_several_packets_are_not_missed);
  return suite;
}

GST_CHECK_MAIN(rtpcrlscpay_layers)
