// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoder and sequence headers in mid-stream that are not the sender's: damage, not the end. Legitimate changes go
// on.
#include "support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace

namespace {

// Pushes `forged` in the place of picture 2; fails unless it is concealed and the stream goes on.
void expect_damage(GstBuffer* forged, int requests = 0) {
  const Stream stream(4);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  GST_BUFFER_PTS(forged) = 2 * kInterval;
  fail_unless_equals_int(decoder.push(gst_buffer_ref(forged)), GST_FLOW_OK);
  decoder.push_all(stream, 3, 1);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 4);
  fail_unless(has_flag(decoded[2], GST_BUFFER_FLAG_CORRUPTED));
  fail_unless(to_bytes(decoded[2]) == to_bytes(decoded[1]));
  decoder.expect_field("width", "64");
  // Told once, not with each picture.
  fail_unless(decoder.pop(GST_MESSAGE_WARNING).is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE));
  fail_unless_equals_int(decoder.push(forged), GST_FLOW_OK);
  fail_unless_equals_int(decoder.pop(GST_MESSAGE_WARNING).domain, 0);
  fail_unless_equals_uint64(decoder.stat("errors"), 2);
  fail_unless_equals_int(decoder.key_requests(), requests);
}

}  // namespace

GST_START_TEST(b3_02_a_header_of_another_model_is_damage) {
  const Stream other(1, "", video_info(), kOtherModel);
  expect_damage(other.copy(0));
}
GST_END_TEST;

GST_START_TEST(b3_02_a_header_of_another_version_is_damage) {
  const Stream stream(1);
  expect_damage(with_header(header_unit(64, 48, true), stream.buffers()[0]));
}
GST_END_TEST;

GST_START_TEST(b3_02_a_size_changes_with_a_key_picture_only) {
  const Stream stream(3);
  // The key picture may have been lost, so it is asked for.
  expect_damage(with_header(header_unit(1920, 1088), stream.buffers()[2]), 1);
  // A header without tokens is no key picture, whatever the flags say.
  expect_damage(to_buffer(header_unit(1920, 1088), 0, true), 1);
}
GST_END_TEST;

GST_START_TEST(b3_02_the_same_header_in_any_picture) {
  const Stream stream(3);
  Decoder decoder(stream.caps());
  decoder.push_all(stream, 0, 2);
  fail_unless_equals_int(decoder.push(with_header(header_unit(64, 48), stream.buffers()[2])), GST_FLOW_OK);
  const Buffers decoded = decoder.pull();
  fail_unless_equals_int(decoded.size(), 3);
  fail_unless(!has_flag(decoded[2], GST_BUFFER_FLAG_CORRUPTED));
  fail_unless_equals_int(decoder.pop(GST_MESSAGE_WARNING).domain, 0);
}
GST_END_TEST;

static Suite* crlscdec_headers_suite(void) {
  Suite* suite = suite_create("crlscdec_headers");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b3_02_a_header_of_another_model_is_damage);
  tcase_add_test(tests, b3_02_a_header_of_another_version_is_damage);
  tcase_add_test(tests, b3_02_a_size_changes_with_a_key_picture_only);
  tcase_add_test(tests, b3_02_the_same_header_in_any_picture);
  return suite;
}

GST_CHECK_MAIN(crlscdec_headers)
