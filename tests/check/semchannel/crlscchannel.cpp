// SPDX-License-Identifier: LGPL-2.1-or-later
// The channel as an element: states, properties, events, errors.
#include <atomic>
#include <thread>

#include "channel_support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace

namespace {

// Memory that cannot be mapped, or cannot be copied.
struct StubbornAllocator {
  GstAllocator parent;
};
struct StubbornAllocatorClass {
  GstAllocatorClass parent;
};
G_DEFINE_TYPE(StubbornAllocator, stubborn_allocator, GST_TYPE_ALLOCATOR)

void stubborn_allocator_class_init(StubbornAllocatorClass* klass) {
  GST_ALLOCATOR_CLASS(klass)->free = [](GstAllocator*, GstMemory* memory) { g_free(memory); };
}
void stubborn_allocator_init(StubbornAllocator*) {}

GstBuffer* stubborn_buffer(bool mappable) {
  static guint8 bytes[16];
  auto* allocator = GST_ALLOCATOR(g_object_new(stubborn_allocator_get_type(), nullptr));
  gst_object_ref_sink(allocator);
  allocator->mem_map = mappable ? [](GstMemory*, gsize, GstMapFlags) -> gpointer { return bytes; }
                                : [](GstMemory*, gsize, GstMapFlags) -> gpointer { return nullptr; };
  allocator->mem_unmap = [](GstMemory*) {};
  allocator->mem_copy = [](GstMemory*, gssize, gssize) -> GstMemory* { return nullptr; };
  GstMemory* memory = g_new0(GstMemory, 1);
  gst_memory_init(memory, static_cast<GstMemoryFlags>(GST_MEMORY_FLAG_NO_SHARE), allocator, nullptr, sizeof(bytes), 0,
                  0, sizeof(bytes));
  GstBuffer* buffer = gst_buffer_new();
  gst_buffer_append_memory(buffer, memory);
  gst_object_unref(allocator);
  return buffer;
}

// Events that go through while packets come and go.
void push_events(ChannelHarness& channel) {
  fail_unless(channel.push(gst_event_new_flush_start()));
  fail_unless(channel.push(gst_event_new_flush_stop(TRUE)));
  channel.start_segment();
  fail_unless(channel.push(gst_event_new_gap(0, kInterval)));
  channel.push_packets(0, 2);
  gst_harness_set_src_caps(channel.h(), gst_caps_from_string("application/x-other"));
  fail_unless(channel.push(gst_event_new_eos()));
}

}  // namespace

GST_START_TEST(b1_02_class_and_defaults) {
  const Lone lone("crlscchannel");
  GstElementFactory* factory = gst_element_get_factory(lone.element());
  fail_unless_equals_string(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS), "Filter/Network");
  fail_unless_equals_int(gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory)), GST_RANK_NONE);
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(lone.element()), &count);
  int own = 0;
  for (guint i = 0; i < count; ++i) {
    if (specs[i]->owner_type != G_OBJECT_TYPE(lone.element())) continue;
    ++own;
    if ((specs[i]->flags & G_PARAM_WRITABLE) == 0) continue;
    fail_unless((specs[i]->flags & GST_PARAM_MUTABLE_PLAYING) != 0, "%s", specs[i]->name);
    GValue value = G_VALUE_INIT;
    g_value_init(&value, specs[i]->value_type);
    g_object_get_property(G_OBJECT(lone.element()), specs[i]->name, &value);
    fail_unless(g_param_value_defaults(specs[i], &value), "%s", specs[i]->name);
    g_value_unset(&value);
  }
  fail_unless_equals_int(own, 16);
  g_free(specs);
}
GST_END_TEST;

GST_START_TEST(b1_02_properties_keep_their_values) {
  const std::pair<const char*, const char*> properties[] = {
      {"snr", "-3.5"},           {"modulation", "16qam"},
      {"fading", "rayleigh"},    {"coherence", "77"},
      {"loss", "0.1"},           {"error-action", "deliver"},
      {"good-to-bad", "0.2"},    {"loss-model", "gilbert-elliott"},
      {"bad-to-good", "0.3"},    {"seed", "18446744073709551615"},
      {"loss-good", "0.4"},      {"drop-pattern", "1,2-3"},
      {"loss-bad", "0.5"},       {"unequal-protection", "true"},
      {"protection-gain", "4.5"}};
  std::string line;
  for (const auto& [name, text] : properties) line += std::string(name) + "=" + text + " ";
  ChannelHarness channel(line);
  for (const auto& [name, text] : properties) {
    GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(channel.element()), name);
    GValue found = G_VALUE_INIT;
    GValue expected = G_VALUE_INIT;
    g_value_init(&found, spec->value_type);
    g_value_init(&expected, spec->value_type);
    g_object_get_property(G_OBJECT(channel.element()), name, &found);
    fail_unless(gst_value_deserialize(&expected, text));
    fail_unless_equals_int(gst_value_compare(&found, &expected), GST_VALUE_EQUAL);
    g_value_unset(&found);
    g_value_unset(&expected);
  }
}
GST_END_TEST;

GST_START_TEST(b1_03_states) {
  Lone lone("crlscchannel");
  const std::vector<std::vector<GstState>> orders = {
      {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_NULL},
      {GST_STATE_PLAYING, GST_STATE_NULL, GST_STATE_PAUSED, GST_STATE_NULL},
      {GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_READY, GST_STATE_PLAYING, GST_STATE_NULL}};
  for (int round = 0; round < 2; ++round) {
    for (const auto& order : orders) {
      for (const GstState state : order) fail_unless_equals_int(lone.go(state), GST_STATE_CHANGE_SUCCESS);
    }
  }
}
GST_END_TEST;

GST_START_TEST(b1_04_unreadable_drop_pattern) {
  Lone lone("crlscchannel");
  g_object_set(lone.element(), "drop-pattern", "5-3", nullptr);
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  const Posted posted = lone.pop();
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS), "%s", posted.text.c_str());
  fail_unless(posted.says("`drop-pattern`") && posted.says("5-3"), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b1_05_ready_after_the_property_is_fixed) {
  Lone lone("crlscchannel");
  g_object_set(lone.element(), "drop-pattern", "x", nullptr);
  fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  for (const char* good : {"5", static_cast<const char*>(nullptr), ""}) {
    g_object_set(lone.element(), "drop-pattern", good, nullptr);
    fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int(lone.go(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }
}
GST_END_TEST;

GST_START_TEST(b1_04_unreadable_drop_pattern_while_playing) {
  ChannelHarness channel("drop-pattern=1,4");
  channel.push_packets(0, 3);
  g_object_set(channel.element(), "drop-pattern", "2,oops", nullptr);
  const Posted posted = channel.pop(GST_MESSAGE_WARNING);
  fail_unless(posted.is(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS) && posted.says("oops"));
  channel.push_packets(3, 3);
  fail_unless(sequences_of(channel.pull()) == std::vector<guint>({0, 2, 3, 5}));
  fail_unless_equals_int(channel.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_06_properties_while_pushing) {
  ChannelHarness channel("error-action=deliver");
  std::atomic<bool> done{false};
  const auto set_all = [&](double snr, const char* pattern) {
    while (!done) {
      g_object_set(channel.element(), "snr", snr, "loss", 0.5, "drop-pattern", pattern, nullptr);
      channel.stat("packets");
    }
  };
  std::thread one(set_all, 3.0, "7-9,20");
  std::thread other(set_all, 8.0, "1,2,3");
  for (guint i = 0; i < 300; ++i) {
    fail_unless_equals_int(channel.push(rtp_packet(i)), GST_FLOW_OK);
    fail_unless_equals_int(channel.stat("packets"), i + 1);
  }
  done = true;
  one.join();
  other.join();
  fail_unless_equals_int(channel.pull().size(), 300 - channel.stat("lost"));
  fail_unless_equals_int(channel.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_06_changes_count_from_the_next_packet_on) {
  ChannelHarness channel;
  channel.push_packets(0, 2);
  g_object_set(channel.element(), "loss", 1.0, nullptr);
  channel.push_packets(2, 2);
  g_object_set(channel.element(), "loss", 0.0, nullptr);
  channel.push_packets(4, 1);
  g_object_set(channel.element(), "snr", -20.0, nullptr);
  channel.push_packets(5, 1);
  gst_util_set_object_arg(G_OBJECT(channel.element()), "modulation", "none");
  channel.push_packets(6, 1);
  fail_unless(sequences_of(channel.pull()) == std::vector<guint>({0, 1, 4, 6}));
}
GST_END_TEST;

GST_START_TEST(b1_08_no_exception_escapes) {
  for (const bool mappable : {false, true}) {
    ChannelHarness channel("snr=-20 error-action=deliver", "application/x-other");
    fail_unless_equals_int(channel.push(stubborn_buffer(mappable)), GST_FLOW_ERROR);
    const Posted posted = channel.pop();
    const gint code = mappable ? GST_RESOURCE_ERROR_WRITE : GST_RESOURCE_ERROR_READ;
    fail_unless(posted.is(GST_RESOURCE_ERROR, code), "%s", posted.text.c_str());
    GstBufferList* list = gst_buffer_list_new();
    gst_buffer_list_add(list, stubborn_buffer(mappable));
    fail_unless_equals_int(channel.push(list), GST_FLOW_ERROR);
    fail_unless(channel.pop().is(GST_RESOURCE_ERROR, code));
  }
}
GST_END_TEST;

GST_START_TEST(b1_09_events_pass) {
  const std::string around = "flush-start flush-stop segment gap";
  ChannelHarness clear;
  push_events(clear);
  const std::string clear_log = clear.log();
  fail_unless(clear_log == around + " B B caps segment eos", "%s", clear_log.c_str());
  ChannelHarness dead("loss=1");
  push_events(dead);
  const std::string dead_log = dead.log();
  fail_unless(dead_log == around + " caps segment eos", "%s", dead_log.c_str());
}
GST_END_TEST;

GST_START_TEST(b1_09_packets_count_on_after_a_flush) {
  ChannelHarness channel("drop-pattern=1,3");
  channel.push_packets(0, 2);
  channel.flush();
  channel.push_packets(2, 3);
  fail_unless(sequences_of(channel.pull()) == std::vector<guint>({0, 2, 4}));
}
GST_END_TEST;

GST_START_TEST(b1_09_begins_anew_after_ready) {
  ChannelHarness channel("loss=0.5 snr=9 error-action=deliver");
  std::vector<guint> expected;
  for (int round = 0; round < 3; ++round) {
    channel.push_packets(0, 50);
    fail_unless(channel.push(gst_event_new_eos()));
    fail_unless_equals_int(channel.stat("packets"), 50);
    const std::vector<guint> came = sequences_of(channel.pull());
    if (round == 0) expected = came;
    fail_unless(came == expected && !came.empty() && came.size() < 50);
    gst_element_set_state(channel.element(), GST_STATE_READY);
    fail_unless_equals_int(channel.stat("packets"), 50);
    gst_element_set_state(channel.element(), GST_STATE_PLAYING);
    fail_unless_equals_int(channel.stat("packets"), 0);
    gst_harness_play(channel.h());
    fail_unless(channel.push(gst_event_new_stream_start("again")));
    gst_harness_set_src_caps(channel.h(), gst_caps_from_string(kRtpCaps));
  }
}
GST_END_TEST;

GST_START_TEST(b1_09_flow_of_downstream_is_handed_up) {
  Lone lone("crlscchannel");
  fail_unless_equals_int(lone.go(GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  GstPad* pad = gst_element_get_static_pad(lone.element(), "sink");
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  fail_unless(gst_pad_send_event(pad, gst_event_new_stream_start("alone")));
  fail_unless(gst_pad_send_event(pad, gst_event_new_segment(&segment)));
  fail_unless_equals_int(gst_pad_chain(pad, rtp_packet(0)), GST_FLOW_NOT_LINKED);
  GstBufferList* list = gst_buffer_list_new();
  gst_buffer_list_add(list, rtp_packet(1));
  fail_unless_equals_int(gst_pad_chain_list(pad, list), GST_FLOW_NOT_LINKED);
  g_object_set(lone.element(), "loss", 1.0, nullptr);
  fail_unless_equals_int(gst_pad_chain(pad, rtp_packet(2)), GST_FLOW_OK);
  gst_object_unref(pad);
}
GST_END_TEST;

GST_START_TEST(b1_10_a_clean_run_is_silent) {
  const LogCounter log("crlscchannel");
  ChannelHarness channel("loss=0.3 snr=8 error-action=deliver");
  channel.push_packets(0, 100);
  channel.push_list(100, 10);
  fail_unless_equals_int(log.lines(), 0);
}
GST_END_TEST;

GST_START_TEST(b1_15_stats) {
  ChannelHarness channel(
      "loss=0.25 snr=6 modulation=bpsk error-action=deliver unequal-protection=true protection-gain=10");
  fail_unless_equals_float(channel.ratio("ber"), 0);
  fail_unless_equals_float(channel.ratio("redundancy"), 0);
  for (guint i = 0; i < 400; ++i) channel.push_packets(i, 1, i % 4 == 0 ? GST_BUFFER_FLAG_NON_DROPPABLE : 0);
  const Buffers out = channel.pull();
  const guint64 size = kHeaderSize + kPayloadSize;
  fail_unless_equals_uint64(channel.stat("packets"), 400);
  fail_unless_equals_uint64(channel.stat("important"), 100);
  fail_unless_equals_uint64(channel.stat("lost"), 400 - out.size());
  fail_unless_equals_uint64(channel.stat("bytes-in"), 400 * size);
  fail_unless_equals_uint64(channel.stat("bytes-out"), out.bytes());
  fail_unless_equals_uint64(channel.stat("bytes-sent"), (300 + 10 * 100) * size);
  fail_unless_equals_float(channel.ratio("redundancy"), 9 * 100 / 400.0);
  // Headers are not exposed.
  fail_unless_equals_uint64(channel.stat("bits"), 8 * kPayloadSize * out.size());
  guint64 wrong = 0;
  guint64 damaged = 0;
  for (GstBuffer* buffer : out) {
    GstBuffer* sent = rtp_packet(sequence_of(buffer));
    const crlsc::Bytes before = to_bytes(sent);
    const crlsc::Bytes after = to_bytes(buffer);
    for (size_t i = 0; i < before.size(); ++i) {
      for (int mask = before[i] ^ after[i]; mask != 0; mask &= mask - 1) ++wrong;
    }
    damaged += before == after ? 0 : 1;
    gst_buffer_unref(sent);
  }
  fail_unless(wrong > 0);
  fail_unless_equals_uint64(channel.stat("bit-errors"), wrong);
  fail_unless_equals_uint64(channel.stat("damaged"), damaged);
  fail_unless_equals_float(channel.ratio("ber"), static_cast<double>(wrong) / (8.0 * kPayloadSize * out.size()));
  fail_unless_equals_float(channel.ratio("expected-loss"), 0.25);
  // Q(sqrt(2 * 10^0.6))
  fail_unless(std::abs(channel.ratio("expected-ber") - 2.388e-3) < 1e-6);
}
GST_END_TEST;

GST_START_TEST(b1_15_expected_figures_of_other_models) {
  ChannelHarness channel(
      "loss-model=gilbert-elliott good-to-bad=0.1 bad-to-good=0.4 snr=10 modulation=bpsk fading=rayleigh");
  fail_unless(std::abs(channel.ratio("expected-loss") - 0.2) < 1e-12);
  fail_unless(std::abs(channel.ratio("expected-ber") - 0.02327) < 1e-5);
}
GST_END_TEST;

static Suite* crlscchannel_suite(void) {
  Suite* suite = suite_create("crlscchannel");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, b1_02_class_and_defaults);
  tcase_add_test(tests, b1_02_properties_keep_their_values);
  tcase_add_test(tests, b1_03_states);
  tcase_add_test(tests, b1_04_unreadable_drop_pattern);
  tcase_add_test(tests, b1_04_unreadable_drop_pattern_while_playing);
  tcase_add_test(tests, b1_05_ready_after_the_property_is_fixed);
  tcase_add_test(tests, b1_06_properties_while_pushing);
  tcase_add_test(tests, b1_06_changes_count_from_the_next_packet_on);
  tcase_add_test(tests, b1_08_no_exception_escapes);
  tcase_add_test(tests, b1_09_events_pass);
  tcase_add_test(tests, b1_09_packets_count_on_after_a_flush);
  tcase_add_test(tests, b1_09_begins_anew_after_ready);
  tcase_add_test(tests, b1_09_flow_of_downstream_is_handed_up);
  tcase_add_test(tests, b1_10_a_clean_run_is_silent);
  tcase_add_test(tests, b1_15_stats);
  tcase_add_test(tests, b1_15_expected_figures_of_other_models);
  return suite;
}

GST_CHECK_MAIN(crlscchannel)
