// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoder, payloader, a network that loses packets, depayloader, decoder: as many pictures out as in, each at its time.
#include <algorithm>
#include <deque>
#include <functional>
#include <random>
#include <set>

#include "support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace

namespace {

constexpr int kPictures = 60;

// What the payloader made of the test pictures, packet by packet.
struct Packets {
  explicit Packets(const std::string& properties, const char* model = kModel, guint mtu = 200,
                   const std::string& payloader = "") {
    GstHarness* h = gst_harness_new_parse((std::string("crlscenc name=enc model=") + model + " " + properties +
                                           " ! rtpcrlscpay mtu=" + std::to_string(mtu) + " " + payloader)
                                              .c_str());
    const GstVideoInfo info = video_info(96, 80);
    gst_harness_set_src_caps(h, gst_video_info_to_caps(&info));
    for (int i = 0; i < kPictures; ++i) {
      fail_unless_equals_int(gst_harness_push(h, make_frame(info, i)), GST_FLOW_OK);
      first_of_picture.push_back(list.size());
      while (GstBuffer* packet = gst_harness_try_pull(h)) list.add(packet);
      fail_unless(list.size() > first_of_picture.back(), "the encoder dropped picture %d", i);
    }
    GstPad* pad = gst_element_get_static_pad(gst_harness_find_element(h, "rtpcrlscpay"), "src");
    caps = gst_pad_get_current_caps(pad);
    GstElement* pay = gst_pad_get_parent_element(pad);
    gst_object_unref(pad);
    gst_object_unref(pay);
    gst_object_unref(pay);
    gst_harness_teardown(h);
  }
  ~Packets() { gst_caps_unref(caps); }

  bool in_picture(size_t packet, size_t picture) const {
    const size_t end = picture + 1 < first_of_picture.size() ? first_of_picture[picture + 1] : list.size();
    return packet >= first_of_picture[picture] && packet < end;
  }

  Buffers list;
  std::vector<size_t> first_of_picture;
  GstCaps* caps = nullptr;
};

// Hands on the packets that `arrives` lets through and returns the decoded pictures.
// `decoder`: the decoder's model, and what other properties it has.
Buffers receive(const Packets& packets, const std::function<bool(size_t)>& arrives,
                const std::string& decoder = kModel) {
  GstHarness* h = gst_harness_new_parse(("rtpcrlscdepay ! crlscdec model=" + decoder).c_str());
  gst_harness_set_src_caps(h, gst_caps_ref(packets.caps));
  for (size_t i = 0; i < packets.list.size(); ++i) {
    if (arrives(i)) fail_unless_equals_int(gst_harness_push(h, packets.list.copy(i)), GST_FLOW_OK);
  }
  gst_harness_push_event(h, gst_event_new_eos());
  Buffers out;
  while (GstBuffer* buffer = gst_harness_try_pull(h)) out.add(buffer);
  gst_harness_teardown(h);
  return out;
}

void check_times(const Buffers& decoded) {
  fail_unless_equals_int(decoded.size(), kPictures);
  for (size_t i = 0; i < decoded.size(); ++i) {
    fail_unless_equals_uint64(GST_BUFFER_PTS(decoded[i]), i * kInterval);
    fail_unless_equals_uint64(GST_BUFFER_DURATION(decoded[i]), kInterval);
  }
}

double luma(const Buffers& decoded, size_t i) {
  const GstVideoInfo info = video_info(96, 80);
  GstBuffer* original = make_frame(info, static_cast<int>(i));
  const double out = psnr(original, info, decoded[i], info);
  gst_buffer_unref(original);
  return out;
}

}  // namespace

GST_START_TEST(nothing_lost) {
  const char* model = __i__ == 0 ? kModel : kScalarModel;
  const Packets packets("bitrate=200000", model);
  const Buffers decoded = receive(
      packets, [](size_t) { return true; }, model);
  check_times(decoded);
  for (size_t i = 0; i < kPictures; ++i) {
    fail_unless(!has_flag(decoded[i], GST_BUFFER_FLAG_CORRUPTED));
    fail_unless(luma(decoded, i) > 20, "picture %u: %f dB", static_cast<guint>(i), luma(decoded, i));
  }
}
GST_END_TEST;

// Who wants no more than what was sent misses nothing; who wants all is told that there was more.
GST_START_TEST(layers_left_out) {
  const Packets packets("bitrate=200000 min-unit-size=0", kModel, 200, "max-layers=1");
  for (const bool content : {true, false}) {
    const Buffers decoded = receive(
        packets, [](size_t) { return true; }, std::string(kModel) + (content ? " max-layers=1" : ""));
    check_times(decoded);
    int corrupted = 0;
    for (size_t i = 0; i < kPictures; ++i) corrupted += has_flag(decoded[i], GST_BUFFER_FLAG_CORRUPTED) ? 1 : 0;
    fail_unless(content ? corrupted == 0 : corrupted > kPictures / 2, "%d", corrupted);
  }
}
GST_END_TEST;

// Every single picture once, except the first, which all begins with, and the last, whose loss nothing tells.
GST_START_TEST(one_picture_lost) {
  const Packets packets("bitrate=100000");
  for (size_t lost = 1; lost + 1 < kPictures; ++lost) {
    const Buffers decoded = receive(packets, [&](size_t packet) { return !packets.in_picture(packet, lost); });
    check_times(decoded);
    fail_unless(!has_flag(decoded[lost - 1], GST_BUFFER_FLAG_CORRUPTED));
    fail_unless(has_flag(decoded[lost], GST_BUFFER_FLAG_CORRUPTED));
  }
}
GST_END_TEST;

GST_START_TEST(random_losses) {
  const char* model = __i__ % 2 == 0 ? kModel : kScalarModel;
  const Packets packets("bitrate=200000", model);
  std::mt19937 random(static_cast<unsigned>(__i__));
  std::set<size_t> lost;
  for (size_t i = packets.first_of_picture[1]; i < packets.first_of_picture[kPictures - 1]; ++i) {
    if (random() % 5 == 0) lost.insert(i);
  }
  fail_unless(lost.size() >= 5);
  const Buffers decoded = receive(
      packets, [&](size_t packet) { return lost.count(packet) == 0; }, model);
  check_times(decoded);
}
GST_END_TEST;

GST_START_TEST(bursts) {
  const Packets packets("bitrate=100000");
  const auto is_lost = [&](size_t packet) {
    for (size_t picture = 10; picture < 18; ++picture) {
      if (packets.in_picture(packet, picture)) return true;
    }
    return false;
  };
  const Buffers decoded = receive(packets, [&](size_t packet) { return !is_lost(packet); });
  check_times(decoded);
  for (size_t i = 10; i < 18; ++i) fail_unless(to_bytes(decoded[i]) == to_bytes(decoded[9]));
}
GST_END_TEST;

GST_START_TEST(the_stream_heals_without_key_pictures) {
  const Packets packets("bitrate=200000");
  const Buffers whole = receive(packets, [](size_t) { return true; });
  const Buffers decoded = receive(packets, [&](size_t packet) { return !packets.in_picture(packet, 5); });
  check_times(decoded);
  const GstVideoInfo info = video_info(96, 80);
  const double right_after = psnr(whole[6], info, decoded[6], info);
  const double at_last = psnr(whole[kPictures - 1], info, decoded[kPictures - 1], info);
  fail_unless(right_after < 60, "nothing was lost: %f dB", right_after);
  fail_unless(at_last > right_after + 3, "%f dB, then %f dB", right_after, at_last);
}
GST_END_TEST;

GST_START_TEST(a_key_picture_mends_everything) {
  const Packets packets("bitrate=200000 gop-size=20");
  const Buffers whole = receive(packets, [](size_t) { return true; });
  const Buffers decoded = receive(packets, [&](size_t packet) { return !packets.in_picture(packet, 5); });
  check_times(decoded);
  fail_unless(has_flag(decoded[19], GST_BUFFER_FLAG_CORRUPTED));
  for (size_t i = 20; i < kPictures; ++i) {
    fail_unless(!has_flag(decoded[i], GST_BUFFER_FLAG_CORRUPTED));
    fail_unless(to_bytes(decoded[i]) == to_bytes(whole[i]));
  }
}
GST_END_TEST;

GST_START_TEST(a_lost_first_picture_is_asked_for) {
  const Packets packets("bitrate=100000 gop-size=20");
  GstHarness* h = gst_harness_new_parse((std::string("rtpcrlscdepay ! crlscdec model=") + kModel).c_str());
  gst_harness_set_src_caps(h, gst_caps_ref(packets.caps));
  for (size_t i = packets.first_of_picture[1]; i < packets.list.size(); ++i) {
    fail_unless_equals_int(gst_harness_push(h, packets.list.copy(i)), GST_FLOW_OK);
  }
  int requests = 0;
  while (GstEvent* event = gst_harness_try_pull_upstream_event(h)) {
    requests += gst_event_has_name(event, "GstForceKeyUnit") ? 1 : 0;
    gst_event_unref(event);
  }
  fail_unless(requests >= 1);
  GstBuffer* earliest = gst_harness_try_pull(h);
  fail_unless(earliest != nullptr);
  fail_unless_equals_uint64(GST_BUFFER_PTS(earliest), 20 * kInterval);
  gst_buffer_unref(earliest);
  gst_harness_teardown(h);
}
GST_END_TEST;

// A receiver that comes late asks with the first packet it gets, and shows the first picture that can be the answer.
GST_START_TEST(a_late_joiner_waits_for_one_round_trip) {
  constexpr size_t kJoined = 10;
  const size_t trip = __i__ == 0 ? 0 : 3;  // from the request to the next picture that is encoded, in pictures
  Harness sender(std::string("crlscenc bitrate=100000 model=") + kModel + " ! rtpcrlscpay");
  const GstVideoInfo info = video_info(96, 80);
  gst_harness_set_src_caps(sender.h(), gst_video_info_to_caps(&info));
  Harness receiver(std::string("rtpcrlscdepay ! crlscdec model=") + kModel);
  std::deque<size_t> requests;  // the pictures before which they arrive
  for (size_t i = 0; i <= kJoined + trip + 1; ++i) {
    for (; !requests.empty() && requests.front() <= i; requests.pop_front()) {
      gst_harness_push_upstream_event(
          sender.h(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, static_cast<guint>(i)));
    }
    fail_unless_equals_int(sender.push(make_frame(info, static_cast<int>(i))), GST_FLOW_OK);
    const Buffers packets = sender.pull();
    if (i < kJoined) continue;
    if (i == kJoined) gst_harness_set_src_caps(receiver.h(), gst_pad_get_current_caps(sender.h()->sinkpad));
    for (size_t k = 0; k < packets.size(); ++k) {
      fail_unless_equals_int(receiver.push(packets.copy(k)), GST_FLOW_OK);
    }
    while (GstEvent* event = gst_harness_try_pull_upstream_event(receiver.h())) {
      if (gst_event_has_name(event, "GstForceKeyUnit")) requests.push_back(i + 1 + trip);
      gst_event_unref(event);
    }
    fail_unless_equals_int(receiver.pull().size(), i == kJoined + trip + 1 ? 1 : 0);
  }
}
GST_END_TEST;

// Where nobody can be asked, it begins on grey after two seconds, and sees more with each picture: what moves, and what
// is refreshed behind it.
GST_START_TEST(a_late_joiner_without_a_way_back_waits_for_two_seconds) {
  constexpr size_t kJoined = 7;
  constexpr size_t kFirst = kJoined + 20;
  const Packets packets("bitrate=200000 gop-size=0", kModel, 200, "config-interval=1");
  const Buffers whole = receive(packets, [](size_t) { return true; });
  const Buffers decoded = receive(packets, [&](size_t packet) { return packet >= packets.first_of_picture[kJoined]; });
  fail_unless_equals_int(decoded.size(), kPictures - kFirst);
  for (size_t i = 0; i < decoded.size(); ++i) {
    fail_unless_equals_uint64(GST_BUFFER_PTS(decoded[i]), (kFirst + i) * kInterval);
    fail_unless(has_flag(decoded[i], GST_BUFFER_FLAG_CORRUPTED));
  }
  const GstVideoInfo info = video_info(96, 80);
  const double at_first = psnr(whole[kFirst], info, decoded[0], info);
  const double at_last = psnr(whole[kPictures - 1], info, decoded.back(), info);
  fail_unless(at_last > at_first + 0.5, "%f dB, then %f dB", at_first, at_last);
}
GST_END_TEST;

static Suite* end_to_end_suite(void) {
  Suite* suite = suite_create("end_to_end");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, nothing_lost, 0, 2);
  tcase_add_test(tests, layers_left_out);
  tcase_add_test(tests, one_picture_lost);
  tcase_add_loop_test(tests, random_losses, 0, 6);
  tcase_add_test(tests, bursts);
  tcase_add_test(tests, the_stream_heals_without_key_pictures);
  tcase_add_test(tests, a_key_picture_mends_everything);
  tcase_add_test(tests, a_lost_first_picture_is_asked_for);
  tcase_add_loop_test(tests, a_late_joiner_waits_for_one_round_trip, 0, 2);
  tcase_add_test(tests, a_late_joiner_without_a_way_back_waits_for_two_seconds);
  return suite;
}

GST_CHECK_MAIN(end_to_end)
