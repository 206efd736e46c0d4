// SPDX-License-Identifier: LGPL-2.1-or-later
// The two stream formats in caps.
#include <string>

#include "core/bitstream/unit.h"
#include "core/error.h"
#include "core/kb/knowledge_path.h"
#include "crlsc/caps.h"
#include "crlsc/crlsc.h"
// Behind all others: it makes a macro of `fail`.
#include <gst/check/gstcheck.h>

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

namespace {

constexpr const char* kModelId = "0102030405060708";
constexpr const char* kRtp = "application/x-rtp, media=video, encoding-name=CRLSC, clock-rate=90000, payload=96";

// What is missing, empty if nothing is.
std::string missing(GstCaps* caps, const char* model_id, const char* kb_id = nullptr) {
  GError* error = nullptr;
  const gboolean supported = gst_crlsc_caps_are_supported(caps, model_id, kb_id, &error);
  fail_unless_equals_int(supported, error == nullptr);
  const std::string out = error != nullptr ? error->message : "";
  fail_unless(error == nullptr || error->domain == GST_STREAM_ERROR);
  g_clear_error(&error);
  gst_caps_unref(caps);
  return out;
}

std::string missing(const std::string& caps, const char* model_id, const char* kb_id = nullptr) {
  return missing(gst_caps_from_string(caps.c_str()), model_id, kb_id);
}

std::string config_of(const crlsc::SequenceHeader& header) {
  crlsc::Bytes unit;
  crlsc::append_unit(unit, {crlsc::UnitType::kSequenceHeader, 0, true, false}, crlsc::write_sequence_header(header));
  gchar* text = g_base64_encode(unit.data(), unit.size());
  const std::string out = ", config=(string)\"" + std::string(text) + "\"";
  g_free(text);
  return out;
}

}  // namespace

GST_START_TEST(test_streams_that_can_be_decoded) {
  const std::string rtp = kRtp;
  fail_unless(missing(crlsc::make_caps(example_header()), kModelId).empty());
  fail_unless(missing(rtp, nullptr).empty());
  fail_unless(missing(rtp + ", version=(string)1, model=(string)0102030405060708", kModelId).empty());
  fail_unless(missing(rtp + config_of(example_header()), kModelId).empty());
  // As an SDP is turned into caps.
  fail_unless(missing("application/x-unknown, encoding-name=CRLSC, version=(string)1", nullptr).empty());
}
GST_END_TEST

GST_START_TEST(test_streams_that_cannot_be_decoded) {
  const std::string rtp = kRtp;
  const auto says = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  fail_unless(says(missing(crlsc::make_caps(example_header()), "1102030405060708"), "the model 0102030405060708"));
  fail_unless(says(missing(rtp + ", model=(string)0102030405060708", nullptr), "there is none"));
  fail_unless(says(missing(rtp + config_of(example_header()), "1102030405060708"), "the model 0102030405060708"));
  fail_unless(says(missing(rtp + ", version=(string)2", kModelId), "version 2"));
  crlsc::SequenceHeader header = example_header();
  header.knowledge = crlsc::KnowledgeRef{{0xbb}, 1};
  fail_unless(says(missing("application/x-rtp, encoding-name=VP8", kModelId), "not video/x-crlsc"));
  fail_unless(says(missing("video/x-crlsc, width=[ 1, 2 ]", kModelId), "not fixed"));
  fail_unless(says(missing(gst_caps_new_any(), kModelId), "not fixed"));
}
GST_END_TEST

// Pictures need no knowledge base; who wants to know what the stream says of them needs the one that it names.
GST_START_TEST(test_streams_that_name_a_knowledge_base) {
  crlsc::SequenceHeader header = example_header();
  header.knowledge = crlsc::KnowledgeRef{{0xbb}, 1};
  const std::string named = std::string(kRtp) + ", kb=(string)bb00000000000000";
  for (const std::string& caps : {named, kRtp + config_of(header)}) {
    fail_unless(missing(caps, kModelId).empty());
    fail_unless(missing(caps, kModelId, "bb00000000000000").empty());
    const std::string other = missing(caps, kModelId, "cc00000000000000");
    fail_unless(other == "the stream needs the knowledge base bb00000000000000, but there is cc00000000000000", "%s",
                other.c_str());
    const std::string none = missing(caps, kModelId, "");
    fail_unless(none == "the stream needs the knowledge base bb00000000000000, but there is none", "%s", none.c_str());
  }
  fail_unless(missing(crlsc::make_caps(header), kModelId).empty());
  fail_if(missing(crlsc::make_caps(header), kModelId, "").empty());
  fail_unless(missing(kRtp, kModelId, "").empty(), "what is not named is not missing");
}
GST_END_TEST

GST_START_TEST(test_knowledge_base_id) {
  GError* error = nullptr;
  gchar* id = gst_crlsc_knowledge_base_id("test.crlsckb", &error);
  fail_unless(id != nullptr, "%s", error != nullptr ? error->message : "");
  const std::string path = crlsc::find_knowledge_base("test.crlsckb", "");
  crlsc::KnowledgeBaseFile file(path, crlsc::KnowledgeBaseFile::Access::kRead);
  const std::string expected = crlsc::to_hex(crlsc::codebooks_id(file.info()));
  fail_unless_equals_string(id, expected.c_str());
  g_free(id);
  for (const char* name : {"nowhere.crlsckb", static_cast<const char*>(nullptr)}) {
    fail_unless(gst_crlsc_knowledge_base_id(name, &error) == nullptr);
    fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND), "%s", error->message);
    g_clear_error(&error);
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
  tcase_add_test(tests, test_streams_that_can_be_decoded);
  tcase_add_test(tests, test_streams_that_cannot_be_decoded);
  tcase_add_test(tests, test_streams_that_name_a_knowledge_base);
  tcase_add_test(tests, test_knowledge_base_id);
  return suite;
}

GST_CHECK_MAIN(stream_format)
