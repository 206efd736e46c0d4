// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything that other threads may do to an element while data flows through it: properties, statistics, requests.
// Written for ThreadSanitizer (tests/tsan/run); as a plain test it looks for crashes and stalls.
#include <list>
#include <thread>
#include <vector>

#include "support.h"

namespace {

using namespace crlsc::test;  // NOLINT: a test of one namespace

constexpr int kPictures = 60;
constexpr gulong kPause = 200;  // microseconds between changes

// While it lives, threads of the harness set a property to each of two values, read all properties, and ask for key
// pictures.
class Pestering {
 public:
  Pestering(GstHarness* h, GstElement* element) : h_(h), element_(element) {
    threads_.push_back(gst_harness_stress_custom_start(h, nullptr, read_all, element, kPause));
    threads_.push_back(gst_harness_stress_custom_start(h, nullptr, request, h, 10 * kPause));
  }
  ~Pestering() {
    for (GstHarnessThread* thread : threads_) gst_harness_stress_thread_stop(thread);
  }
  Pestering(const Pestering&) = delete;
  Pestering& operator=(const Pestering&) = delete;

  // One thread for each of the values, as text.
  void alternate(const char* property, const char* one, const char* other) {
    for (const char* text : {one, other}) {
      settings_.push_back({element_, property, text});
      threads_.push_back(gst_harness_stress_custom_start(h_, nullptr, set_one, &settings_.back(), kPause));
    }
  }

 private:
  struct Setting {
    GstElement* element;
    const char* property;
    const char* text;
  };
  static void set_one(gpointer, gpointer data) {
    const auto* setting = static_cast<Setting*>(data);
    gst_util_set_object_arg(G_OBJECT(setting->element), setting->property, setting->text);
  }
  // The harness's own function for this loses the events.
  static void request(gpointer, gpointer harness) {
    gst_harness_push_upstream_event(static_cast<GstHarness*>(harness),
                                    gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 1));
  }
  static void read_all(gpointer, gpointer element) {
    guint count = 0;
    GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
    for (guint i = 0; i < count; ++i) {
      if ((specs[i]->flags & G_PARAM_READABLE) == 0) continue;
      GValue value = G_VALUE_INIT;
      g_value_init(&value, specs[i]->value_type);
      g_object_get_property(G_OBJECT(element), specs[i]->name, &value);
      g_value_unset(&value);
    }
    g_free(specs);
  }

  GstHarness* h_;
  GstElement* element_;
  std::list<Setting> settings_;  // stay where they are
  std::vector<GstHarnessThread*> threads_;
};

// The RTP packets of a stream.
struct Packets {
  explicit Packets(const Stream& stream) {
    Harness pay("rtpcrlscpay mtu=200");
    gst_harness_set_src_caps(pay.h(), gst_caps_ref(stream.caps()));
    for (size_t i = 0; i < stream.buffers().size(); ++i) {
      fail_unless_equals_int(pay.push(stream.copy(i)), GST_FLOW_OK);
    }
    buffers = pay.pull();
    caps = pay.source_caps();
  }
  ~Packets() { gst_caps_unref(caps); }
  Packets(const Packets&) = delete;
  Packets& operator=(const Packets&) = delete;
  void push_into(Harness& harness) const {
    for (size_t i = 0; i < buffers.size(); ++i) fail_unless_equals_int(harness.push(buffers.copy(i)), GST_FLOW_OK);
  }
  Buffers buffers;
  GstCaps* caps = nullptr;
};

}  // namespace

GST_START_TEST(b1_06_stress_crlscenc) {
  Encoder encoder("bitrate=100000");
  Pestering pestering(encoder.h(), encoder.element());
  pestering.alternate("bitrate", "20000", "200000");
  pestering.alternate("layers", "1", "4");
  pestering.alternate("gop-size", "0", "3");
  for (int i = 0; i < kPictures; ++i) fail_unless_equals_int(encoder.push_picture(i), GST_FLOW_OK);
  fail_unless(!encoder.pull().empty());
  fail_unless_equals_int(encoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_06_stress_crlscdec) {
  const Stream stream(kPictures, "bitrate=500000 gop-size=9");
  Decoder decoder(stream.caps());
  Pestering pestering(decoder.h(), decoder.element());
  pestering.alternate("max-layers", "1", "4");
  pestering.alternate("max-errors", "-1", "10000");
  for (int i = 0; i < kPictures; ++i) {
    fail_unless_equals_int(decoder.push(stream.copy(static_cast<size_t>(i))), GST_FLOW_OK);
  }
  fail_unless_equals_int(decoder.pull().size(), kPictures);
  fail_unless_equals_int(decoder.pop().domain, 0);
}
GST_END_TEST;

GST_START_TEST(b1_06_stress_crlscparse) {
  const Stream stream(kPictures, "bitrate=500000 gop-size=9");
  Harness parser("crlscparse");
  gst_harness_set_sink_caps_str(parser.h(), "video/x-crlsc, stream-format=byte-stream");
  gst_harness_set_src_caps(parser.h(), gst_caps_ref(stream.caps()));
  Pestering pestering(parser.h(), parser.element());
  pestering.alternate("config-interval", "1", "60");
  for (int i = 0; i < kPictures; ++i) {
    fail_unless_equals_int(parser.push(stream.copy(static_cast<size_t>(i))), GST_FLOW_OK);
  }
  fail_unless_equals_int(parser.pull().size(), kPictures);
}
GST_END_TEST;

GST_START_TEST(b1_06_stress_rtp) {
  const Stream stream(kPictures, "bitrate=500000 gop-size=9");
  Harness pay("rtpcrlscpay ! rtpcrlscdepay name=depay");
  GstElement* depay = gst_harness_find_element(pay.h(), "rtpcrlscdepay");
  gst_harness_set_src_caps(pay.h(), gst_caps_ref(stream.caps()));
  {
    Pestering pestering(pay.h(), pay.element());
    Pestering behind(pay.h(), depay);
    pestering.alternate("mtu", "300", "1200");
    pestering.alternate("config-interval", "-1", "1");
    for (int i = 0; i < kPictures; ++i) {
      fail_unless_equals_int(pay.push(stream.copy(static_cast<size_t>(i))), GST_FLOW_OK);
    }
  }
  gst_object_unref(depay);
  fail_unless(pay.pull().size() + 1 >= kPictures);
}
GST_END_TEST;

GST_START_TEST(b1_06_stress_rtpcrlscdepay) {
  const Stream stream(kPictures, "bitrate=500000 gop-size=9");
  const Packets packets(stream);
  Harness depay("rtpcrlscdepay");
  gst_harness_set_src_caps(depay.h(), gst_caps_ref(packets.caps));
  Pestering pestering(depay.h(), depay.element());
  pestering.alternate("deliver", "complete", "all");
  pestering.alternate("wait-for-keyframe", "true", "false");
  pestering.alternate("request-keyframe", "true", "false");
  packets.push_into(depay);
  fail_unless(!depay.pull().empty());
}
GST_END_TEST;

GST_START_TEST(b1_06_stress_crlscchannel) {
  const Stream stream(kPictures, "bitrate=500000 gop-size=9");
  const Packets packets(stream);
  Harness channel("crlscchannel loss=0.1");
  gst_harness_set_src_caps(channel.h(), gst_caps_ref(packets.caps));
  Pestering pestering(channel.h(), channel.element());
  pestering.alternate("loss", "0.5", "0.1");
  pestering.alternate("modulation", "bpsk", "none");
  pestering.alternate("snr", "3.0", "20.0");
  pestering.alternate("drop-pattern", "3", "5-7");
  packets.push_into(channel);
  // At 3 dB every packet may be lost; none is lost uncounted.
  const guint64 sent = packets.buffers.size();
  fail_unless_equals_uint64(channel.stat("packets"), sent);
  fail_unless_equals_uint64(channel.stat("lost"), sent - channel.pull().size());
}
GST_END_TEST;

// Elements that come and go share models while others load them.
GST_START_TEST(b1_11_stress_the_registry) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 25; ++i) {
        Lone lone((t + i) % 2 == 0 ? "crlscenc" : "crlscdec");
        lone.set_model((t + i) % 3 == 0 ? kModel : kOtherModel);
        fail_unless_equals_int(lone.go(GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
        lone.set_model(kModel);
        fail_unless_equals_int(lone.go(GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}
GST_END_TEST;

static Suite* stress_suite(void) {
  Suite* suite = suite_create("stress");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 300);
  tcase_add_test(tests, b1_06_stress_crlscenc);
  tcase_add_test(tests, b1_06_stress_crlscdec);
  tcase_add_test(tests, b1_06_stress_crlscparse);
  tcase_add_test(tests, b1_06_stress_rtp);
  tcase_add_test(tests, b1_06_stress_rtpcrlscdepay);
  tcase_add_test(tests, b1_06_stress_crlscchannel);
  tcase_add_test(tests, b1_11_stress_the_registry);
  return suite;
}

GST_CHECK_MAIN(stress)
