// SPDX-License-Identifier: LGPL-2.1-or-later
// The payloader's packets, one test for each thing that it promises.
#include <gst/video/video.h>

#include <cstring>
#include <set>

#include "pay_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

// A header extension of 11 bytes, found by its URI like those of GStreamer.
constexpr const char* kExtensionUri = "urn:x-crlsc-test:eleven";

struct TestExtension {
  GstRTPHeaderExtension parent;
};
struct TestExtensionClass {
  GstRTPHeaderExtensionClass parent;
};

void test_extension_class_init(gpointer klass, gpointer) {
  auto* extension = static_cast<GstRTPHeaderExtensionClass*>(klass);
  extension->get_supported_flags = [](GstRTPHeaderExtension*) {
    return static_cast<GstRTPHeaderExtensionFlags>(GST_RTP_HEADER_EXTENSION_ONE_BYTE |
                                                   GST_RTP_HEADER_EXTENSION_TWO_BYTE);
  };
  extension->get_max_size = [](GstRTPHeaderExtension*, const GstBuffer*) -> gsize { return 11; };
  extension->write = [](GstRTPHeaderExtension*, const GstBuffer*, GstRTPHeaderExtensionFlags, GstBuffer*, guint8* data,
                        gsize) -> gssize {
    memset(data, 0x5a, 11);
    return 11;
  };
  extension->read = [](GstRTPHeaderExtension*, GstRTPHeaderExtensionFlags, const guint8*, gsize,
                       GstBuffer*) -> gboolean { return TRUE; };
  gst_rtp_header_extension_class_set_uri(extension, kExtensionUri);
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "test", GST_RTP_HDREXT_ELEMENT_CLASS, "test", "test");
}

GType test_extension_type() {
  static GType type = 0;
  if (type == 0) {
    GTypeInfo info = {};
    info.class_size = sizeof(TestExtensionClass);
    info.instance_size = sizeof(TestExtension);
    info.class_init = test_extension_class_init;
    type =
        g_type_register_static(GST_TYPE_RTP_HEADER_EXTENSION, "CrlscTestExtension", &info, static_cast<GTypeFlags>(0));
    gst_element_register(nullptr, "crlsctestextension", GST_RANK_PRIMARY, type);
  }
  return type;
}

void add_test_extension(GstElement* pay, guint id) {
  auto* extension = GST_RTP_HEADER_EXTENSION(g_object_new(test_extension_type(), nullptr));
  gst_object_ref_sink(extension);
  gst_rtp_header_extension_set_id(extension, id);
  g_signal_emit_by_name(pay, "add-extension", extension);
  gst_object_unref(extension);
}

}  // namespace

GST_START_TEST(b1_02_class_and_defaults) {
  check_class("rtpcrlscpay", "Codec/Payloader/Network/RTP");
  check_own_defaults("rtpcrlscpay");
  GstElement* pay = gst_element_factory_make("rtpcrlscpay", nullptr);
  guint mtu = 0;
  g_object_get(pay, "mtu", &mtu, nullptr);
  fail_unless_equals_int(mtu, 1200);
  gst_object_unref(pay);
}
GST_END_TEST;

GST_START_TEST(b1_03_states) { check_states("rtpcrlscpay"); }
GST_END_TEST;

GST_START_TEST(b1_06_properties_while_pushing) {
  Pay pay;
  GValue mtu = G_VALUE_INIT;
  g_value_init(&mtu, G_TYPE_UINT);
  g_value_set_uint(&mtu, 100);
  GstHarnessThread* thread = gst_harness_stress_property_start_full(pay.h(), "mtu", &mtu, 0);
  for (uint32_t i = 0; i < 300; ++i) {
    fail_unless_equals_int(pay.push(access_unit(three_layers(), false, i + 1)), GST_FLOW_OK);
  }
  gst_harness_stress_thread_stop(thread);
  g_value_unset(&mtu);
  fail_unless(pay.silent());
}
GST_END_TEST;

// An mtu that leaves no room beside header extensions is the application's mistake: an error that names the property,
// no exception.
GST_START_TEST(b1_08_no_exception_escapes) {
  Pay pay("mtu=44");
  add_test_extension(pay.element(), 5);
  fail_unless_equals_int(pay.push(access_unit(three_layers())), GST_FLOW_ERROR);
  GstMessage* message = pay.pop_error();
  fail_unless(message != nullptr);
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  fail_unless(strstr(error->message, "mtu") != nullptr);
  g_error_free(error);
  gst_message_unref(message);
}
GST_END_TEST;

GST_START_TEST(b1_09_flush_eos_segment_and_caps) {
  Pay pay;
  pay.push(key_unit(three_layers()), true);
  fail_unless(gst_harness_push_event(pay.h(), gst_event_new_flush_start()));
  fail_unless(gst_harness_push_event(pay.h(), gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  fail_unless(gst_harness_push_event(pay.h(), gst_event_new_segment(&segment)));
  fail_unless_equals_int(pay.push(access_unit(three_layers())), GST_FLOW_OK);
  gst_harness_set_src_caps(pay.h(), make_caps(sequence_header(640)));
  fail_unless_equals_int(pay.push(access_unit(three_layers())), GST_FLOW_OK);
  check_text(caps_string(pay, "width"), "640");
  fail_unless(gst_harness_push_event(pay.h(), gst_event_new_eos()));
  fail_unless(g_str_has_suffix(pay.log().c_str(), "E"), "%s", pay.log().c_str());
}
GST_END_TEST;

GST_START_TEST(b1_09_reuse_after_null) {
  Pay pay;
  for (int round = 0; round < 3; ++round) {
    fail_unless_equals_int(pay.push(key_unit(three_layers()), true), GST_FLOW_OK);
    const auto packets = pay.pull_all();
    fail_unless(!packets.empty());
    fail_unless_equals_int(read(packets[0]).payload.picture_id, 500);
    unref_all(packets);
    gst_element_set_state(pay.element(), GST_STATE_NULL);
    gst_element_set_state(pay.element(), GST_STATE_PLAYING);
    gst_harness_push_event(pay.h(), gst_event_new_stream_start("again"));
    GstCaps* caps = make_caps(sequence_header());
    gst_harness_push_event(pay.h(), gst_event_new_caps(caps));
    gst_caps_unref(caps);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(pay.h(), gst_event_new_segment(&segment));
  }
}
GST_END_TEST;

GST_START_TEST(b1_10_a_clean_run_is_silent) {
  const LogCounter log;
  Pay pay("mtu=200");
  for (uint32_t i = 0; i < 50; ++i)
    pay.push(i % 10 == 0 ? key_unit(three_layers()) : access_unit(three_layers()), i % 10 == 0);
  fail_unless_equals_int(log.lines(), 0);
}
GST_END_TEST;

GST_START_TEST(b4_01_mtu_sweep) {
  const Bytes unit_bytes =
      key_unit({{UnitType::kSemantic, 0, 16}, token(0, 90), token(0, 2000), token(1, 700), token(2, 5)});
  Pay pay;
  for (guint mtu = 100; mtu <= 9000; mtu += mtu < 1500 ? 1 : 37) {
    g_object_set(pay.element(), "mtu", mtu, nullptr);
    fail_unless_equals_int(pay.push(unit_bytes, true), GST_FLOW_OK);
    const auto packets = pay.pull_all();
    for (GstBuffer* packet : packets) fail_unless(gst_buffer_get_size(packet) <= mtu, "mtu %u", mtu);
    fail_unless(reassemble(packets) == unit_bytes, "mtu %u", mtu);
    unref_all(packets);
  }
}
GST_END_TEST;

GST_START_TEST(b4_01_the_smallest_mtu_works) {
  Pay pay("mtu=44");  // 12 bytes of RTP header and 32 of payload
  // Less is refused where it is set.
  const GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(pay.element()), "mtu");
  fail_unless_equals_int(reinterpret_cast<const GParamSpecUInt*>(spec)->minimum, 44);
  const Bytes unit_bytes = access_unit({token(0, 500)});
  fail_unless_equals_int(pay.push(unit_bytes), GST_FLOW_OK);
  const auto packets = pay.pull_all();
  for (GstBuffer* packet : packets) fail_unless(gst_buffer_get_size(packet) <= 44);
  fail_unless(reassemble(packets) == unit_bytes);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_01_header_extensions_count) {
  const Bytes unit_bytes = access_unit({token(0, 3000), token(1, 500)});
  for (guint extensions = 1; extensions <= 3; ++extensions) {
    Pay pay;
    for (guint id = 1; id <= extensions; ++id) add_test_extension(pay.element(), id);
    for (guint mtu = 120; mtu < 1500; mtu += 7) {
      g_object_set(pay.element(), "mtu", mtu, nullptr);
      fail_unless_equals_int(pay.push(unit_bytes), GST_FLOW_OK);
      const auto packets = pay.pull_all();
      gsize largest = 0;
      for (GstBuffer* packet : packets) {
        largest = std::max(largest, gst_buffer_get_size(packet));
        GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
        fail_unless(gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp));
        fail_unless(gst_rtp_buffer_get_extension(&rtp));
        gst_rtp_buffer_unmap(&rtp);
      }
      fail_unless(largest <= mtu, "%u extensions: %" G_GSIZE_FORMAT " > %u", extensions, largest, mtu);
      fail_unless(largest + 8 >= mtu, "%u extensions: only %" G_GSIZE_FORMAT " of %u used", extensions, largest, mtu);
      fail_unless(reassemble(packets) == unit_bytes);
      unref_all(packets);
    }
  }
}
GST_END_TEST;

GST_START_TEST(b4_01_contributing_sources_count) {
  Pay pay("mtu=200 source-info=true");
  GstBuffer* buffer = to_buffer(access_unit({token(0, 900)}), 0);
  const guint32 ssrc = 1;
  const guint32 csrc[] = {2, 3, 4};
  gst_buffer_add_rtp_source_meta(buffer, &ssrc, csrc, 3);
  fail_unless_equals_int(pay.push(buffer), GST_FLOW_OK);
  const auto packets = pay.pull_all();
  for (GstBuffer* packet : packets) {
    fail_unless(gst_buffer_get_size(packet) <= 200);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    fail_unless(gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp));
    fail_unless_equals_int(gst_rtp_buffer_get_csrc_count(&rtp), 4);
    gst_rtp_buffer_unmap(&rtp);
  }
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_02_one_list_per_access_unit) {
  Pay pay("mtu=400");
  pay.push(key_unit(three_layers()), true);
  pay.push(access_unit({token(0, 20)}));
  check_text(pay.log(), "C S L(3) L(1)");
}
GST_END_TEST;

GST_START_TEST(b4_02_marker_times_and_numbers) {
  Pay pay("mtu=400");
  pay.push(key_unit(three_layers()), true);
  pay.push(access_unit(three_layers()));
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 6);
  for (size_t i = 0; i < 6; ++i) {
    const Header header = read(packets[i]);
    const bool last = i % 3 == 2;
    fail_unless_equals_int(header.marker, last);
    fail_unless_equals_int(has_flag(packets[i], GST_BUFFER_FLAG_MARKER), last);
    fail_unless_equals_int(header.payload.last, last);
    fail_unless_equals_int(header.payload.first, i % 3 == 0);
    fail_unless_equals_int(header.timestamp, i < 3 ? 0 : 9000);
    fail_unless_equals_int(header.sequence, static_cast<uint16_t>(65530 + i));
    fail_unless_equals_int(header.payload.picture_id, 500 + i / 3);
    fail_unless_equals_int(header.type, 96);
    fail_unless_equals_uint64(GST_BUFFER_PTS(packets[i]), i / 3 * kInterval);
  }
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_02_units_are_not_copied) {
  Pay pay("mtu=400");
  GstBuffer* buffer = to_buffer(key_unit(three_layers()), 0);
  GstMapInfo in;
  gst_buffer_map(buffer, &in, GST_MAP_READ);
  const guint8* begin = in.data;
  const guint8* end = in.data + in.size;
  gst_buffer_unmap(buffer, &in);
  gst_buffer_ref(buffer);
  pay.push(buffer);
  const auto packets = pay.pull_all();
  for (GstBuffer* packet : packets) {
    // The first two are the headers of RTP and of the payload.
    fail_unless(gst_buffer_n_memory(packet) >= 3);
    for (guint i = 2; i < gst_buffer_n_memory(packet); ++i) {
      GstMapInfo out;
      GstMemory* memory = gst_buffer_peek_memory(packet, i);
      fail_unless(gst_memory_map(memory, &out, GST_MAP_READ));
      fail_unless(out.data >= begin && out.data + out.size <= end);
      gst_memory_unmap(memory, &out);
    }
  }
  unref_all(packets);
  gst_buffer_unref(buffer);
}
GST_END_TEST;

GST_START_TEST(b4_03_delta_unit_flag) {
  Pay pay("mtu=400");
  pay.push(key_unit(three_layers()), true);
  pay.push(access_unit(three_layers()));
  const auto packets = pay.pull_all();
  for (size_t i = 0; i < packets.size(); ++i) {
    fail_unless_equals_int(has_flag(packets[i], GST_BUFFER_FLAG_DELTA_UNIT), i != 0);
    fail_unless_equals_int(read(packets[i]).payload.key, i < 3);
    fail_unless_equals_int(read(packets[i]).payload.switching_point, i < 3);
  }
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_03_header_and_discont_flags) {
  Pay pay("mtu=400");
  GstBuffer* buffer = to_buffer(key_unit(three_layers()), 0);
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_HEADER);
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  pay.push(buffer);
  pay.push(access_unit(three_layers()));
  const auto packets = pay.pull_all();
  for (size_t i = 0; i < packets.size(); ++i) {
    fail_unless_equals_int(has_flag(packets[i], GST_BUFFER_FLAG_HEADER), i == 0);
    fail_unless_equals_int(has_flag(packets[i], GST_BUFFER_FLAG_DISCONT), i == 0);
  }
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_03_non_droppable) {
  Pay pay("mtu=400");
  pay.push(key_unit(three_layers()), true);
  const auto packets = pay.pull_all();
  fail_unless_equals_int(packets.size(), 3);
  for (size_t i = 0; i < packets.size(); ++i) {
    fail_unless_equals_int(has_flag(packets[i], GST_BUFFER_FLAG_NON_DROPPABLE), i == 0);
    fail_unless_equals_int(has_flag(packets[i], GST_BUFFER_FLAG_DROPPABLE), i != 0);
    fail_unless_equals_int(read(packets[i]).payload.discardable, i != 0);
    fail_unless_equals_int(read(packets[i]).payload.layer_id, i);
  }
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_03_metas) {
  Pay pay("mtu=400");
  GstBuffer* buffer = to_buffer(access_unit(three_layers()), 0);
  gst_buffer_add_video_time_code_meta_full(buffer, 10, 1, nullptr, GST_VIDEO_TIME_CODE_FLAGS_NONE, 1, 2, 3, 4, 0);
  gst_buffer_add_video_meta(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_I420, 16, 16);
  pay.push(buffer);
  const auto packets = pay.pull_all();
  for (GstBuffer* packet : packets) {
    // Tagged "memory", and so bound to memory that is no longer in one piece.
    fail_unless(gst_buffer_get_video_meta(packet) == nullptr);
    fail_unless(gst_buffer_get_video_time_code_meta(packet) != nullptr);
  }
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_05_unparsable_access_units_are_dropped) {
  Pay pay;
  const Bytes good = access_unit(three_layers());
  const Bytes cut(good.begin(), good.end() - 1);
  Bytes flipped = good;
  flipped[9] ^= 4;
  Bytes newer;
  Bytes header_payload = write_sequence_header(sequence_header());
  header_payload[0] = 99;
  append_unit(newer, {UnitType::kSequenceHeader, 0, true, false}, header_payload);
  const LogCounter log;
  for (const Bytes& bad : {cut, flipped, newer, Bytes{1, 2, 3}, access_unit(std::vector<UnitSpec>(513, token(0, 1)))}) {
    fail_unless_equals_int(pay.push(bad), GST_FLOW_OK);
  }
  GstBuffer* empty = gst_buffer_new();
  fail_unless_equals_int(pay.push(empty), GST_FLOW_OK);
  fail_unless_equals_int(pay.buffers(), 0);
  fail_unless_equals_int(log.lines(), 6);
  fail_unless(pay.silent());
  fail_unless_equals_int(pay.push(good), GST_FLOW_OK);
  const auto packets = pay.pull_all();
  fail_unless(reassemble(packets) == good);
  // The receiver shall see that six pictures are missing.
  fail_unless_equals_int(read(packets[0]).payload.picture_id, 506);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_06_counters_wrap) {
  Pay pay;
  const Bytes unit_bytes = access_unit({token(0, 3)});
  for (uint32_t i = 0; i < 70000; ++i) {
    fail_unless_equals_int(pay.push(unit_bytes), GST_FLOW_OK);
    GstBuffer* packet = gst_harness_pull(pay.h());
    const Header header = read(packet);
    fail_unless_equals_int(header.payload.picture_id, (500 + i) & kPictureIdMask);
    fail_unless_equals_int(header.sequence, (65530 + i) & 0xffff);
    gst_buffer_unref(packet);
  }
}
GST_END_TEST;

GST_START_TEST(b4_06_gap_and_flush_advance_the_picture_id) {
  Pay pay;
  pay.push(access_unit(three_layers()));
  gst_harness_push_event(pay.h(), gst_event_new_gap(kInterval, kInterval));
  pay.push(access_unit(three_layers()));
  gst_harness_push_event(pay.h(), gst_event_new_flush_start());
  gst_harness_push_event(pay.h(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(pay.h(), gst_event_new_segment(&segment));
  pay.push(access_unit(three_layers()));
  std::vector<int> ids;
  const auto packets = pay.pull_all();
  for (GstBuffer* packet : packets) ids.push_back(read(packet).payload.picture_id);
  fail_unless(ids == std::vector<int>({500, 502, 504}));
  gint next = 0;
  g_object_get(pay.element(), "picture-id", &next, nullptr);
  fail_unless_equals_int(next, 505);
  unref_all(packets);
}
GST_END_TEST;

GST_START_TEST(b4_06_the_first_picture_id_is_random_by_default) {
  std::set<int> ids;
  for (int i = 0; i < 8; ++i) {
    GstHarness* h = gst_harness_new("rtpcrlscpay");
    gst_harness_set_src_caps(h, make_caps(sequence_header()));
    GstBuffer* packet = gst_harness_push_and_pull(h, to_buffer(access_unit({token(0)}), 0));
    ids.insert(read(packet).payload.picture_id);
    gst_buffer_unref(packet);
    gst_harness_teardown(h);
  }
  fail_unless(ids.size() > 4);
}
GST_END_TEST;

static Suite* rtpcrlscpay_suite(void) {
  Suite* suite = suite_create("rtpcrlscpay");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b1_02_class_and_defaults);
  tcase_add_test(tests, b1_03_states);
  tcase_add_test(tests, b1_06_properties_while_pushing);
  tcase_add_test(tests, b1_08_no_exception_escapes);
  tcase_add_test(tests, b1_09_flush_eos_segment_and_caps);
  tcase_add_test(tests, b1_09_reuse_after_null);
  tcase_add_test(tests, b1_10_a_clean_run_is_silent);
  tcase_add_test(tests, b4_01_mtu_sweep);
  tcase_add_test(tests, b4_01_the_smallest_mtu_works);
  tcase_add_test(tests, b4_01_header_extensions_count);
  tcase_add_test(tests, b4_01_contributing_sources_count);
  tcase_add_test(tests, b4_02_one_list_per_access_unit);
  tcase_add_test(tests, b4_02_marker_times_and_numbers);
  tcase_add_test(tests, b4_02_units_are_not_copied);
  tcase_add_test(tests, b4_03_delta_unit_flag);
  tcase_add_test(tests, b4_03_header_and_discont_flags);
  tcase_add_test(tests, b4_03_non_droppable);
  tcase_add_test(tests, b4_03_metas);
  tcase_add_test(tests, b4_05_unparsable_access_units_are_dropped);
  tcase_add_test(tests, b4_06_counters_wrap);
  tcase_add_test(tests, b4_06_gap_and_flush_advance_the_picture_id);
  tcase_add_test(tests, b4_06_the_first_picture_id_is_random_by_default);
  return suite;
}

GST_CHECK_MAIN(rtpcrlscpay)
