// SPDX-License-Identifier: LGPL-2.1-or-later
// Every launch line that README, documents and element descriptions show is run.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <regex>

#include "launch_lines.h"
#include "running.h"
#include "support/ports.h"

namespace crlsc::testing {
namespace {

constexpr int kEnoughBuffers = 10;
constexpr int kSeconds = 60;
constexpr guint32 kSeed = 1;
// Sends what a receiving line needs if its own document has no sender for its port.
constexpr const char* kSender =
    "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=10/1 ! crlscenc ! rtpcrlscpay ! "
    "udpsink host=127.0.0.1 port=";

const std::vector<LaunchLine>& all_lines() {
  static const std::vector<LaunchLine> lines = find_all(CRLSC_SOURCE_ROOT);
  return lines;
}

// Where lines write files and read them; it goes away with them.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("crlsc-lines-" + std::to_string(getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Neither a screen nor a camera is needed to run a line, no port is taken that somebody else may use, and no file is
// left behind. Knowledge bases are found on the model path.
std::string adapted(std::string arguments, const std::string& port, int free, const Folder& folder) {
  const std::pair<const char*, const char*> changes[] = {
      {"\\bautovideosink\\b", "fakesink"},
      {"\\bfpsdisplaysink\\b", "fpsdisplaysink video-sink=fakesink"},
      {"\\bv4l2src( device=\\S+)?", "videotestsrc is-live=true"},
  };
  for (const auto& [from, to] : changes) arguments = std::regex_replace(arguments, std::regex(from), to);
  arguments = std::regex_replace(arguments, std::regex("\\blocation=(?!\\S*\\.crlsckb)([^/\\s]+)"),
                                 "location=" + folder.path().string() + "/$1");
  if (!port.empty()) {
    arguments = std::regex_replace(arguments, std::regex("\\bport=" + port + "\\b"), "port=" + std::to_string(free));
  }
  return arguments;
}

// The sender to the port in the line's document, or one made up.
std::string sender_for(const LaunchLine& receiver, const std::string& port) {
  for (const LaunchLine& line : all_lines()) {
    if (line.file == receiver.file && property_of(line.arguments, "udpsink", "port") == port) return line.arguments;
  }
  return kSender + port;
}

// The line in the same document that writes the file; empty if there is none.
std::string writer_of(const LaunchLine& reader, const std::string& name) {
  for (const LaunchLine& line : all_lines()) {
    if (line.file == reader.file && property_of(line.arguments, "filesink", "location") == name) return line.arguments;
  }
  return {};
}

class DocumentedLine : public ::testing::TestWithParam<LaunchLine> {
 protected:
  void SetUp() override {
    take_logged();
    // Lines that lose packets at random lose the same ones every time.
    g_random_set_seed(kSeed);
  }

  // Writes the file that a line reads, unless it is the system's.
  void write_input(const LaunchLine& line) {
    const std::string name = property_of(line.arguments, "filesrc", "location");
    if (name.empty() || name[0] == '/') return;
    Running writer(adapted(writer_of(line, name), "", 0, folder_), true);
    gst_element_set_state(writer.pipeline(), GST_STATE_PLAYING);
    ASSERT_TRUE(writer.wait_for_eos(kSeconds)) << writer.complaints();
  }

  Folder folder_;
};

TEST_P(DocumentedLine, Runs) {
  const LaunchLine& line = GetParam();
  SCOPED_TRACE(line.file + ":" + std::to_string(line.number) + ": " + line.arguments);
  const std::string receives = property_of(line.arguments, "udpsrc", "port");
  const std::string sends = property_of(line.arguments, "udpsink", "port");
  const int port = free_port();
  const bool ends = line.arguments.find("num-buffers=") != std::string::npos;
  ASSERT_NO_FATAL_FAILURE(write_input(line));
  Running running(adapted(line.arguments, receives.empty() ? sends : receives, port, folder_), ends);
  ASSERT_GT(running.sinks(), 0);
  ASSERT_TRUE(running.go_to(receives.empty() ? GST_STATE_PAUSED : GST_STATE_READY)) << running.complaints();
  gst_element_set_state(running.pipeline(), GST_STATE_PLAYING);
  std::unique_ptr<Running> sender;
  if (!receives.empty()) {
    sender = std::make_unique<Running>(adapted(sender_for(line, receives), receives, port, folder_));
    gst_element_set_state(sender->pipeline(), GST_STATE_PLAYING);
  }
  if (ends) {
    EXPECT_TRUE(running.wait_for_eos(kSeconds));
  } else {
    EXPECT_TRUE(running.wait_for_buffers(kEnoughBuffers, kSeconds));
  }
  EXPECT_EQ(running.complaints(), "");
  EXPECT_EQ(sender ? sender->complaints() : "", "");
  EXPECT_EQ(take_logged(), "");
}

std::string name_of(const ::testing::TestParamInfo<LaunchLine>& info) {
  return std::regex_replace(info.param.file, std::regex("[^A-Za-z0-9]"), "_") + "_" + std::to_string(info.param.number);
}

INSTANTIATE_TEST_SUITE_P(All, DocumentedLine, ::testing::ValuesIn(all_lines()), name_of);

// Each element that is described is shown at work in its own description.
TEST(Documentation, EveryElementHasALaunchLine) {
  namespace fs = std::filesystem;
  int elements = 0;
  for (const auto& entry : fs::recursive_directory_iterator(CRLSC_SOURCE_ROOT "/plugins")) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() != ".cpp" || stem.compare(0, 3, "gst") != 0) continue;
    ++elements;
    const std::string element = stem.substr(3);
    bool shown = false;
    for (const LaunchLine& line : all_lines()) {
      shown |= fs::path(line.file).stem() == stem && line.arguments.find(element) != std::string::npos;
    }
    EXPECT_TRUE(shown) << element;
  }
  EXPECT_GE(elements, 5);
}

TEST(Documentation, ReadmeHasSenderAndReceiver) {
  std::string sent;
  std::string received;
  for (const LaunchLine& line : all_lines()) {
    if (line.file != "README.md") continue;
    sent += property_of(line.arguments, "udpsink", "port");
    received += property_of(line.arguments, "udpsrc", "port");
  }
  EXPECT_NE(sent, "");
  EXPECT_EQ(sent, received);
}

TEST(LaunchLines, OnlyTaggedBlocksOfMarkdown) {
  const auto lines = find_in_markdown("a.md",
                                      "text gst-launch-1.0 no\n```sh\ngst-launch-1.0 untagged\n```\n<!-- run -->\n"
                                      "```sh\nls\ngst-launch-1.0 -v -e one ! \\\n    two\n\ngst-launch-1.0 three\n```\n"
                                      "gst-launch-1.0 after\n");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].arguments, "one !  two");
  EXPECT_EQ(lines[0].number, 8);
  EXPECT_EQ(lines[1].arguments, "three");
}

TEST(LaunchLines, ExamplesOfSources) {
  const auto lines =
      find_in_source("a.cpp",
                     "/**\n * gst-launch-1.0 outside\n * |[\n * gst-launch-1.0 one !\n * two\n * ]| Text.\n"
                     " * |[\n * gst-launch-1.0 three\n * ]|\n */\ngst-launch-1.0 code\n");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].arguments, "one ! two");
  EXPECT_EQ(lines[1].arguments, "three");
  EXPECT_EQ(lines[1].number, 8);
}

TEST(LaunchLines, PropertiesOfElements) {
  const std::string line = "udpsrc port=5004 caps=\"x,port=1\" ! queue ! udpsink host=127.0.0.1 port=6000";
  EXPECT_EQ(property_of(line, "udpsrc", "port"), "5004");
  EXPECT_EQ(property_of(line, "udpsink", "port"), "6000");
  EXPECT_EQ(property_of(line, "udpsink", "host"), "127.0.0.1");
  EXPECT_EQ(property_of(line, "queue", "port"), "");
  EXPECT_EQ(property_of(line, "filesink", "port"), "");
}

TEST(Running, NoticesWhatGoesWrong) {
  take_logged();
  EXPECT_THROW(Running("fakesrc ! no-such-element"), std::runtime_error);
  EXPECT_THROW(Running("fakesrc 'unbalanced"), std::runtime_error);
  Running failing("fakesrc num-buffers=3 ! identity error-after=2 ! fakesink");
  gst_element_set_state(failing.pipeline(), GST_STATE_PLAYING);
  EXPECT_FALSE(failing.wait_for_eos(kSeconds));
  EXPECT_NE(failing.complaints(), "");
  Running silent("fakesrc num-buffers=3 ! valve drop=true ! fakesink async=false");
  gst_element_set_state(silent.pipeline(), GST_STATE_PLAYING);
  EXPECT_FALSE(silent.wait_for_buffers(1, 1));
  g_warning("said on purpose");
  EXPECT_NE(take_logged(), "");
}

}  // namespace
}  // namespace crlsc::testing
