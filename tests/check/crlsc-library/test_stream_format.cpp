// SPDX-License-Identifier: LGPL-2.1-or-later
// The two stream formats in caps.
#include <gst/check/gstcheck.h>

#include "core/error.h"
#include "crlsc/caps.h"

using crlsc::StreamFormat;

namespace {

crlsc::SequenceHeader example_header() {
  crlsc::SequenceHeader header;
  header.width = 320;
  header.height = 240;
  header.framerate_num = 10;
  header.model_id = {1, 2, 3, 4, 5, 6, 7, 8};
  return header;
}

crlsc::StreamCaps parse(const char* text) {
  GstCaps* caps = gst_caps_from_string(text);
  try {
    const crlsc::StreamCaps parsed = crlsc::parse_caps(caps);
    gst_caps_unref(caps);
    return parsed;
  } catch (...) {
    gst_caps_unref(caps);
    throw;
  }
}

}  // namespace

GST_START_TEST(test_byte_stream_caps) {
  GstCaps* caps = crlsc::make_caps(example_header(), {4, 3}, StreamFormat::kByteStream);
  GstCaps* expected = gst_caps_from_string(
      "video/x-crlsc, stream-format=byte-stream, alignment=au, parsed=true, width=320, height=240, framerate=10/1, "
      "pixel-aspect-ratio=4/3, model=(string)0102030405060708");
  fail_unless(gst_caps_is_subset(caps, expected), "%" GST_PTR_FORMAT, caps);
  fail_if(gst_structure_has_field(gst_caps_get_structure(caps, 0), "codec_data"));
  const crlsc::StreamCaps parsed = crlsc::parse_caps(caps);
  fail_unless(parsed.format == StreamFormat::kByteStream);
  fail_if(parsed.header.has_value());
  fail_unless(parsed.model == example_header().model_id);
  gst_caps_unref(expected);
  gst_caps_unref(caps);
}
GST_END_TEST

GST_START_TEST(test_packetized_caps) {
  GstCaps* caps = crlsc::make_caps(example_header());
  const crlsc::StreamCaps parsed = crlsc::parse_caps(caps);
  fail_unless(parsed.format == StreamFormat::kPacketized);
  fail_unless(parsed.header == example_header());
  gst_caps_unref(caps);
}
GST_END_TEST

GST_START_TEST(test_caps_without_a_format) { fail_if(parse("video/x-crlsc").format.has_value()); }
GST_END_TEST

GST_START_TEST(test_caps_of_another_format) {
  try {
    parse("video/x-crlsc, stream-format=avc");
    fail("accepted");
  } catch (const crlsc::Error& error) {
    fail_unless(error.kind() == crlsc::ErrorKind::kWrongType);
    fail_unless(std::string(error.what()).find("avc") != std::string::npos);
  }
}
GST_END_TEST

static Suite* stream_format_suite(void) {
  Suite* suite = suite_create("stream_format");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, test_byte_stream_caps);
  tcase_add_test(tests, test_packetized_caps);
  tcase_add_test(tests, test_caps_without_a_format);
  tcase_add_test(tests, test_caps_of_another_format);
  return suite;
}

GST_CHECK_MAIN(stream_format)
