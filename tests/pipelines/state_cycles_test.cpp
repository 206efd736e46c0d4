// SPDX-License-Identifier: LGPL-2.1-or-later
// Pipelines go up and down in several orders, and work afterwards.
#include <gtest/gtest.h>

#include <string>

#include "running.h"

namespace crlsc::testing {
namespace {

constexpr int kRepetitions = 3;
constexpr int kSeconds = 60;

struct Shape {
  const char* name;
  const char* arguments;
  bool live;  // never ends by itself
};

const Shape kShapes[] = {
    {"Codec",
     "videotestsrc num-buffers=25 ! video/x-raw,width=64,height=48,framerate=25/1 ! crlscenc ! crlscdec ! fakesink",
     false},
    {"Rtp",
     "videotestsrc num-buffers=25 ! video/x-raw,format=NV12,width=80,height=48,framerate=25/1 ! crlscenc ! rtpcrlscpay "
     "! "
     "rtpcrlscdepay ! crlscdec ! fakesink",
     false},
    // Enough key pictures that some arrive.
    {"Lossy",
     "videotestsrc num-buffers=60 ! video/x-raw,format=RGB,width=81,height=49,framerate=25/1 ! crlscenc gop-size=5 ! "
     "rtpcrlscpay ! identity drop-probability=0.2 ! rtpcrlscdepay ! crlscdec ! fakesink async=false",
     false},
    {"Channel",
     "videotestsrc num-buffers=40 ! video/x-raw,width=64,height=48,framerate=25/1 ! crlscenc gop-size=5 ! rtpcrlscpay "
     "mtu=200 ! crlscchannel snr=20 modulation=bpsk fading=rayleigh loss=0.1 unequal-protection=true ! rtpcrlscdepay "
     "! crlscdec ! fakesink async=false",
     false},
    {"Threads",
     "videotestsrc num-buffers=25 ! video/x-raw,width=64,height=48,framerate=25/1 ! queue ! crlscenc ! queue ! "
     "rtpcrlscpay ! queue ! rtpcrlscdepay ! queue ! crlscdec ! videoconvert ! video/x-raw,format=RGB ! fakesink",
     false},
    {"TwoReceivers",
     "videotestsrc num-buffers=25 ! video/x-raw,width=64,height=48,framerate=25/1 ! crlscenc ! tee name=t "
     "t. ! queue ! crlscdec ! fakesink t. ! queue ! crlscdec max-layers=1 ! fakesink",
     false},
    {"File",
     "videotestsrc num-buffers=25 ! video/x-raw,width=64,height=48,framerate=25/1 ! crlscenc ! crlscparse ! "
     "video/x-crlsc,stream-format=byte-stream ! queue ! crlscparse ! crlscdec ! fakesink",
     false},
    {"Live",
     "videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=50/1 ! crlscenc ! rtpcrlscpay ! "
     "rtpjitterbuffer latency=20 ! rtpcrlscdepay ! crlscdec ! fakesink",
     true},
};

class StateCycle : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override { take_logged(); }

  // Runs to the end, or, if there is none, until pictures come.
  void run(Running& running) {
    gst_element_set_state(running.pipeline(), GST_STATE_PLAYING);
    if (GetParam().live) {
      EXPECT_TRUE(running.wait_for_buffers(5, kSeconds)) << running.complaints();
    } else {
      EXPECT_TRUE(running.wait_for_eos(kSeconds)) << running.complaints();
    }
  }

  void expect_silence(Running& running) {
    EXPECT_EQ(running.complaints(), "");
    EXPECT_EQ(take_logged(), "");
  }
};

TEST_P(StateCycle, NullToPlayingAndBack) {
  Running running(GetParam().arguments);
  for (int i = 0; i < kRepetitions; ++i) {
    ASSERT_TRUE(running.go_to(GST_STATE_NULL));
    run(running);
  }
  expect_silence(running);
}

TEST_P(StateCycle, NullToReadyAndBack) {
  Running running(GetParam().arguments);
  for (int i = 0; i < kRepetitions; ++i) {
    ASSERT_TRUE(running.go_to(GST_STATE_READY));
    ASSERT_TRUE(running.go_to(GST_STATE_NULL));
  }
  run(running);
  expect_silence(running);
}

TEST_P(StateCycle, ReadyToPausedAndBack) {
  Running running(GetParam().arguments);
  for (int i = 0; i < kRepetitions; ++i) {
    ASSERT_TRUE(running.go_to(GST_STATE_READY));
    ASSERT_TRUE(running.go_to(GST_STATE_PAUSED));
  }
  run(running);
  expect_silence(running);
}

TEST_P(StateCycle, PausedToPlayingAndBack) {
  Running running(GetParam().arguments);
  ASSERT_TRUE(running.go_to(GST_STATE_PAUSED));
  for (int i = 0; i < kRepetitions; ++i) {
    gst_element_set_state(running.pipeline(), GST_STATE_PLAYING);
    gst_element_set_state(running.pipeline(), GST_STATE_PAUSED);
  }
  run(running);
  expect_silence(running);
}

TEST_P(StateCycle, StoppedWithoutWaiting) {
  Running running(GetParam().arguments);
  for (int i = 0; i < kRepetitions; ++i) {
    gst_element_set_state(running.pipeline(), GST_STATE_PLAYING);
    g_usleep(static_cast<gulong>(i) * 15000);
    gst_element_set_state(running.pipeline(), GST_STATE_NULL);
  }
  run(running);
  expect_silence(running);
}

TEST_P(StateCycle, EndsAndBeginsAnewByASeek) {
  if (GetParam().live) {
    // A live source cannot go back: instead its stream ends on request, and it starts again.
    Running running(GetParam().arguments);
    run(running);
    gst_element_send_event(running.pipeline(), gst_event_new_eos());
    EXPECT_TRUE(running.wait_for_eos(kSeconds));
    ASSERT_TRUE(running.go_to(GST_STATE_READY));
    run(running);
    expect_silence(running);
    return;
  }
  Running running(GetParam().arguments);
  run(running);
  for (int i = 0; i < kRepetitions; ++i) {
    ASSERT_TRUE(running.seek());
    EXPECT_TRUE(running.wait_for_eos(kSeconds)) << running.complaints();
  }
  expect_silence(running);
}

std::string name_of(const ::testing::TestParamInfo<Shape>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(All, StateCycle, ::testing::ValuesIn(kShapes), name_of);

}  // namespace
}  // namespace crlsc::testing
