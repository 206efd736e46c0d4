// SPDX-License-Identifier: LGPL-2.1-or-later
// The depayloader: loss, gaps and damaged packets; one test for each thing that it promises.
#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include "depay_support.h"

using namespace crlsc;        // NOLINT: a test of one namespace
using namespace crlsc::test;  // NOLINT

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
  fail_unless_equals_int(depay.stat("lost-packets"), 0);
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

static Suite* rtpcrlscdepay_loss_suite(void) {
  Suite* suite = suite_create("rtpcrlscdepay_loss");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, b4_07_loss_table, 0, G_N_ELEMENTS(kLossRows));
  tcase_add_test(tests, b4_07_every_kth_packet);
  tcase_add_test(tests, b4_07_discont_resets_a_partial_unit_only);
  tcase_add_test(tests, b4_07_a_new_picture_closes_the_open_one);
  tcase_add_test(tests, b4_07_the_marker_closes_the_open_picture);
  tcase_add_test(tests, b4_07_another_ssrc_starts_anew);
  tcase_add_test(tests, b4_07_a_restarted_sender_is_followed);
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
  return suite;
}

GST_CHECK_MAIN(rtpcrlscdepay_loss)
