// SPDX-License-Identifier: LGPL-2.1-or-later
// .crlsc files in GStreamer's own players: they are recognised, play, tell their duration and can be sought in.
#include <gst/base/gsttypefindhelper.h>
#include <gst/pbutils/pbutils.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "running.h"

namespace crlsc::testing {
namespace {

constexpr int kSeconds = 60;
constexpr int kPictures = 60;
constexpr GstClockTime kInterval = 100 * GST_MSECOND;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder with a recording in it; both go away.
class Recording {
 public:
  explicit Recording(const std::string& properties = "") : folder_(g_dir_make_tmp("crlsc-files-XXXXXX", nullptr)) {
    Running running("videotestsrc pattern=ball num-buffers=" + std::to_string(kPictures) +
                    " ! video/x-raw,width=80,height=64,framerate=10/1 ! crlscenc bitrate=100000 " + properties +
                    " ! crlscparse ! filesink location=" + path());
    gst_element_set_state(running.pipeline(), GST_STATE_PLAYING);
    EXPECT_TRUE(running.wait_for_eos(kSeconds)) << running.complaints();
  }
  ~Recording() {
    std::remove(path().c_str());
    std::remove(folder_);
    g_free(folder_);
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  std::string path() const { return std::string(folder_) + "/clip.crlsc"; }
  std::string uri() const { return "file://" + path(); }
  void replace(const std::string& bytes) const { std::ofstream(path(), std::ios::binary) << bytes; }

 private:
  gchar* folder_;
};

// A pipeline whose sink is called `out`.
class Player {
 public:
  explicit Player(const std::string& line) : running_(line, true) {
    sink_ = gst_bin_get_by_name(GST_BIN(running_.pipeline()), "out");
    EXPECT_TRUE(running_.go_to(GST_STATE_PAUSED)) << running_.complaints();
  }
  ~Player() { gst_object_unref(sink_); }
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  gint64 duration() {
    gint64 duration = -1;
    gst_element_query_duration(running_.pipeline(), GST_FORMAT_TIME, &duration);
    return duration;
  }
  gint64 position() {
    gint64 position = -1;
    gst_element_query_position(running_.pipeline(), GST_FORMAT_TIME, &position);
    return position;
  }
  bool seekable() {
    GstQuery* query = gst_query_new_seeking(GST_FORMAT_TIME);
    gboolean seekable = FALSE;
    if (gst_element_query(running_.pipeline(), query)) {
      gst_query_parse_seeking(query, nullptr, &seekable, nullptr, nullptr);
    }
    gst_query_unref(query);
    return seekable;
  }
  // Shows the picture at `time`.
  bool seek(GstClockTime time, GstSeekFlags flags = GST_SEEK_FLAG_NONE) {
    return gst_element_seek_simple(running_.pipeline(), GST_FORMAT_TIME,
                                   static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | flags), static_cast<gint64>(time)) &&
           running_.go_to(GST_STATE_PAUSED);
  }
  // Of the picture that is shown.
  std::string pixels() {
    GstSample* sample = nullptr;
    g_object_get(sink_, "last-sample", &sample, nullptr);
    if (sample == nullptr) return "none";
    GstMapInfo map;
    gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ);
    std::string bytes(reinterpret_cast<const char*>(map.data), map.size);
    gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
    gst_sample_unref(sample);
    return bytes;
  }
  Running& running() { return running_; }

 private:
  Running running_;
  GstElement* sink_ = nullptr;
};

std::string player_line(const Recording& recording, const std::string& between = "") {
  return "filesrc location=" + recording.path() + between + " ! crlscparse ! crlscdec ! fakesink name=out";
}

// All pictures of a recording, as they are shown without a seek, or from the end to the beginning.
class Pictures {
 public:
  explicit Pictures(const Recording& recording, double rate = 1) : Pictures(player_line(recording), rate) {}
  // The line's sink is called `out`.
  explicit Pictures(const std::string& line, double rate = 1) {
    Running running(line, true);
    GstElement* sink = gst_bin_get_by_name(GST_BIN(running.pipeline()), "out");
    if (rate < 0) {
      EXPECT_TRUE(running.go_to(GST_STATE_PAUSED)) << running.complaints();
      EXPECT_TRUE(gst_element_seek(running.pipeline(), rate, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                                   GST_SEEK_TYPE_SET, kPictures * kInterval));
    }
    g_object_set(sink, "signal-handoffs", TRUE, nullptr);
    g_signal_connect(sink, "handoff", G_CALLBACK(on_picture), this);
    gst_element_set_state(running.pipeline(), GST_STATE_PLAYING);
    EXPECT_TRUE(running.wait_for_eos(kSeconds)) << running.complaints();
    gst_element_set_state(running.pipeline(), GST_STATE_NULL);
    gst_object_unref(sink);
  }
  size_t size() const { return all_.size(); }
  const std::string& at(GstClockTime time) const { return all_.at(time / kInterval); }

 private:
  static void on_picture(GstElement*, GstBuffer* buffer, GstPad*, gpointer self) {
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_READ);
    static_cast<Pictures*>(self)->all_.emplace_back(reinterpret_cast<const char*>(map.data), map.size);
    gst_buffer_unmap(buffer, &map);
  }
  std::vector<std::string> all_;
};

constexpr const char* kSingleKey = "gop-size=0";
constexpr const char* kManyKeys = "gop-size=10";
const GstClockTime kTimes[] = {4520 * GST_MSECOND, 100 * GST_MSECOND, 5900 * GST_MSECOND, 0, 999 * GST_MSECOND};

class Plays : public ::testing::TestWithParam<const char*> {};

TEST_P(Plays, ToTheEnd) {
  take_logged();
  const Recording recording;
  std::string line = GetParam();
  const size_t at = line.find("CLIP");
  line.replace(at, 4, line.compare(at - 4, 4, "uri=") == 0 ? recording.uri() : recording.path());
  Running running(line, true);
  gst_element_set_state(running.pipeline(), GST_STATE_PLAYING);
  EXPECT_TRUE(running.wait_for_eos(kSeconds)) << running.complaints();
  gint64 duration = 0;
  EXPECT_TRUE(gst_element_query_duration(running.pipeline(), GST_FORMAT_TIME, &duration));
  EXPECT_EQ(duration, static_cast<gint64>(kPictures * kInterval));
  EXPECT_EQ(running.complaints(), "");
  EXPECT_EQ(take_logged(), "");
}

INSTANTIATE_TEST_SUITE_P(All, Plays,
                         ::testing::Values("filesrc location=CLIP ! decodebin ! fakesink",
                                           "filesrc location=CLIP ! decodebin3 ! fakesink",
                                           "uridecodebin3 uri=CLIP ! videoconvert ! fakesink",
                                           "filesrc location=CLIP ! parsebin ! crlscdec ! fakesink",
                                           "playbin uri=CLIP video-sink=fakesink",
                                           "playbin3 uri=CLIP video-sink=fakesink"));

TEST(Files, AreDiscovered) {
  const Recording recording;
  GError* error = nullptr;
  GstDiscoverer* discoverer = gst_discoverer_new(kSeconds * GST_SECOND, &error);
  GstDiscovererInfo* info = gst_discoverer_discover_uri(discoverer, recording.uri().c_str(), &error);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(gst_discoverer_info_get_result(info), GST_DISCOVERER_OK);
  EXPECT_EQ(gst_discoverer_info_get_duration(info), kPictures * kInterval);
  EXPECT_TRUE(gst_discoverer_info_get_seekable(info));
  GList* streams = gst_discoverer_info_get_video_streams(info);
  ASSERT_EQ(g_list_length(streams), 1u);
  auto* video = GST_DISCOVERER_VIDEO_INFO(streams->data);
  EXPECT_EQ(gst_discoverer_video_info_get_width(video), 80u);
  EXPECT_EQ(gst_discoverer_video_info_get_height(video), 64u);
  EXPECT_EQ(gst_discoverer_video_info_get_framerate_num(video), 10u);
  gst_discoverer_stream_info_list_free(streams);
  gst_discoverer_info_unref(info);
  g_object_unref(discoverer);
  g_clear_error(&error);
}

// What a program printed, errors included; fails unless it ended well. It is one of gstreamer1.0-plugins-base-apps.
std::string output_of(std::vector<std::string> words) {
  std::vector<gchar*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  gchar* output = nullptr;
  gchar* errors = nullptr;
  gint status = 0;
  GError* error = nullptr;
  if (!g_spawn_sync(nullptr, arguments.data(), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr, &output, &errors,
                    &status, &error) ||
      !g_spawn_check_wait_status(status, &error)) {
    ADD_FAILURE() << words[0] << ": " << error->message;
    g_clear_error(&error);
  }
  const std::string text = std::string(output != nullptr ? output : "") + (errors != nullptr ? errors : "");
  g_free(output);
  g_free(errors);
  return text;
}

// The player plays to the end of a clip without a complaint, and says so when there is one.
TEST(Programs, GstPlay) {
  const Recording recording;
  const std::vector<std::string> play{"gst-play-1.0", "--no-interactive", "--videosink=fakesink", recording.path()};
  const std::string output = output_of(play);
  EXPECT_NE(output.find("Reached end of play list"), std::string::npos) << output;
  for (const char* complaint : {"ERROR", "WARNING", "CRITICAL"}) {
    EXPECT_EQ(output.find(complaint), std::string::npos) << output;
  }
  recording.replace("no clip");
  EXPECT_NE(output_of(play).find("ERROR"), std::string::npos);
}

TEST(Programs, GstDiscoverer) {
  const Recording recording;
  const std::string output = output_of({"gst-discoverer-1.0", "-v", recording.path()});
  for (const char* said : {"video/x-crlsc", "Duration: 0:00:06.000000000", "Seekable: yes", "Width: 80", "Height: 64",
                           "Frame rate: 10/1"}) {
    EXPECT_NE(output.find(said), std::string::npos) << said << "\n" << output;
  }
}

// All typefinders of the system have their say.
TEST(Files, AreNotTakenForOthers) {
  const Recording recording;
  const std::string bytes = read_file(recording.path());
  GstTypeFindProbability probability = GST_TYPE_FIND_NONE;
  GstCaps* caps =
      gst_type_find_helper_for_data(nullptr, reinterpret_cast<const guint8*>(bytes.data()), bytes.size(), &probability);
  ASSERT_NE(caps, nullptr);
  EXPECT_STREQ(gst_structure_get_name(gst_caps_get_structure(caps, 0)), "video/x-crlsc");
  EXPECT_EQ(probability, GST_TYPE_FIND_MAXIMUM);
  gst_caps_unref(caps);
}

class Seek : public ::testing::TestWithParam<std::tuple<const char*, GstSeekFlags>> {};

TEST_P(Seek, ShowsThePictureThatWasAskedFor) {
  const auto [properties, flags] = GetParam();
  const Recording recording(properties);
  const Pictures pictures(recording);
  ASSERT_EQ(pictures.size(), static_cast<size_t>(kPictures));
  for (const char* between : {"", " ! queue max-size-bytes=8192"}) {  // pulled and pushed
    Player player(player_line(recording, between));
    EXPECT_TRUE(player.seekable());
    for (const GstClockTime time : kTimes) {
      ASSERT_TRUE(player.seek(time, flags)) << player.running().complaints();
      EXPECT_TRUE(player.pixels() == pictures.at(time)) << between << time;
      EXPECT_EQ(player.position(), static_cast<gint64>(time)) << between;
    }
    gst_element_set_state(player.running().pipeline(), GST_STATE_PLAYING);
    EXPECT_TRUE(player.running().wait_for_eos(kSeconds)) << player.running().complaints();
  }
}

INSTANTIATE_TEST_SUITE_P(All, Seek,
                         ::testing::Combine(::testing::Values(kSingleKey, kManyKeys),
                                            ::testing::Values(GST_SEEK_FLAG_NONE, GST_SEEK_FLAG_ACCURATE,
                                                              GST_SEEK_FLAG_KEY_UNIT)));

GstPadProbeReturn note_first(GstPad*, GstPadProbeInfo* info, gpointer first) {
  auto* time = static_cast<GstClockTime*>(first);
  if (!GST_CLOCK_TIME_IS_VALID(*time)) *time = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
  return GST_PAD_PROBE_OK;
}

// Only as much is decoded as has to be.
TEST(Files, AreReadFromTheKeyPictureBefore) {
  for (const auto& [properties, key] : {std::pair{kSingleKey, 0}, std::pair{kManyKeys, 40}}) {
    const Recording recording(properties);
    Player player("filesrc location=" + recording.path() + " ! crlscparse name=parser ! crlscdec ! fakesink name=out");
    GstElement* parser = gst_bin_get_by_name(GST_BIN(player.running().pipeline()), "parser");
    GstPad* pad = gst_element_get_static_pad(parser, "src");
    GstClockTime first = GST_CLOCK_TIME_NONE;
    const gulong probe = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, note_first, &first, nullptr);
    EXPECT_TRUE(player.seek(4520 * GST_MSECOND));
    gst_pad_remove_probe(pad, probe);
    gst_object_unref(pad);
    gst_object_unref(parser);
    EXPECT_EQ(first, static_cast<GstClockTime>(key) * kInterval);
  }
}

TEST(Files, SeeksWithAStop) {
  const Recording recording(kManyKeys);
  Player player(player_line(recording));
  ASSERT_TRUE(gst_element_seek(player.running().pipeline(), 1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET,
                               GST_SECOND, GST_SEEK_TYPE_SET, 2 * GST_SECOND));
  ASSERT_TRUE(player.running().go_to(GST_STATE_PAUSED));
  gst_element_set_state(player.running().pipeline(), GST_STATE_PLAYING);
  EXPECT_TRUE(player.running().wait_for_eos(kSeconds));
  EXPECT_LE(player.position(), static_cast<gint64>(2 * GST_SECOND));
}

// Nothing is there to show: the end, at once, and no error. From there one can go back.
TEST(Files, SeeksBehindTheEnd) {
  for (const char* properties : {kSingleKey, kManyKeys}) {
    const Recording recording(properties);
    Player player(player_line(recording));
    for (const GstClockTime time : {GstClockTime{kPictures} * kInterval, GstClockTime{1000} * GST_SECOND}) {
      ASSERT_TRUE(gst_element_seek_simple(player.running().pipeline(), GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                                          static_cast<gint64>(time)));
      gst_element_set_state(player.running().pipeline(), GST_STATE_PLAYING);
      EXPECT_TRUE(player.running().wait_for_eos(kSeconds)) << player.running().complaints();
      gst_element_set_state(player.running().pipeline(), GST_STATE_PAUSED);
    }
    const Pictures pictures(recording);
    ASSERT_TRUE(player.seek(GST_SECOND)) << player.running().complaints();
    EXPECT_TRUE(player.pixels() == pictures.at(GST_SECOND));
    EXPECT_EQ(player.running().complaints(), "");
  }
}

TEST(Files, PlayBackwards) {
  for (const char* properties : {kSingleKey, kManyKeys}) {
    const Recording recording(properties);
    const Pictures forwards(recording);
    const Pictures backwards(recording, -1);
    ASSERT_EQ(backwards.size(), forwards.size()) << properties;
    for (size_t i = 0; i < forwards.size(); ++i) {
      EXPECT_TRUE(backwards.at((kPictures - 1 - i) * kInterval) == forwards.at(i * kInterval)) << properties << i;
    }
  }
}

// GStreamer's own container keeps packets as they are.
TEST(Files, SurviveGdp) {
  const std::string video =
      "videotestsrc pattern=ball num-buffers=20 ! video/x-raw,width=80,height=64,framerate=10/1 ! "
      "crlscenc bitrate=100000 ";
  std::vector<std::string> shown;
  for (const char* container : {"", "! gdppay ! gdpdepay ", "! crlscparse ! gdppay ! gdpdepay ! crlscparse "}) {
    const Pictures pictures(video + container + "! crlscdec ! fakesink name=out");
    ASSERT_EQ(pictures.size(), 20U) << container;
    std::string all;
    for (GstClockTime i = 0; i < 20; ++i) all += pictures.at(i * kInterval);
    shown.push_back(all);
  }
  EXPECT_TRUE(shown[1] == shown[0]);
  EXPECT_TRUE(shown[2] == shown[0]);
}

// Where the file cannot be looked through beforehand, the bit rate is what there is to go by.
TEST(Files, DurationIsEstimatedWherePushed) {
  const Recording recording;
  Player player(player_line(recording, " ! queue max-size-buffers=1 max-size-bytes=0 max-size-time=0"));
  EXPECT_TRUE(player.seek(5 * GST_SECOND));
  EXPECT_GT(player.duration(), static_cast<gint64>(3 * GST_SECOND));
  EXPECT_LT(player.duration(), static_cast<gint64>(12 * GST_SECOND));
}

TEST(Files, ThatAreCutPlayFromTheNextKeyPicture) {
  const Recording recording(kManyKeys);
  const std::string bytes = read_file(recording.path());
  recording.replace(bytes.substr(bytes.size() / 3, bytes.size() / 2));
  Running running("playbin uri=" + recording.uri() + " video-sink=fakesink", true);
  gst_element_set_state(running.pipeline(), GST_STATE_PLAYING);
  EXPECT_TRUE(running.wait_for_eos(kSeconds)) << running.complaints();
  gint64 duration = 0;
  EXPECT_TRUE(gst_element_query_duration(running.pipeline(), GST_FORMAT_TIME, &duration));
  EXPECT_GT(duration, static_cast<gint64>(2 * GST_SECOND));
  EXPECT_LT(duration, static_cast<gint64>(4 * GST_SECOND));
  take_logged();  // the damage
}

TEST(Files, WithOnePercentFlippedPlayOn) {
  const Recording recording(kManyKeys);
  std::string bytes = read_file(recording.path());
  std::mt19937 random(1);
  for (size_t i = 0; i < bytes.size() / 100; ++i) {
    char& byte = bytes[random() % bytes.size()];
    byte = static_cast<char>(byte ^ static_cast<char>(1 + random() % 255));
  }
  recording.replace(bytes);
  const Pictures pictures(recording);
  EXPECT_GT(pictures.size(), static_cast<size_t>(kPictures) / 2);
  Player player(player_line(recording));
  EXPECT_TRUE(player.seek(4 * GST_SECOND)) << player.running().complaints();
  take_logged();  // the damage
}

}  // namespace
}  // namespace crlsc::testing
