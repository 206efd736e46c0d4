// SPDX-License-Identifier: LGPL-2.1-or-later
// What the channel does to packets, lists of packets, and what they carry.
#include "channel_support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace

namespace {

GstBuffer* plain_buffer(size_t size) { return to_buffer(crlsc::Bytes(size, 0x55), 0, true); }

const crlsc::Bytes header_of(GstBuffer* buffer) {
  crlsc::Bytes bytes = to_bytes(buffer);
  bytes.resize(kHeaderSize);
  return bytes;
}

std::vector<crlsc::Bytes> contents(const Buffers& buffers) {
  std::vector<crlsc::Bytes> out;
  for (GstBuffer* buffer : buffers) out.push_back(to_bytes(buffer));
  return out;
}

}  // namespace

GST_START_TEST(passes_everything_by_default) {
  ChannelHarness channel;
  GstBuffer* sent = rtp_packet(7);
  fail_unless_equals_int(channel.push(sent), GST_FLOW_OK);
  fail_unless_equals_int(channel.push_list(8, 3), GST_FLOW_OK);
  const Buffers out = channel.pull();
  fail_unless_equals_int(out.size(), 4);
  fail_unless(out[0] == sent, "a buffer was copied");
  for (GstBuffer* buffer : out) fail_unless(gst_buffer_is_writable(buffer));
  const std::string log = channel.log();
  fail_unless(log == "B L(3)", "%s", log.c_str());
}
GST_END_TEST;

// Only packets with wrong bits are copied, whatever the settings.
GST_START_TEST(copies_only_what_is_damaged) {
  ChannelHarness channel("snr=10.5 error-action=deliver");
  int copied = 0;
  for (guint i = 0; i < 200; ++i) {
    GstBuffer* sent = rtp_packet(i);
    const crlsc::Bytes before = to_bytes(sent);
    fail_unless_equals_int(channel.push(gst_buffer_ref(sent)), GST_FLOW_OK);
    GstBuffer* received = gst_harness_pull(channel.h());
    fail_unless_equals_int(received == sent, to_bytes(received) == before);
    copied += received == sent ? 0 : 1;
    // Upstream may keep the packet for retransmission.
    fail_unless(to_bytes(sent) == before);
    gst_buffer_unref(received);
    gst_buffer_unref(sent);
  }
  fail_unless(copied > 20 && copied < 180, "%d copied", copied);
}
GST_END_TEST;

GST_START_TEST(damaged_copies_share_no_memory) {
  ChannelHarness channel("snr=-10 error-action=deliver");
  GstBuffer* sent = gst_buffer_append(rtp_packet(1), plain_buffer(50));
  const crlsc::Bytes before = to_bytes(sent);
  fail_unless_equals_int(channel.push(gst_buffer_copy(sent)), GST_FLOW_OK);
  fail_unless(to_bytes(sent) == before);
  const Buffers out = channel.pull();
  fail_unless_equals_int(out.bytes(), before.size());
  fail_if(to_bytes(out[0]) == before);
  gst_buffer_unref(sent);
}
GST_END_TEST;

GST_START_TEST(keeps_rtp_headers_times_flags_and_metas) {
  ChannelHarness channel("snr=-10 error-action=deliver");
  GstBuffer* sent = rtp_packet(5, GST_BUFFER_FLAG_MARKER | GST_BUFFER_FLAG_DELTA_UNIT);
  GST_BUFFER_OFFSET(sent) = 17;
  const guint32 ssrc = 99;
  gst_buffer_add_rtp_source_meta(sent, &ssrc, nullptr, 0);
  fail_unless_equals_int(channel.push(gst_buffer_ref(sent)), GST_FLOW_OK);
  const Buffers out = channel.pull();
  fail_unless_equals_int(out.size(), 1);
  fail_unless(header_of(out[0]) == header_of(sent));
  fail_if(to_bytes(out[0]) == to_bytes(sent));
  fail_unless_equals_uint64(GST_BUFFER_PTS(out[0]), GST_BUFFER_PTS(sent));
  fail_unless_equals_uint64(GST_BUFFER_DTS(out[0]), GST_BUFFER_DTS(sent));
  fail_unless_equals_uint64(GST_BUFFER_DURATION(out[0]), GST_BUFFER_DURATION(sent));
  fail_unless_equals_uint64(GST_BUFFER_OFFSET(out[0]), 17);
  fail_unless(has_flag(out[0], GST_BUFFER_FLAG_MARKER) && has_flag(out[0], GST_BUFFER_FLAG_DELTA_UNIT));
  fail_if(has_flag(out[0], GST_BUFFER_FLAG_DISCONT) || has_flag(out[0], GST_BUFFER_FLAG_CORRUPTED));
  const GstRTPSourceMeta* meta = gst_buffer_get_rtp_source_meta(out[0]);
  fail_unless(meta != nullptr && meta->ssrc_valid && meta->ssrc == 99);
  gst_buffer_unref(sent);
}
GST_END_TEST;

// Of other caps, and of what is no RTP in spite of its caps, every byte is on the air.
GST_START_TEST(without_rtp_every_byte_may_err) {
  for (const char* caps : {"application/x-rtcp", "video/x-crlsc", "audio/x-raw, rate=(int)8000", kRtpCaps}) {
    ChannelHarness channel("snr=-20 error-action=deliver", caps);
    for (int i = 0; i < 20; ++i) fail_unless_equals_int(channel.push(plain_buffer(10)), GST_FLOW_OK);
    fail_unless_equals_uint64(channel.stat("bits"), 20 * 80);
    bool first = false;
    for (GstBuffer* buffer : channel.pull()) first |= to_bytes(buffer)[0] != 0x55;
    fail_unless(first);
  }
  ChannelHarness encrypted("snr=-20 error-action=deliver", "application/x-srtp");
  encrypted.push_packets(0, 1);
  fail_unless_equals_uint64(encrypted.stat("bits"), 8 * kPayloadSize);
}
GST_END_TEST;

GST_START_TEST(drops_what_is_damaged) {
  ChannelHarness deliver("snr=11 error-action=deliver");
  ChannelHarness drop("snr=11");
  deliver.push_packets(0, 300);
  drop.push_packets(0, 300);
  const Buffers delivered = deliver.pull();
  const Buffers left = drop.pull();
  fail_unless_equals_int(delivered.size(), 300);
  fail_unless_equals_int(drop.stat("damaged"), drop.stat("lost"));
  fail_unless(left.size() > 50 && left.size() < 295, "%" G_GSIZE_FORMAT, left.size());
  for (GstBuffer* buffer : left) {
    GstBuffer* sent = rtp_packet(sequence_of(buffer));
    fail_unless(to_bytes(sent) == to_bytes(buffer));
    gst_buffer_unref(sent);
  }
  fail_unless_equals_uint64(drop.stat("bits"), 300 * 8 * (kHeaderSize + kPayloadSize));
}
GST_END_TEST;

GST_START_TEST(lost_packets_are_simply_missing) {
  ChannelHarness channel("drop-pattern=1-3,5");
  channel.push_packets(0, 7);
  fail_unless(channel.log() == "B B B");
  const Buffers out = channel.pull();
  fail_unless(sequences_of(out) == std::vector<guint>({0, 4, 6}));
  for (GstBuffer* buffer : out) fail_if(has_flag(buffer, GST_BUFFER_FLAG_DISCONT));
  fail_unless_equals_uint64(channel.stat("lost"), 4);
}
GST_END_TEST;

GST_START_TEST(lists_keep_their_grouping) {
  ChannelHarness channel("drop-pattern=1,5-7,9");
  for (const guint from : {0U, 5U, 8U}) fail_unless_equals_int(channel.push_list(from, from == 0 ? 5 : 3), GST_FLOW_OK);
  // The second list lost everything.
  const std::string log = channel.log();
  fail_unless(log == "L(4) L(2)", "%s", log.c_str());
  const Buffers out = channel.pull();
  fail_unless(sequences_of(out) == std::vector<guint>({0, 2, 3, 4, 8, 10}));
  for (GstBuffer* buffer : out) fail_unless(gst_buffer_is_writable(buffer));
  fail_unless_equals_int(channel.push(gst_buffer_list_new()), GST_FLOW_OK);
  fail_unless(channel.log().empty());
}
GST_END_TEST;

// A tee's branches share lists and buffers.
GST_START_TEST(shared_lists_stay_as_they_are) {
  ChannelHarness channel("drop-pattern=0 snr=-10 error-action=deliver");
  GstBufferList* list = gst_buffer_list_new();
  for (guint i = 0; i < 3; ++i) gst_buffer_list_add(list, rtp_packet(i));
  fail_unless_equals_int(channel.push(gst_buffer_list_ref(list)), GST_FLOW_OK);
  fail_unless_equals_int(gst_buffer_list_length(list), 3);
  for (guint i = 0; i < 3; ++i) {
    GstBuffer* fresh = rtp_packet(i);
    fail_unless(to_bytes(gst_buffer_list_get(list, i)) == to_bytes(fresh));
    gst_buffer_unref(fresh);
  }
  gst_buffer_list_unref(list);
  fail_unless_equals_int(channel.pull().size(), 2);
}
GST_END_TEST;

GST_START_TEST(same_seed_same_fate_however_grouped) {
  const char* line =
      "snr=13 fading=rayleigh coherence=500 error-action=deliver loss-model=gilbert-elliott good-to-bad=0.1 seed=";
  std::vector<crlsc::Bytes> single;
  for (const guint group : {1U, 2U, 60U}) {
    ChannelHarness channel(line + std::string("12"));
    if (group == 1) channel.push_packets(0, 120);
    for (guint i = 0; group > 1 && i < 120; i += group) channel.push_list(i, group);
    const Buffers out = channel.pull();
    if (group == 1) single = contents(out);
    fail_unless(contents(out) == single, "lists of %u", group);
  }
  ChannelHarness other(line + std::string("13"));
  other.push_packets(0, 120);
  fail_if(contents(other.pull()) == single);
}
GST_END_TEST;

GST_START_TEST(rivals_lose_the_same_packets) {
  ChannelHarness opus("loss=0.2 seed=4");
  ChannelHarness other("loss=0.2 seed=4", "video/x-other");
  std::string ours;
  std::string theirs;
  for (guint i = 0; i < 200; ++i) {
    opus.push_packets(i, 1);
    fail_unless_equals_int(other.push(plain_buffer(1 + 7 * i)), GST_FLOW_OK);
    ours += std::to_string(opus.pull().size());
    theirs += std::to_string(other.pull().size());
  }
  fail_unless(ours == theirs, "%s %s", ours.c_str(), theirs.c_str());
  fail_unless(ours.find('0') != std::string::npos);
}
GST_END_TEST;

GST_START_TEST(protects_what_must_not_be_dropped) {
  for (const char* line : {"loss=0.3", "snr=10 modulation=qpsk"}) {
    ChannelHarness channel(std::string(line) + " unequal-protection=true protection-gain=10");
    for (guint i = 0; i < 400; ++i) channel.push_packets(i, 1, i % 2 == 0 ? GST_BUFFER_FLAG_NON_DROPPABLE : 0);
    size_t even = 0;
    size_t odd = 0;
    for (const guint sequence : sequences_of(channel.pull())) ++(sequence % 2 == 0 ? even : odd);
    // 0.3^10 is 6 in a million; at 20 dB not a bit in 10^18 is wrong.
    fail_unless_equals_int(even, 200);
    fail_unless(odd > 20 && odd < 180, "%" G_GSIZE_FORMAT, odd);
    g_object_set(channel.element(), "unequal-protection", FALSE, nullptr);
    channel.push_packets(0, 200, GST_BUFFER_FLAG_NON_DROPPABLE);
    fail_unless(channel.pull().size() < 180);
  }
}
GST_END_TEST;

GST_START_TEST(extremes) {
  for (const char* line : {"loss=1", "loss-model=gilbert-elliott good-to-bad=1 bad-to-good=0", "drop-pattern=0-",
                           "snr=-100 fading=rayleigh modulation=16qam"}) {
    ChannelHarness channel(line, "video/x-other");
    for (const size_t size : {0, 1, 2, 60000}) fail_unless_equals_int(channel.push(plain_buffer(size)), GST_FLOW_OK);
    // Nothing in an empty buffer can be wrong.
    fail_unless_equals_int(channel.pull().size(), g_str_has_prefix(line, "snr") ? 1 : 0);
  }
  for (const char* line : {"loss=0", "snr=100 fading=rayleigh modulation=16qam", "snr=100 modulation=bpsk",
                           "modulation=none snr=-100 fading=rayleigh"}) {
    ChannelHarness channel(line, "video/x-other");
    for (const size_t size : {0, 1, 2, 60000}) fail_unless_equals_int(channel.push(plain_buffer(size)), GST_FLOW_OK);
    fail_unless_equals_int(channel.pull().bytes(), 60003);
  }
}
GST_END_TEST;

GST_START_TEST(a_single_byte_can_be_damaged) {
  ChannelHarness channel("snr=-100 error-action=deliver modulation=16qam", "video/x-other");
  guint64 wrong = 0;
  for (int i = 0; i < 100; ++i) {
    fail_unless_equals_int(channel.push(plain_buffer(1)), GST_FLOW_OK);
    for (GstBuffer* buffer : channel.pull()) wrong += to_bytes(buffer)[0] != 0x55 ? 1 : 0;
  }
  fail_unless(wrong > 90);
  fail_unless_equals_uint64(channel.stat("damaged"), wrong);
}
GST_END_TEST;

GST_START_TEST(adds_no_latency) {
  ChannelHarness channel("loss=0.5 snr=5");
  gst_harness_set_upstream_latency(channel.h(), 3 * GST_MSECOND);
  fail_unless_equals_uint64(gst_harness_query_latency(channel.h()), 3 * GST_MSECOND);
}
GST_END_TEST;

// Caps are those of the neighbours.
GST_START_TEST(proxies_caps) {
  ChannelHarness channel;
  gst_harness_set_sink_caps_str(channel.h(), "video/x-one; video/x-two, width=(int)16");
  GstPad* pad = gst_element_get_static_pad(channel.element(), "sink");
  GstCaps* caps = gst_pad_query_caps(pad, nullptr);
  gchar* text = gst_caps_to_string(caps);
  fail_unless_equals_string(text, "video/x-one; video/x-two, width=(int)16");
  g_free(text);
  gst_caps_unref(caps);
  gst_object_unref(pad);
}
GST_END_TEST;

static Suite* crlscchannel_packets_suite(void) {
  Suite* suite = suite_create("crlscchannel_packets");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, passes_everything_by_default);
  tcase_add_test(tests, copies_only_what_is_damaged);
  tcase_add_test(tests, damaged_copies_share_no_memory);
  tcase_add_test(tests, keeps_rtp_headers_times_flags_and_metas);
  tcase_add_test(tests, without_rtp_every_byte_may_err);
  tcase_add_test(tests, drops_what_is_damaged);
  tcase_add_test(tests, lost_packets_are_simply_missing);
  tcase_add_test(tests, lists_keep_their_grouping);
  tcase_add_test(tests, shared_lists_stay_as_they_are);
  tcase_add_test(tests, same_seed_same_fate_however_grouped);
  tcase_add_test(tests, rivals_lose_the_same_packets);
  tcase_add_test(tests, protects_what_must_not_be_dropped);
  tcase_add_test(tests, extremes);
  tcase_add_test(tests, a_single_byte_can_be_damaged);
  tcase_add_test(tests, adds_no_latency);
  tcase_add_test(tests, proxies_caps);
  return suite;
}

GST_CHECK_MAIN(crlscchannel_packets)
