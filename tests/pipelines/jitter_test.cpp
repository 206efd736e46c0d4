// SPDX-License-Identifier: LGPL-2.1-or-later
// A network that delays, reorders and doubles packets, and a jitter buffer that makes up for it.
#include <gtest/gtest.h>

#include <string>

#include "running.h"

namespace crlsc::testing {
namespace {

constexpr int kPictures = 50;
constexpr int kSeconds = 60;

guint64 stat(const Running& running, const char* element, const char* property, const char* field) {
  GstElement* found = gst_bin_get_by_name(GST_BIN(running.pipeline()), element);
  GstStructure* stats = nullptr;
  g_object_get(found, property, &stats, nullptr);
  guint64 value = G_MAXUINT64;
  gst_structure_get_uint64(stats, field, &value);
  gst_structure_free(stats);
  gst_object_unref(found);
  return value;
}

// The jitter buffer waits for longer than anything takes. It may drop the first packets if they come in the wrong
// order; with the next key picture the decoder starts all the same, before it would do without one.
std::string line(const std::string& network) {
  return "videotestsrc is-live=true pattern=ball ! video/x-raw,width=96,height=80,framerate=25/1 ! "
         "crlscenc bitrate=200000 gop-size=10 min-unit-size=0 ! rtpcrlscpay name=payloader mtu=150 ! " +
         network +
         " ! rtpjitterbuffer latency=3000 ! rtpcrlscdepay name=depayloader ! crlscdec name=decoder ! "
         "fakesink sync=false";
}

void expect_whole_pictures(const std::string& network) {
  Running running(line(network));
  gst_element_set_state(running.pipeline(), GST_STATE_PLAYING);
  EXPECT_TRUE(running.wait_for_buffers(kPictures, kSeconds)) << running.complaints();
  EXPECT_GT(stat(running, "depayloader", "picture-stats", "packets"), guint64{kPictures}) << "nothing to be reordered";
  EXPECT_EQ(stat(running, "depayloader", "picture-stats", "partial-pictures"), 0U);
  EXPECT_EQ(stat(running, "depayloader", "picture-stats", "missing-pictures"), 0U);
  EXPECT_EQ(stat(running, "decoder", "stats", "corrupted"), 0U);
  EXPECT_EQ(stat(running, "decoder", "stats", "losses"), 0U);
  EXPECT_EQ(running.complaints(), "");
}

TEST(Jitter, DelayedAndReordered) {
  expect_whole_pictures("netsim delay-probability=0.5 min-delay=1 max-delay=60 allow-reordering=true");
}

TEST(Jitter, Doubled) { expect_whole_pictures("netsim duplicate-probability=0.3"); }

TEST(Jitter, All) {
  expect_whole_pictures("netsim delay-probability=0.3 min-delay=1 max-delay=60 duplicate-probability=0.3");
}

}  // namespace
}  // namespace crlsc::testing
