// SPDX-License-Identifier: LGPL-2.1-or-later
// The depayloader, one test for each thing that it promises.
#include <gst/video/video.h>

#include <memory>
#include <random>
#include <set>

#include "crlsc/caps.h"
#include "rtp_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

namespace {

class Depay : public Watched {
 public:
  explicit Depay(const std::string& properties = "", const std::string& caps = kRtpCaps)
      : Watched("rtpcrlscdepay " + properties) {
    gst_harness_set_src_caps_str(h(), caps.c_str());
  }

  GstFlowReturn push(GstBuffer* packet) { return gst_harness_push(h(), packet); }

  // Sends all packets but those of `lost`.
  void send(const PacketSource& source, const std::set<size_t>& lost = {}) {
    for (size_t i = 0; i < source.size(); ++i) {
      if (lost.count(i) == 0) fail_unless_equals_int(push(source.packet(i)), GST_FLOW_OK);
    }
  }
  void end() { fail_unless(gst_harness_push_event(h(), gst_event_new_eos())); }
};

std::vector<UnitSpec> three_layers() { return {token(0, 40), token(1, 40), token(2, 40)}; }
Bytes delta(uint32_t seed) { return access_unit(three_layers(), false, seed); }
// One packet more than a delta picture has: header | layer 0 | 1 | 2.
Bytes key(uint32_t seed, const SequenceHeader& header = sequence_header()) {
  return key_unit(three_layers(), seed, header);
}

// Key picture 0 in packets 0..3, then pictures 1..count-1 of three packets each: picture n starts at 3 n + 1.
PacketSource stream(unsigned count, uint16_t picture_id = 100, uint16_t sequence = 1000) {
  PacketSource source(picture_id, sequence);
  source.add(key(1));
  for (unsigned i = 1; i < count; ++i) source.add(delta(i + 1));
  return source;
}

GstCaps* current_caps(Watched& depay) {
  GstPad* pad = gst_element_get_static_pad(depay.element(), "src");
  GstCaps* caps = gst_pad_get_current_caps(pad);
  gst_object_unref(pad);
  return caps;
}

bool caps_are(Watched& depay, const SequenceHeader& header) {
  GstCaps* caps = current_caps(depay);
  GstCaps* expected = make_caps(header);
  const bool equal = caps != nullptr && gst_caps_is_equal(caps, expected);
  gst_clear_caps(&caps);
  gst_caps_unref(expected);
  return equal;
}

std::string config_of(const SequenceHeader& header) {
  const Bytes unit = sequence_unit(header);
  gchar* text = g_base64_encode(unit.data(), unit.size());
  std::string out = text;
  g_free(text);
  return out;
}

std::string caps_with(const std::string& field, const std::string& value) {
  return std::string(kRtpCaps) + ", " + field + "=(string)\"" + value + "\"";
}

GstEvent* lost_event(guint sequence, bool maybe_fec = false) {
  return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM,
                              gst_structure_new("GstRTPPacketLost", "seqnum", G_TYPE_UINT, sequence, "timestamp",
                                                G_TYPE_UINT64, guint64{100 * GST_MSECOND}, "duration", G_TYPE_UINT64,
                                                guint64{0}, "might-have-been-fec", G_TYPE_BOOLEAN, maybe_fec, nullptr));
}

}  // namespace

GST_START_TEST(b1_02_class_and_defaults) {
  check_class("rtpcrlscdepay", "Codec/Depayloader/Network/RTP");
  check_own_defaults("rtpcrlscdepay");
}
GST_END_TEST;

GST_START_TEST(b1_03_states) { check_states("rtpcrlscdepay"); }
GST_END_TEST;

GST_START_TEST(b1_06_properties_while_pushing) {
  Depay depay;
  GValue value = G_VALUE_INIT;
  g_value_init(&value, G_TYPE_BOOLEAN);
  GstHarnessThread* thread = gst_harness_stress_property_start_full(depay.h(), "wait-for-keyframe", &value, 0);
  const PacketSource source = stream(200);
  depay.send(source);
  gst_harness_stress_thread_stop(thread);
  g_value_unset(&value);
  fail_unless_equals_int(depay.buffers(), 200);
}
GST_END_TEST;

GST_START_TEST(b1_09_eos_hands_on_what_is_there) {
  Depay depay;
  depay.send(stream(2), {6});
  check_text(depay.log(), "C S B0k");
  depay.end();
  check_text(depay.log(), "C S B0k B100c E");
}
GST_END_TEST;

GST_START_TEST(b1_09_flush_throws_away_what_is_there) {
  Depay depay;
  depay.send(stream(2), {6});
  gst_harness_push_event(depay.h(), gst_event_new_flush_start());
  gst_harness_push_event(depay.h(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(depay.h(), gst_event_new_segment(&segment));
  depay.clear_log();
  // Neither the cut picture nor a gap up to the new one.
  depay.send(stream(2, 4000, 9000));
  check_text(depay.log(), "S B0k B100");
}
GST_END_TEST;

GST_START_TEST(b1_09_reuse_after_null) {
  Depay depay;
  for (int round = 0; round < 3; ++round) {
    depay.clear_log();
    depay.send(stream(2));
    check_text(depay.log(), "C S B0k B100");
    gst_element_set_state(depay.element(), GST_STATE_NULL);
    gst_element_set_state(depay.element(), GST_STATE_PLAYING);
    gst_harness_push_event(depay.h(), gst_event_new_stream_start("again"));
    GstCaps* caps = gst_caps_from_string(kRtpCaps);
    gst_harness_push_event(depay.h(), gst_event_new_caps(caps));
    gst_caps_unref(caps);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(depay.h(), gst_event_new_segment(&segment));
  }
}
GST_END_TEST;

GST_START_TEST(b1_10_a_clean_run_is_silent) {
  const LogCounter log;
  Depay depay;
  depay.send(stream(50));
  depay.end();
  fail_unless_equals_int(log.lines(), 0);
  fail_unless_equals_int(depay.gaps(), 0);
  fail_unless_equals_int(depay.buffers(), 50);
}
GST_END_TEST;

GST_START_TEST(units_come_out_as_they_went_in) {
  Depay depay;
  depay.send(stream(10));
  const auto pictures = depay.pull_all();
  fail_unless_equals_int(pictures.size(), 10);
  for (uint32_t i = 0; i < 10; ++i) {
    fail_unless(to_bytes(pictures[i]) == (i == 0 ? key(1) : delta(i + 1)));
    fail_unless(GST_BUFFER_FLAG_IS_SET(pictures[i], GST_BUFFER_FLAG_MARKER));
    fail_unless_equals_int(GST_BUFFER_FLAG_IS_SET(pictures[i], GST_BUFFER_FLAG_DELTA_UNIT) != 0, i > 0);
  }
  unref_all(pictures);
}
GST_END_TEST;

namespace {

// Pictures at 0, 100, 200 and 300 ms in packets 0-3, 4-6, 7-9, 10-12.
struct LossRow {
  const char* name;
  const char* properties;
  std::set<size_t> lost;
  const char* expected;
};

const LossRow kLossRows[] = {
    {"nothing", "", {}, "B0k B100 B200 B300"},
    {"detail", "", {6}, "B0k B100cd B200 B300"},
    {"middle layer", "", {5}, "B0k B100cd B200 B300"},
    {"base", "", {4}, "B0k G100+100 B200d B300"},
    {"base, all", "deliver=all", {4}, "B0k B100cd B200 B300"},
    {"base, complete", "deliver=complete", {4}, "B0k G100+100 B200d B300"},
    {"detail, complete", "deliver=complete", {5}, "B0k G100+100 B200d B300"},
    {"whole picture", "", {4, 5, 6}, "B0k G100+100 B200d B300"},
    {"whole picture, all", "deliver=all", {4, 5, 6}, "B0k G100+100 B200d B300"},
    {"two pictures", "", {4, 5, 6, 7, 8, 9}, "B0k G100+100 G200+100 B300d"},
    {"end of one, start of the next", "", {6, 7}, "B0k B100cd G200+100 B300d"},
    {"end of one, start of the next, all", "deliver=all", {6, 7}, "B0k B100cd B200c B300"},
    {"some of each", "", {5, 8, 11}, "B0k B100cd B200cd B300cd"},
    {"layer 1 and 2 of all", "", {2, 3, 5, 6, 8, 9, 11, 12}, "B0kcd B100cd B200cd B300c"},
    {"the last packet of all", "", {12}, "B0k B100 B200 B300c"},
};

}  // namespace

GST_START_TEST(b4_07_loss_table) {
  const LossRow& row = kLossRows[__i__];
  Depay depay(row.properties);
  depay.send(stream(4), row.lost);
  depay.end();
  std::string log = depay.log();
  fail_unless(g_str_has_prefix(log.c_str(), "C S ") && g_str_has_suffix(log.c_str(), " E"), "%s", log.c_str());
  log = log.substr(4, log.size() - 6);
  fail_unless(log == row.expected, "%s: got %s, not %s", row.name, log.c_str(), row.expected);
}
GST_END_TEST;

// At every position of every period: what comes out counts up to what went in, nothing is mixed.
GST_START_TEST(b4_07_every_kth_packet) {
  const unsigned count = 20;
  const PacketSource source = stream(count);
  for (size_t k = 2; k < 9; ++k) {
    for (size_t phase = 0; phase < k; ++phase) {
      Depay depay("", caps_with("config", config_of(sequence_header())));
      std::set<size_t> lost;
      for (size_t i = phase; i < source.size(); i += k) lost.insert(i);
      // Something whole at both ends, so that every loss lies between two pictures.
      for (size_t i = 0; i < 4; ++i) lost.erase(i);
      for (size_t i = 1; i < 4; ++i) lost.erase(source.size() - i);
      depay.send(source, lost);
      fail_unless_equals_int(depay.buffers() + depay.gaps(), count);
      const auto pictures = depay.pull_all();
      for (GstBuffer* buffer : pictures) {
        const auto seed = static_cast<uint32_t>(GST_BUFFER_PTS(buffer) / kInterval) + 1;
        const Bytes whole = seed == 1 ? key(1) : delta(seed);
        const Bytes got = to_bytes(buffer);
        const bool corrupted = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
        fail_unless_equals_int(got == whole, !corrupted);
        for (const UnitView& unit : parse_access_unit(got).units) {
          fail_unless(std::search(whole.begin(), whole.end(), unit.bytes.begin(), unit.bytes.end()) != whole.end());
        }
      }
      unref_all(pictures);
    }
  }
}
GST_END_TEST;

GST_START_TEST(b4_07_discont_resets_a_partial_unit_only) {
  // Layer 0 in one packet, layer 1 in fragments of which the second is lost, layer 2 in one packet.
  PacketSource source;
  source.add(key(1));
  const size_t cut = source.add(access_unit({token(0, 40), token(1, 200), token(2, 40)}, false, 2));
  Depay depay;
  depay.send(source, {cut + 2});
  const auto pictures = depay.pull_all();
  fail_unless_equals_int(pictures.size(), 2);
  const Bytes got = to_bytes(pictures[1]);
  const AccessUnitView view = parse_access_unit(got);
  fail_unless(!view.damaged);
  fail_unless_equals_int(view.units.size(), 2);
  fail_unless_equals_int(view.units[0].header.layer, 0);
  fail_unless_equals_int(view.units[1].header.layer, 2);
  fail_unless(GST_BUFFER_FLAG_IS_SET(pictures[1], GST_BUFFER_FLAG_CORRUPTED));
  unref_all(pictures);
}
GST_END_TEST;

GST_START_TEST(b4_07_a_new_picture_closes_the_open_one) {
  Depay depay;
  const PacketSource source = stream(3);
  for (size_t i = 0; i < 6; ++i) depay.push(source.packet(i));
  check_text(depay.log(), "C S B0k");
  depay.push(source.packet(7));
  check_text(depay.log(), "C S B0k B100cd");
}
GST_END_TEST;

GST_START_TEST(b4_07_the_marker_closes_the_open_picture) {
  Depay depay;
  const PacketSource source = stream(2);
  depay.send(source, {5});
  check_text(depay.log(), "C S B0k B100cd");
}
GST_END_TEST;

GST_START_TEST(b4_07_another_ssrc_starts_anew) {
  Depay depay;
  depay.send(stream(2), {6});
  const PacketSource other = stream(2, 7000, 40000);
  for (size_t i = 0; i < other.size(); ++i) depay.push(other.packet(i, 0x9999));
  // The cut picture of the first sender, then both of the second one, and no gap between.
  fail_unless_equals_int(depay.buffers(), 4);
  fail_unless_equals_int(depay.gaps(), 0);
}
GST_END_TEST;

GST_START_TEST(b4_07_a_restarted_sender_is_followed) {
  Depay depay;
  depay.send(stream(3, 9000, 30000));
  depay.send(stream(3, 200, 500));
  fail_unless_equals_int(depay.buffers(), 6);
  fail_unless_equals_int(depay.gaps(), 0);
}
GST_END_TEST;

GST_START_TEST(b4_08_wait_for_keyframe_after_loss) {
  PacketSource source = stream(3);
  source.add(key(4));
  source.add(delta(5));
  Depay depay("wait-for-keyframe=true");
  depay.send(source, {5});
  check_text(depay.log(), "C S B0k G100+100 G200+100 B300kd B400");
}
GST_END_TEST;

GST_START_TEST(b4_08_wait_for_keyframe_at_the_start) {
  PacketSource source;
  source.add(delta(1));
  source.add(delta(2));
  source.add(key(3));
  source.add(delta(4));
  Depay depay("wait-for-keyframe=true", caps_with("config", config_of(sequence_header())));
  depay.send(source);
  check_text(depay.log(), "C S B200kd B300");
}
GST_END_TEST;

GST_START_TEST(b4_08_without_waiting_the_stream_starts_anywhere) {
  PacketSource source;
  source.add(delta(1));
  source.add(delta(2));
  Depay depay("", caps_with("config", config_of(sequence_header())));
  depay.send(source);
  check_text(depay.log(), "C S B0 B100");
}
GST_END_TEST;

GST_START_TEST(b4_08_a_partial_key_picture_does_not_end_the_wait) {
  PacketSource source = stream(2);
  const size_t cut = source.add(key(3));
  source.add(key(4));
  Depay depay("wait-for-keyframe=true");
  depay.send(source, {5, cut + 2});
  check_text(depay.log(), "C S B0k G100+100 G200+100 B300kd");
}
GST_END_TEST;

GST_START_TEST(b4_08_waiting_asks_for_a_key_picture) {
  Depay depay("wait-for-keyframe=true");
  depay.send(stream(4), {5});
  fail_unless_equals_int(depay.key_requests(), 1);
}
GST_END_TEST;

GST_START_TEST(b4_08_request_keyframe_after_loss) {
  Depay depay("request-keyframe=true");
  const PacketSource source = stream(4);
  for (size_t i = 0; i < 5; ++i) depay.push(source.packet(i));
  fail_unless_equals_int(depay.key_requests(), 0);
  for (size_t i = 6; i < source.size(); ++i) depay.push(source.packet(i));
  fail_unless_equals_int(depay.key_requests(), 1);
  fail_unless_equals_int(depay.buffers(), 4);
}
GST_END_TEST;

GST_START_TEST(b4_08_request_asks_for_all_headers) {
  Depay depay("request-keyframe=true");
  depay.send(stream(2), {5});
  GstEvent* request = nullptr;
  while (GstEvent* event = gst_harness_try_pull_upstream_event(depay.h())) {
    if (gst_event_has_name(event, "GstForceKeyUnit")) {
      fail_unless(request == nullptr);
      request = event;
    } else {
      gst_event_unref(event);
    }
  }
  gboolean all_headers = FALSE;
  fail_unless(request != nullptr);
  fail_unless(gst_video_event_parse_upstream_force_key_unit(request, nullptr, &all_headers, nullptr));
  fail_unless(all_headers);
  gst_event_unref(request);
}
GST_END_TEST;

GST_START_TEST(b4_08_no_requests_unless_wanted) {
  Depay depay;
  depay.send(stream(8), {4, 5, 6, 11, 14});
  fail_unless_equals_int(depay.key_requests(), 0);
}
GST_END_TEST;

GST_START_TEST(b4_08_requests_are_throttled) {
  Depay depay("request-keyframe=true");
  const unsigned count = 60;
  const PacketSource source = stream(count);
  const gint64 start = g_get_monotonic_time();
  for (size_t i = 0; i < source.size(); ++i) {
    if (i < 4 || i % 3 != 2) depay.push(source.packet(i));
    if (i % 3 == 0) g_usleep(20000);
  }
  const gint64 spent = g_get_monotonic_time() - start;
  const int requests = depay.key_requests();
  fail_unless(requests >= 2);
  fail_unless(requests <= 1 + spent / (500 * G_TIME_SPAN_MILLISECOND), "%d requests in %" G_GINT64_FORMAT " us",
              requests, spent);
}
GST_END_TEST;

GST_START_TEST(b4_09_caps_from_config) {
  Depay depay("", caps_with("config", config_of(sequence_header())));
  check_text(depay.log(), "C");
  fail_unless(caps_are(depay, sequence_header()));
  // The same header in the stream changes nothing.
  depay.send(stream(3));
  check_text(depay.log(), "C S B0k B100 B200");
}
GST_END_TEST;

GST_START_TEST(b4_09_caps_from_the_stream) {
  Depay depay;
  check_text(depay.log(), "");
  depay.send(stream(1));
  check_text(depay.log(), "C S B0k");
  fail_unless(caps_are(depay, sequence_header()));
}
GST_END_TEST;

GST_START_TEST(b4_09_caps_change_only_with_the_header) {
  PacketSource source;
  source.add(key(1));
  source.add(key(2));
  source.add(key(3, sequence_header(640)));
  source.add(key(4, sequence_header(640)));
  source.add(key(5));
  SequenceHeader other_model = sequence_header();
  other_model.model_id[7] ^= 1;
  source.add(key(6, other_model));
  Depay depay;
  depay.send(source);
  check_text(depay.log(), "C S B0k B100k C B200k B300k C B400k C B500k");
  fail_unless(caps_are(depay, other_model));
}
GST_END_TEST;

GST_START_TEST(b4_09_the_stream_overrules_config) {
  Depay depay("", caps_with("config", config_of(sequence_header(640))));
  depay.send(stream(1));
  check_text(depay.log(), "C C S B0k");
  fail_unless(caps_are(depay, sequence_header()));
}
GST_END_TEST;

GST_START_TEST(b4_09_nothing_before_a_header_but_a_request) {
  PacketSource source;
  for (uint32_t i = 1; i <= 3; ++i) source.add(delta(i));
  source.add(key(4));
  Depay depay;
  depay.send(source);
  check_text(depay.log(), "C S B300k");
  fail_unless_equals_int(depay.key_requests(), 1);
}
GST_END_TEST;

GST_START_TEST(b4_09_a_broken_config_is_ignored) {
  std::string cut = config_of(sequence_header());
  cut.resize(8);
  for (const std::string& config : {std::string("!!!"), std::string(), cut}) {
    Depay depay("", caps_with("config", config));
    depay.send(stream(1));
    check_text(depay.log(), "C S B0k");
    fail_unless(depay.silent());
  }
}
GST_END_TEST;

GST_START_TEST(b4_09_another_version_is_refused) {
  const PacketSource source = stream(1);
  Depay newer("", caps_with("version", "2"));
  fail_unless_equals_int(newer.push(source.packet(0)), GST_FLOW_NOT_NEGOTIATED);
  Depay same("", caps_with("version", "1"));
  fail_unless_equals_int(same.push(source.packet(0)), GST_FLOW_OK);
}
GST_END_TEST;

GST_START_TEST(b4_10_truncated_packets) {
  const PacketSource source = stream(1);
  for (size_t i = 0; i < source.size(); ++i) {
    const Bytes whole = PacketSource(source).bytes(i);
    for (size_t size = 0; size < whole.size(); ++size) {
      Depay depay;
      depay.push(rtp_buffer(ByteView(whole).sub(0, size), 1, 0, 0));
      fail_unless_equals_int(depay.buffers(), 0);
      fail_unless_equals_int(depay.stat("corrupt-packets"), 1);
      fail_unless(depay.silent());
    }
  }
}
GST_END_TEST;

GST_START_TEST(b4_10_unknown_versions_are_dropped) {
  PacketSource source = stream(3);
  for (size_t i = 4; i < 7; ++i) source.bytes(i)[0] |= 0x40;
  const LogCounter log;
  Depay depay;
  depay.send(source);
  check_text(depay.log(), "C S B0k G100+100 B200d");
  fail_unless_equals_int(depay.stat("corrupt-packets"), 3);
  fail_unless_equals_int(log.lines(), 3);
  fail_unless(depay.silent());
}
GST_END_TEST;

GST_START_TEST(b4_10_reserved_unit_bits_are_ignored) {
  // Bit 0 of a unit's header byte; the checksum covers it.
  Bytes unit_bytes = key(1);
  PacketSource source(1, 1, 1000);
  source.add(unit_bytes);
  Bytes& packet = source.bytes(0);
  const size_t unit_at = 4;
  const size_t size = sequence_unit().size();
  packet[unit_at] |= 1;
  uint16_t crc = 0xffff;
  for (size_t i = unit_at; i < unit_at + size - 2; ++i) {
    crc = static_cast<uint16_t>(crc ^ packet[i] << 8);
    for (int bit = 0; bit < 8; ++bit) crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
  }
  packet[unit_at + size - 2] = static_cast<uint8_t>(crc >> 8);
  packet[unit_at + size - 1] = static_cast<uint8_t>(crc);
  Depay depay;
  depay.send(source);
  check_text(depay.log(), "C S B0k");
}
GST_END_TEST;

GST_START_TEST(b4_10_empty_payloads_are_dropped) {
  Depay depay;
  depay.send(stream(1));
  fail_unless_equals_int(depay.push(rtp_buffer({}, 1004, 9000, kInterval)), GST_FLOW_OK);
  fail_unless_equals_int(depay.push(gst_buffer_new()), GST_FLOW_OK);
  fail_unless_equals_int(depay.buffers(), 1);
  fail_unless(depay.pop_error() == nullptr);
}
GST_END_TEST;

GST_START_TEST(b4_10_duplicates_change_nothing) {
  Depay depay;
  const PacketSource source = stream(3);
  for (size_t i = 0; i < source.size(); ++i) {
    depay.push(source.packet(i));
    depay.push(source.packet(i));
    if (i > 2) depay.push(source.packet(i - 2));
  }
  check_text(depay.log(), "C S B0k B100 B200");
}
GST_END_TEST;

GST_START_TEST(b4_10_duplicates_that_the_base_class_lets_through) {
  Depay depay("max-reorder=0");
  const PacketSource source = stream(3);
  for (size_t i = 0; i < source.size(); ++i) {
    depay.push(source.packet(i));
    depay.push(source.packet(i));
  }
  fail_unless_equals_int(depay.buffers(), 3);
  fail_unless_equals_int(depay.gaps(), 0);
  fail_unless_equals_int(depay.stat("duplicate-packets") + depay.stat("late-packets"), source.size());
}
GST_END_TEST;

// Without a jitter buffer a late packet counts as lost; with max-reorder=0 it still joins its picture while that is
// open.
GST_START_TEST(b4_10_reordered_packets) {
  const PacketSource source = stream(3);
  const std::vector<size_t> order = {0, 1, 2, 3, 5, 4, 6, 7, 8, 9};
  for (const bool accept : {false, true}) {
    Depay depay(accept ? "max-reorder=0" : "");
    for (const size_t i : order) depay.push(source.packet(i));
    fail_unless_equals_int(depay.buffers() + depay.gaps(), 3);
    const auto pictures = depay.pull_all();
    fail_unless_equals_int(pictures.size(), accept ? 3 : 2);
    if (accept) fail_unless(to_bytes(pictures[1]) == delta(2));
    unref_all(pictures);
  }
}
GST_END_TEST;

GST_START_TEST(b4_10_mutated_packets) {
  std::mt19937 random(4242);
  Depay depay("deliver=all");
  const PacketSource source = stream(20);
  uint16_t sequence = 1;
  GstClockTime pts = 0;
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes = PacketSource(source).bytes(random() % source.size());
    for (unsigned flips = random() % 3; flips > 0; --flips)
      bytes[random() % bytes.size()] ^= static_cast<uint8_t>(1U << random() % 8);
    if (random() % 10 == 0) bytes.resize(random() % (bytes.size() + 1));
    sequence = static_cast<uint16_t>(sequence + (random() % 20 == 0 ? random() : random() % 3));
    pts += random() % kInterval;
    fail_unless_equals_int(
        depay.push(rtp_buffer(bytes, sequence, random(), random() % 9 == 0 ? GST_CLOCK_TIME_NONE : pts,
                              random() % 500 == 0 ? 7 : 0x1234)),
        GST_FLOW_OK);
    unref_all(depay.pull_all());
  }
  fail_unless(depay.pop_error() == nullptr);
  fail_unless(depay.stat("corrupt-packets") > 500);
  fail_unless(depay.buffers() > 100);
}
GST_END_TEST;

GST_START_TEST(b4_10_lists_of_packets) {
  Depay depay;
  const PacketSource source = stream(3);
  GstBufferList* list = gst_buffer_list_new();
  for (size_t i = 0; i < source.size(); ++i) gst_buffer_list_add(list, source.packet(i));
  GstPad* peer = gst_pad_get_peer(depay.h()->srcpad);
  fail_unless_equals_int(gst_pad_chain_list(peer, list), GST_FLOW_OK);
  gst_object_unref(peer);
  check_text(depay.log(), "C S B0k B100 B200");
}
GST_END_TEST;

GST_START_TEST(b4_11_lost_events_are_not_counted_twice) {
  Depay depay;
  const PacketSource source = stream(3);
  for (size_t i = 0; i < 4; ++i) depay.push(source.packet(i));
  for (guint i = 4; i < 7; ++i) gst_harness_push_event(depay.h(), lost_event(1000 + i));
  for (size_t i = 7; i < 10; ++i) depay.push(source.packet(i));
  check_text(depay.log(), "C S B0k G100+100 B200d");
  fail_unless_equals_int(depay.stat("lost-packets"), 3);
  fail_unless_equals_int(depay.stat("missing-pictures"), 1);
}
GST_END_TEST;

GST_START_TEST(b4_11_lost_error_correction_is_no_loss) {
  // Every third number belonged to a packet of error correction that never got here.
  Depay depay;
  const PacketSource source = stream(3);
  for (size_t i = 0; i < source.size(); ++i) {
    GstBuffer* packet = source.packet(i);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp);
    gst_rtp_buffer_set_seq(&rtp, static_cast<guint16>(1000 + i + i / 2));
    gst_rtp_buffer_unmap(&rtp);
    if (i > 0 && i % 2 == 0) {
      gst_harness_push_event(depay.h(), lost_event(static_cast<guint>(1000 + i + i / 2 - 1), true));
    }
    depay.push(packet);
  }
  fail_unless_equals_int(depay.buffers(), 3);
  fail_unless_equals_int(depay.gaps(), 0);
  fail_unless_equals_int(depay.stat("partial-pictures"), 0);
}
GST_END_TEST;

GST_START_TEST(b4_12_partial_pictures_are_marked) {
  Depay depay("deliver=all");
  depay.send(stream(3), {4});
  const auto pictures = depay.pull_all();
  fail_unless_equals_int(pictures.size(), 3);
  const Bytes got = to_bytes(pictures[1]);
  fail_unless_equals_int(parse_access_unit(got).units.size(), 2);
  fail_unless(GST_BUFFER_FLAG_IS_SET(pictures[1], GST_BUFFER_FLAG_CORRUPTED));
  fail_unless(!GST_BUFFER_FLAG_IS_SET(pictures[2], GST_BUFFER_FLAG_CORRUPTED));
  unref_all(pictures);
}
GST_END_TEST;

GST_START_TEST(b4_12_deliver_can_change_while_playing) {
  Depay depay("deliver=complete");
  const PacketSource source = stream(4);
  for (size_t i = 0; i < 7; ++i) {
    if (i != 5) depay.push(source.packet(i));
  }
  g_object_set(depay.element(), "deliver", 1, nullptr);
  for (size_t i = 7; i < source.size(); ++i) {
    if (i != 8) depay.push(source.packet(i));
  }
  check_text(depay.log(), "C S B0k G100+100 B200cd B300");
}
GST_END_TEST;

GST_START_TEST(gap_one_for_each_missing_picture) {
  PacketSource source = stream(1);
  source.skip(5);
  source.add(delta(7));
  Depay depay;
  depay.send(source);
  check_text(depay.log(), "C S B0k G100+100 G200+100 G300+100 G400+100 G500+100 B600d");
  fail_unless_equals_int(depay.stat("missing-pictures"), 5);
}
GST_END_TEST;

GST_START_TEST(gap_of_ids_without_a_gap_of_numbers) {
  // The payloader lost them: its numbers run on.
  PacketSource source(0x7fff, 65534);
  source.add(key(1));
  source.skip(2);
  source.add(delta(2));
  Depay depay;
  depay.send(source);
  check_text(depay.log(), "C S B0k G100+100 G200+100 B300d");
}
GST_END_TEST;

GST_START_TEST(gap_run_ends_after_two_seconds) {
  PacketSource source = stream(1);
  source.skip(99);
  source.add(delta(2));
  Depay depay;
  depay.send(source);
  fail_unless_equals_int(depay.gaps(), 20);
  fail_unless(strstr(depay.log().c_str(), "G1900+100 G2000+8000 B10000d") != nullptr, "%s", depay.log().c_str());
}
GST_END_TEST;

GST_START_TEST(gap_run_ends_after_256_pictures) {
  // 500 pictures missing within 2 s.
  PacketSource source = stream(1);
  PacketizerSettings settings;
  settings.picture_id = static_cast<uint16_t>(source.picture_id() + 500);
  const Bytes packet = packetize(delta(9), settings)[0].join();
  Depay depay;
  depay.send(source);
  depay.push(rtp_buffer(packet, 1004, 180000, 2 * GST_SECOND));
  fail_unless_equals_int(depay.gaps(), 256);
}
GST_END_TEST;

GST_START_TEST(gap_none_for_a_jump_of_the_counter) {
  // 10,000 pictures within 100 ms: no camera did that.
  PacketSource source = stream(1);
  PacketizerSettings settings;
  settings.picture_id = static_cast<uint16_t>(source.picture_id() + 10000);
  const Bytes packet = packetize(delta(9), settings)[0].join();
  Depay depay;
  depay.send(source);
  depay.push(rtp_buffer(packet, 1004, 9000, kInterval));
  check_text(depay.log(), "C S B0k B100d");
}
GST_END_TEST;

GST_START_TEST(gap_none_before_the_first_picture_nor_without_times) {
  PacketSource source(5);
  source.skip(3);
  source.add(key(1));
  Depay depay;
  depay.send(source);
  check_text(depay.log(), "C S B300k");
  source.skip(3);
  const size_t next = source.add(access_unit({token(0)}));
  GstBuffer* packet = source.packet(next);
  GST_BUFFER_PTS(packet) = GST_BUFFER_DTS(packet) = GST_CLOCK_TIME_NONE;
  depay.push(packet);
  check_text(depay.log(), "C S B300k B?d");
}
GST_END_TEST;

GST_START_TEST(aggregated_pictures_have_their_own_times) {
  const Bytes one = key_unit({token(0)}, 1);
  const Bytes two = access_unit({token(0)}, false, 2);
  const Bytes three = access_unit({token(0)}, false, 3);
  PacketizerSettings settings;
  settings.picture_id = 10;
  const Bytes packet = aggregate({{one, 0}, {two, 9000}, {three, 27000}}, settings)->join();
  Depay depay;
  depay.push(rtp_buffer(packet, 1, 500, 1000 * GST_MSECOND));
  check_text(depay.log(), "C S B1000k B1100 B1300");
  const auto pictures = depay.pull_all();
  fail_unless(to_bytes(pictures[0]) == one && to_bytes(pictures[1]) == two && to_bytes(pictures[2]) == three);
  unref_all(pictures);
}
GST_END_TEST;

GST_START_TEST(payloader_and_depayloader_are_inverse) {
  std::mt19937 random(99);
  GstHarness* h = gst_harness_new_parse("rtpcrlscpay mtu=150 ! rtpcrlscdepay");
  gst_harness_set_src_caps(h, make_caps(sequence_header()));
  for (uint32_t i = 0; i < 300; ++i) {
    std::vector<UnitSpec> specs;
    for (int layer = 0; layer < 3; ++layer) {
      for (unsigned slices = 1 + random() % 3; slices > 0; --slices) specs.push_back(token(layer, random() % 400));
    }
    const Bytes unit_bytes = i % 20 == 0 ? key_unit(specs, i + 1) : access_unit(specs, false, i + 1);
    GstBuffer* out = gst_harness_push_and_pull(h, to_buffer(unit_bytes, i * kInterval));
    fail_unless(to_bytes(out) == unit_bytes);
    fail_unless_equals_uint64(GST_BUFFER_PTS(out), i * kInterval);
    fail_unless(!GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_CORRUPTED));
    gst_buffer_unref(out);
  }
  gst_harness_teardown(h);
}
GST_END_TEST;

static Suite* rtpcrlscdepay_suite(void) {
  Suite* suite = suite_create("rtpcrlscdepay");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b1_02_class_and_defaults);
  tcase_add_test(tests, b1_03_states);
  tcase_add_test(tests, b1_06_properties_while_pushing);
  tcase_add_test(tests, b1_09_eos_hands_on_what_is_there);
  tcase_add_test(tests, b1_09_flush_throws_away_what_is_there);
  tcase_add_test(tests, b1_09_reuse_after_null);
  tcase_add_test(tests, b1_10_a_clean_run_is_silent);
  tcase_add_test(tests, units_come_out_as_they_went_in);
  tcase_add_loop_test(tests, b4_07_loss_table, 0, G_N_ELEMENTS(kLossRows));
  tcase_add_test(tests, b4_07_every_kth_packet);
  tcase_add_test(tests, b4_07_discont_resets_a_partial_unit_only);
  tcase_add_test(tests, b4_07_a_new_picture_closes_the_open_one);
  tcase_add_test(tests, b4_07_the_marker_closes_the_open_picture);
  tcase_add_test(tests, b4_07_another_ssrc_starts_anew);
  tcase_add_test(tests, b4_07_a_restarted_sender_is_followed);
  tcase_add_test(tests, b4_08_wait_for_keyframe_after_loss);
  tcase_add_test(tests, b4_08_wait_for_keyframe_at_the_start);
  tcase_add_test(tests, b4_08_without_waiting_the_stream_starts_anywhere);
  tcase_add_test(tests, b4_08_a_partial_key_picture_does_not_end_the_wait);
  tcase_add_test(tests, b4_08_waiting_asks_for_a_key_picture);
  tcase_add_test(tests, b4_08_request_keyframe_after_loss);
  tcase_add_test(tests, b4_08_request_asks_for_all_headers);
  tcase_add_test(tests, b4_08_no_requests_unless_wanted);
  tcase_add_test(tests, b4_08_requests_are_throttled);
  tcase_add_test(tests, b4_09_caps_from_config);
  tcase_add_test(tests, b4_09_caps_from_the_stream);
  tcase_add_test(tests, b4_09_caps_change_only_with_the_header);
  tcase_add_test(tests, b4_09_the_stream_overrules_config);
  tcase_add_test(tests, b4_09_nothing_before_a_header_but_a_request);
  tcase_add_test(tests, b4_09_a_broken_config_is_ignored);
  tcase_add_test(tests, b4_09_another_version_is_refused);
  tcase_add_test(tests, b4_10_truncated_packets);
  tcase_add_test(tests, b4_10_unknown_versions_are_dropped);
  tcase_add_test(tests, b4_10_reserved_unit_bits_are_ignored);
  tcase_add_test(tests, b4_10_empty_payloads_are_dropped);
  tcase_add_test(tests, b4_10_duplicates_change_nothing);
  tcase_add_test(tests, b4_10_duplicates_that_the_base_class_lets_through);
  tcase_add_test(tests, b4_10_reordered_packets);
  tcase_add_test(tests, b4_10_mutated_packets);
  tcase_add_test(tests, b4_10_lists_of_packets);
  tcase_add_test(tests, b4_11_lost_events_are_not_counted_twice);
  tcase_add_test(tests, b4_11_lost_error_correction_is_no_loss);
  tcase_add_test(tests, b4_12_partial_pictures_are_marked);
  tcase_add_test(tests, b4_12_deliver_can_change_while_playing);
  tcase_add_test(tests, gap_one_for_each_missing_picture);
  tcase_add_test(tests, gap_of_ids_without_a_gap_of_numbers);
  tcase_add_test(tests, gap_run_ends_after_two_seconds);
  tcase_add_test(tests, gap_run_ends_after_256_pictures);
  tcase_add_test(tests, gap_none_for_a_jump_of_the_counter);
  tcase_add_test(tests, gap_none_before_the_first_picture_nor_without_times);
  tcase_add_test(tests, aggregated_pictures_have_their_own_times);
  tcase_add_test(tests, payloader_and_depayloader_are_inverse);
  return suite;
}

GST_CHECK_MAIN(rtpcrlscdepay)
