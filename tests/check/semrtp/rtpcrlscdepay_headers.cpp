// SPDX-License-Identifier: LGPL-2.1-or-later
// The depayloader and sequence headers that are not the sender's: units are protected by a checksum, which anybody can
// compute.
#include "depay_support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace
using crlsc::Bytes;
using crlsc::SequenceHeader;

namespace {

SequenceHeader other_model() {
  SequenceHeader header = sequence_header();
  header.model_id[7] ^= 1;
  return header;
}

// A unit with a right checksum and a sequence header of a version that nobody knows.
Bytes header_of_another_version() {
  Bytes payload = crlsc::write_sequence_header(sequence_header());
  payload[0] = 2;
  Bytes out;
  crlsc::append_unit(out, {crlsc::UnitType::kSequenceHeader, 0, true, false}, payload);
  return out;
}

Bytes joined(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// Pictures 0, 1 and 3 are the sender's.
PacketSource with_forged(const Bytes& picture) {
  PacketSource source;
  source.add(key(1));
  source.add(delta(2));
  source.add(picture);
  source.add(delta(4));
  return source;
}

}  // namespace

GST_START_TEST(b4_10_a_header_of_another_model_is_damage) {
  Depay depay;
  depay.send(with_forged(key(3, other_model())));
  check_text(depay.log(), "C S B0k B100 G200+100 B300d");
  fail_unless(caps_are(depay, sequence_header()));
  fail_unless_equals_uint64(depay.stat("refused-pictures"), 1);
  // Told once, not with each packet.
  fail_unless(!depay.silent());
  depay.send(with_forged(key(3, other_model())));
  fail_unless(depay.silent());
  fail_unless(depay.pop_error() == nullptr);
}
GST_END_TEST;

GST_START_TEST(b4_10_a_refused_picture_is_a_loss) {
  Depay depay("wait-for-keyframe=true");
  PacketSource source = with_forged(key(3, other_model()));
  source.add(key(5));
  depay.send(source);
  check_text(depay.log(), "C S B0k B100 G200+100 G300+100 B400kd");
  fail_unless_equals_int(depay.key_requests(), 1);
}
GST_END_TEST;

GST_START_TEST(b4_10_a_header_of_another_version_is_damage) {
  Depay depay;
  depay.send(with_forged(joined(header_of_another_version(), access_unit(three_layers(), true, 3))));
  check_text(depay.log(), "C S B0k B100 G200+100 B300d");
  fail_unless_equals_uint64(depay.stat("refused-pictures"), 1);
  fail_unless(depay.pop_error() == nullptr);
}
GST_END_TEST;

GST_START_TEST(b4_10_one_foreign_header_of_two_is_damage) {
  Depay depay;
  depay.send(with_forged(joined(sequence_unit(), key(3, other_model()))));
  check_text(depay.log(), "C S B0k B100 G200+100 B300d");
}
GST_END_TEST;

GST_START_TEST(b4_10_a_size_changes_with_a_key_picture_only) {
  Depay depay;
  depay.send(with_forged(joined(sequence_unit(sequence_header(640)), delta(3))));
  check_text(depay.log(), "C S B0k B100 G200+100 B300d");
  fail_unless(caps_are(depay, sequence_header()));
  // The key picture may have been lost.
  fail_unless_equals_int(depay.key_requests(), 1);
  // A header without tokens is no key picture, either.
  depay.send(with_forged(sequence_unit(sequence_header(640))));
  fail_unless(caps_are(depay, sequence_header()));
  Depay resized;
  resized.send(with_forged(key(3, sequence_header(640))));
  check_text(resized.log(), "C S B0k B100 C B200k B300");
}
GST_END_TEST;

// The sender repeats its header, so that others can join. That makes no key picture of it.
GST_START_TEST(b4_10_the_same_header_in_any_picture) {
  Depay depay;
  depay.send(with_forged(joined(sequence_unit(), delta(3))));
  check_text(depay.log(), "C S B0k B100 B200 B300");
  fail_unless(depay.silent());
}
GST_END_TEST;

GST_START_TEST(b4_10_the_model_of_the_caps_counts) {
  Depay depay("", caps_with("model", "ab01020304050607"));
  PacketSource source;
  source.add(key(1, other_model()));
  source.add(key(2));
  depay.send(source);
  check_text(depay.log(), "C S B100k");
  fail_unless(caps_are(depay, sequence_header()));
  fail_unless_equals_uint64(depay.stat("refused-pictures"), 1);
}
GST_END_TEST;

GST_START_TEST(b4_10_a_config_of_another_model_than_the_caps_is_ignored) {
  Depay depay("", caps_with("model", "ab01020304050607") + ", config=(string)\"" + config_of(other_model()) + "\"");
  fail_unless(current_caps(depay) == nullptr);
  depay.send(stream(1));
  check_text(depay.log(), "C S B0k");
}
GST_END_TEST;

// New caps, from a new session, may bring a new model.
GST_START_TEST(b4_09_the_model_changes_with_the_caps) {
  Depay depay;
  depay.send(stream(2));
  gst_harness_set_src_caps_str(depay.h(), caps_with("model", crlsc::to_hex(other_model().model_id)).c_str());
  PacketSource source(102, 1007);
  source.skip(2);
  source.add(key(3, other_model()));
  depay.send(source);
  fail_unless(caps_are(depay, other_model()));
  fail_unless(depay.silent());
}
GST_END_TEST;

static Suite* rtpcrlscdepay_headers_suite(void) {
  Suite* suite = suite_create("rtpcrlscdepay_headers");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b4_10_a_header_of_another_model_is_damage);
  tcase_add_test(tests, b4_10_a_refused_picture_is_a_loss);
  tcase_add_test(tests, b4_10_a_header_of_another_version_is_damage);
  tcase_add_test(tests, b4_10_one_foreign_header_of_two_is_damage);
  tcase_add_test(tests, b4_10_a_size_changes_with_a_key_picture_only);
  tcase_add_test(tests, b4_10_the_same_header_in_any_picture);
  tcase_add_test(tests, b4_10_the_model_of_the_caps_counts);
  tcase_add_test(tests, b4_10_a_config_of_another_model_than_the_caps_is_ignored);
  tcase_add_test(tests, b4_09_the_model_changes_with_the_caps);
  return suite;
}

GST_CHECK_MAIN(rtpcrlscdepay_headers)
