// SPDX-License-Identifier: LGPL-2.1-or-later
// The programs of examples/, and the lines of its README against them.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "launch_lines.h"
#include "running.h"
#include "support/process.h"

namespace crlsc::testing {
namespace {

constexpr int kPictures = 10;
constexpr int kSeconds = 60;

#ifdef CRLSC_RTSP_SERVER

std::vector<LaunchLine> client_lines() {
  const std::string path = CRLSC_SOURCE_ROOT "/examples/README.md";
  std::ifstream file(path);
  return find_in_markdown(path, {std::istreambuf_iterator<char>(file), {}});
}

TEST(RtspServer, ServesEveryDocumentedLine) {
  Process server({CRLSC_RTSP_SERVER, "--port", "0"});
  const std::string address = server.next("^rtsp://");
  ASSERT_FALSE(address.empty()) << server.all();
  const std::vector<LaunchLine> lines = client_lines();
  ASSERT_EQ(lines.size(), 3U);
  for (const LaunchLine& line : lines) {
    SCOPED_TRACE(line.arguments);
    std::string arguments = std::regex_replace(line.arguments, std::regex("rtsp://[^\\s]+"), address);
    // A player's sink is within it; it ends after so many pictures.
    arguments =
        std::regex_replace(arguments, std::regex("video-sink=autovideosink"), "video-sink='fakesink num-buffers=10'");
    arguments = std::regex_replace(arguments, std::regex("\\bautovideosink\\b"), "fakesink num-buffers=10");
    Running client(arguments);
    EXPECT_TRUE(client.go_to(GST_STATE_PLAYING)) << client.complaints();
    EXPECT_TRUE(client.wait_for_eos(kSeconds)) << client.complaints();
    EXPECT_EQ(client.complaints(), "");
  }
  server.stop();
  EXPECT_EQ(server.wait(), 0);
}

// The second client joins a stream that runs.
TEST(RtspServer, ServesTwoAtATime) {
  Process server({CRLSC_RTSP_SERVER, "--port", "0", "videotestsrc", "is-live=true", "!",
                  "video/x-raw,width=160,height=96,framerate=25/1"});
  const std::string address = server.next("^rtsp://");
  const std::string client = "rtspsrc location=" + address + " latency=100 ! rtpcrlscdepay ! crlscdec ! fakesink";
  Running first(client);
  ASSERT_TRUE(first.go_to(GST_STATE_PLAYING)) << first.complaints();
  ASSERT_TRUE(first.wait_for_buffers(kPictures, kSeconds)) << first.complaints();
  Running second(client);
  ASSERT_TRUE(second.go_to(GST_STATE_PLAYING)) << second.complaints();
  EXPECT_TRUE(second.wait_for_buffers(kPictures, kSeconds)) << second.complaints();
  EXPECT_TRUE(first.wait_for_buffers(kPictures, kSeconds)) << first.complaints();
}

TEST(RtspServer, SaysThatAPortIsTaken) {
  Process server({CRLSC_RTSP_SERVER, "--port", "0"});
  const std::string address = server.next("^rtsp://");
  const std::string port = std::regex_replace(address, std::regex(".*:([0-9]+)/.*"), "$1");
  Process other({CRLSC_RTSP_SERVER, "--port", port});
  EXPECT_NE(other.next("cannot listen at port " + port), "") << other.all();
  EXPECT_EQ(other.wait(), 1);
}

#endif

#ifdef CRLSC_WEBRTC_PAIR

TEST(WebrtcPair, SendsPictures) {
  Process pair({CRLSC_WEBRTC_PAIR, "--frames", "10"});
  EXPECT_EQ(pair.next("pictures$"), "10 pictures") << pair.all();
  EXPECT_EQ(pair.wait(), 0);
}

// The answer leaves out the payload type whose model is not there.
TEST(WebrtcPair, RefusesAStreamOfAnotherModel) {
  Process pair({CRLSC_WEBRTC_PAIR, "--frames", "10", "--model", CRLSC_OTHER_MODEL});
  EXPECT_NE(pair.next("^refused: the stream needs the model [0-9a-f]{16}, but there is [0-9a-f]{16}$"), "")
      << pair.all();
  EXPECT_EQ(pair.next("pictures$"), "0 pictures") << pair.all();
  EXPECT_EQ(pair.wait(), 2);
}

// Pictures need no knowledge base, so that naming one costs the sender no receiver; one of them may still insist.
TEST(WebrtcPair, ShowsAStreamThatNamesAKnowledgeBase) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, std::vector<std::string>{"--knowledge-base", "example.crlsckb"}}) {
    std::vector<std::string> words{CRLSC_WEBRTC_PAIR, "--frames", "10", "--sender-knowledge-base", "example.crlsckb"};
    words.insert(words.end(), options.begin(), options.end());
    Process pair(words);
    EXPECT_EQ(pair.next("pictures$"), "10 pictures") << pair.all();
    EXPECT_EQ(pair.wait(), 0);
  }
}

TEST(WebrtcPair, RefusesAStreamOfAnotherKnowledgeBaseIfTold) {
  Process pair(
      {CRLSC_WEBRTC_PAIR, "--sender-knowledge-base", "example.crlsckb", "--knowledge-base", CRLSC_OTHER_KNOWLEDGE});
  EXPECT_NE(pair.next("^refused: the stream needs the knowledge base [0-9a-f]{16}, but there is [0-9a-f]{16}$"), "")
      << pair.all();
  EXPECT_EQ(pair.next("pictures$"), "0 pictures") << pair.all();
  EXPECT_EQ(pair.wait(), 2);
}

TEST(WebrtcPair, NamesAKnowledgeBaseThatIsNotThere) {
  Process pair({CRLSC_WEBRTC_PAIR, "--knowledge-base", "/nowhere.crlsckb"});
  EXPECT_NE(pair.next("/nowhere.crlsckb.*option --knowledge-base"), "") << pair.all();
  EXPECT_EQ(pair.wait(), 1);
}

TEST(WebrtcPair, NamesAModelThatIsNotThere) {
  Process pair({CRLSC_WEBRTC_PAIR, "--model", "/nowhere.safetensors"});
  EXPECT_NE(pair.next("/nowhere.safetensors.*option --model"), "") << pair.all();
  EXPECT_EQ(pair.wait(), 1);
}

#endif

// A sender of red pictures whose stream says so.
std::string red_sender(const std::string& listening, const std::string& properties) {
  return "videotestsrc is-live=true pattern=red ! video/x-raw,width=160,height=96,framerate=10/1 ! "
         "crlscenc gop-size=10 knowledge-base=example.crlsckb semantic-interval=100 " +
         properties +
         " ! rtpcrlscpay config-interval=1 ! udpsink host=127.0.0.1 port=" + listening.substr(listening.rfind(' ') + 1);
}

// The examples that say what is shown, in C++ and in Python.
void expect_semantic_receiver(const std::vector<std::string>& program) {
  const auto start = [&](const char* until) {
    std::vector<std::string> words = program;
    words.insert(words.end(), {"--port", "0", "--knowledge-base", "example.crlsckb", until, "3"});
    return words;
  };
  for (const bool pictures : {true, false}) {
    Process receiver(start(pictures ? "--pictures" : "--messages"));
    const std::string listening = receiver.next("^listening at port");
    ASSERT_FALSE(listening.empty()) << receiver.all();
    Running sender(red_sender(listening, pictures ? "" : "mode=semantic"));
    ASSERT_TRUE(sender.go_to(GST_STATE_PLAYING)) << sender.complaints();
    const std::string kind = pictures ? "picture" : "message";
    EXPECT_NE(receiver.next("^" + kind + R"(: red \(entry 3, similarity (1\.00|0\.9[0-9])\)$)"), "") << receiver.all();
    receiver.next("nothing of this kind: to the end");
    EXPECT_EQ(receiver.wait(), 0) << receiver.all();
    // Without pictures, nothing but messages can have said it.
    EXPECT_EQ(receiver.all().find("picture: ") != std::string::npos, pictures) << receiver.all();
    EXPECT_NE(receiver.all().find("message: red"), std::string::npos) << receiver.all();
    EXPECT_EQ(receiver.all().find("message: blue"), std::string::npos) << receiver.all();
  }
}

TEST(Receive, SaysWhatIsShown) {
  expect_semantic_receiver({"/usr/bin/python3", CRLSC_SOURCE_ROOT "/examples/semantic_receive.py"});
}

#ifdef CRLSC_SEMANTIC_RECEIVER
TEST(SemanticReceiver, SaysWhatIsShown) { expect_semantic_receiver({CRLSC_SEMANTIC_RECEIVER}); }

TEST(SemanticReceiver, NamesAKnowledgeBaseThatIsNotThere) {
  Process receiver({CRLSC_SEMANTIC_RECEIVER, "--port", "0", "--knowledge-base", "nowhere.crlsckb"});
  EXPECT_NE(receiver.next("nowhere.crlsckb"), "") << receiver.all();
  EXPECT_EQ(receiver.wait(), 1);
}
#endif

TEST(Receive, PrintsStatistics) {
  Process receiver({"/usr/bin/python3", CRLSC_SOURCE_ROOT "/examples/receive.py", "--port", "0", "--pictures", "5"});
  const std::string listening = receiver.next("^listening at port");
  ASSERT_FALSE(listening.empty()) << receiver.all();
  Running sender(
      "videotestsrc is-live=true ! video/x-raw,width=160,height=96,framerate=10/1 ! crlscenc gop-size=10 ! "
      "rtpcrlscpay ! udpsink host=127.0.0.1 port=" +
      listening.substr(listening.rfind(' ') + 1));
  ASSERT_TRUE(sender.go_to(GST_STATE_PLAYING)) << sender.complaints();
  EXPECT_NE(receiver.next("^[0-9]+ pictures, 0 corrupted, 0 concealed, 0 packets lost, [0-9.]+ ms to decode$"), "")
      << receiver.all();
  EXPECT_EQ(receiver.wait(), 0) << receiver.all();
}

}  // namespace
}  // namespace crlsc::testing
