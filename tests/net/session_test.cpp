// SPDX-License-Identifier: LGPL-2.1-or-later
// The ladder of recovery between two processes over rtpbin, with RTCP both ways: loss feedback, key picture requests,
// retransmission, forward error correction.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/ports.h"
#include "transmission.h"

namespace crlsc::testing {
namespace {

constexpr int kFrames = 125;
constexpr double kEqual = 40;  // dB: no eye tells the pictures apart

class Session : public Transmission {
 protected:
  using Words = std::vector<std::string>;

  // `meanwhile` is called with the port of the sender's RTCP once it sends.
  void transmit(
      const Relay::Loss& loss, const Words& words, Words sender_words = {}, Words receiver_words = {},
      const std::function<void(int)>& meanwhile = [](int) {}) {
    const int rtp = free_port();
    const int receiver_rtcp = free_port();
    const int sender_rtcp = free_port();
    const auto join = [&](Words front, const Words& more) {
      front.insert(front.end(), words.begin(), words.end());
      front.insert(front.end(), more.begin(), more.end());
      return front;
    };
    Process receiver(join({CRLSC_SESSION_PEER, "receive", std::to_string(rtp), std::to_string(receiver_rtcp),
                           std::to_string(sender_rtcp), path("shown")},
                          receiver_words),
                     path("receiver.errors"));
    ASSERT_EQ(receiver.read().first, "ready") << receiver.errors();
    Relay relay(rtp, loss);
    sender_words.insert(sender_words.begin(), "frames=" + std::to_string(kFrames));
    Process sender(join({CRLSC_SESSION_PEER, "send", std::to_string(relay.port()), std::to_string(receiver_rtcp),
                         std::to_string(sender_rtcp), path("local")},
                        sender_words),
                   path("sender.errors"));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (relay.packets() == 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    meanwhile(sender_rtcp);
    finish(sender, receiver, relay, kFrames);
  }
};

TEST_F(Session, LossFree) {
  transmit(nothing_lost, {"feedback"});
  EXPECT_EQ(received_["pictures"], kFrames);
  EXPECT_EQ(received_["corrupted"], 0);
  EXPECT_EQ(sent_["feedback.packets-received"], 0);
  EXPECT_EQ(sent_["encoder.key-frames"], 1);
  EXPECT_TRUE(shown_ == local_);
}

// d10 d: lost units are told to the encoder, which refreshes what depends on them.
TEST_F(Session, d10_LossFeedback) {
  transmit(burst(40, 3), {"feedback"}, {"gop-size=0"});
  EXPECT_EQ(lost_, 3);
  EXPECT_EQ(received_["pictures"], kFrames);
  EXPECT_GT(received_["feedback.losses-told"], 0);
  EXPECT_GT(received_["feedback.packets-sent"], 0);
  EXPECT_GT(sent_["feedback.packets-received"], 0);
  EXPECT_EQ(sent_["feedback.packets-refused"], 0);
  EXPECT_GE(sent_["encoder.losses"], received_["decoder.losses"]) << "told twice";
  EXPECT_EQ(sent_["encoder.key-frames"], 1);
  ASSERT_EQ(shown_.size(), local_.size());
  EXPECT_GT(frames_that_differ(kEqual), 0);
  EXPECT_GE(psnr(kFrames - 1), kEqual);
}

// What a decoder has of an entry reaches the encoder.
TEST_F(Session, EntryReports) {
  transmit(nothing_lost, {"feedback"}, {}, {"entry"});
  EXPECT_EQ(received_["feedback.entries-told"], 1);
  EXPECT_GE(sent_["feedback.entries-received"], 1);
  EXPECT_LE(sent_["feedback.entries-received"], 2) << "told twice at most";
  EXPECT_EQ(sent_["entry-reports"], sent_["feedback.entries-received"]);
  EXPECT_EQ(sent_["feedback.packets-refused"], 0);
}

// d10 e: PLI becomes a key picture.
TEST_F(Session, d09_KeyPictureRequest) {
  transmit(burst(40, 3), {}, {}, {"request-keyframe=true"});
  EXPECT_GE(received_["depayloader.keyframe-requests"], 1);
  EXPECT_GE(sent_["encoder.key-frames"], 2);
  EXPECT_LE(sent_["encoder.key-frames"], 1 + received_["depayloader.keyframe-requests"]);
  EXPECT_EQ(received_["decoder.key-frames"], sent_["encoder.key-frames"]);
  ASSERT_EQ(shown_.size(), local_.size());
  EXPECT_EQ(psnr(kFrames - 1), 100) << "a key picture makes all right again";
}

// A receiver report without blocks, and a picture loss indication for SSRC 1 (RFC 4585, section 6.3.1).
const std::vector<uint8_t> kPictureLoss{0x80, 201, 0, 1, 0, 0, 0, 77, 0x81, 206, 0, 2, 0, 0, 0, 77, 0, 0, 0, 1};

// Sends what make(i) gives, so many times, over three seconds.
void flood(int port, int count, const std::function<std::vector<uint8_t>(int)>& make) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  const sockaddr_in to = loopback(port);
  for (int i = 0; i < count; ++i) {
    const std::vector<uint8_t> packet = make(i);
    ::sendto(socket, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    std::this_thread::sleep_for(std::chrono::microseconds(3000000 / count));
  }
  ::close(socket);
}

TEST_F(Session, d10_StormOfKeyPictureRequests) {
  transmit(nothing_lost, {}, {}, {}, [](int port) { flood(port, 100, [](int) { return kPictureLoss; }); });
  // In four seconds, one every 500 ms.
  EXPECT_GE(sent_["encoder.key-frames"], 2) << "the storm did not arrive";
  EXPECT_LE(sent_["encoder.key-frames"], 1 + 1 + kFrames / kFramesPerSecond * 2);
  std::printf("%ld key pictures\n", sent_["encoder.key-frames"]);
  EXPECT_EQ(received_["pictures"], kFrames);
}

// Forged feedback: random data, other versions, other streams, and true reports that all was lost.
TEST_F(Session, d11_HostileFeedback) {
  std::mt19937 random(9);
  const auto forge = [&](int i) {
    std::vector<uint8_t> packet{0x80, 201, 0, 1, 0, 0, 0, 77, 0x80, 204, 0, 0, 0, 0, 0, 77, 'C', 'R', 'L', 'S'};
    std::vector<uint8_t> data{0, 0, 0, 1, 1, 4, 0, 63, 0, 0, 0, 0};
    if (i % 4 == 1) packet[8] = 0x81;  // version
    if (i % 4 == 2) data[3] = 99;      // stream
    if (i % 4 == 3) {
      data.resize(4 + random() % 80 * 4);
      for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
    }
    packet.insert(packet.end(), data.begin(), data.end());
    packet[11] = static_cast<uint8_t>((packet.size() - 8) / 4 - 1);
    return packet;
  };
  transmit(nothing_lost, {"feedback"}, {}, {}, [&](int port) { flood(port, 600, forge); });
  EXPECT_GT(sent_["feedback.packets-received"], 300);
  EXPECT_GT(sent_["feedback.packets-refused"], sent_["feedback.packets-received"] / 2);
  EXPECT_GT(sent_["encoder.losses"], 10);
  EXPECT_EQ(sent_["encoder.key-frames"], 1);
  EXPECT_EQ(received_["pictures"], kFrames);
  EXPECT_TRUE(shown_ == local_);
}

// Who comes late asks, and gets a key picture.
TEST_F(Session, d10_LateJoinerAsks) {
  transmit([](int packet) { return packet < 30; }, {});
  EXPECT_EQ(lost_, 30);
  EXPECT_EQ(sent_["encoder.key-frames"], 2);
  EXPECT_GT(received_["pictures"], kFrames / 3);
  std::printf("first picture %ld ms after the first packet\n", received_["first-picture-ms"]);
}

TEST_F(Session, d10_RetransmissionHealsRandomLoss) {
  transmit(random_loss(0.1, kSeed, 3), {"rtx"});
  EXPECT_GT(lost_, packets_ / 20);
  EXPECT_GT(sent_["rtx.num-rtx-packets"], 0);
  EXPECT_GE(received_["pictures"], kFrames - 1);
  // Retransmissions are lost, too, and some come too late.
  EXPECT_LE(received_["depayloader.missing-pictures"], 3);
}

TEST_F(Session, d10_ForwardErrorCorrectionReducesGaps) {
  transmit(random_loss(0.1, kSeed, 3), {"fec"});
  EXPECT_GT(lost_, packets_ / 20);
  EXPECT_GT(sent_["fec.protected"], 0);
  EXPECT_GT(received_["fec.recovered"], 0);
  const long gaps = received_["depayloader.missing-pictures"];
  std::printf("%ld pictures missing, %ld packets recovered, %d lost\n", gaps, received_["fec.recovered"], lost_);
  EXPECT_LT(gaps, lost_ / 2);
}

// A receiver that has an entry of its sender's knowledge base through the stream is killed; another one takes its
// place.
class Restart : public Transmission {
 protected:
  void SetUp() override {
    Transmission::SetUp();
    Process maker({CRLSC_MAKE_SCENE_KNOWLEDGE, CRLSC_SHARED_KNOWLEDGE, path("sender.crlsckb")}, path("maker.errors"));
    ASSERT_EQ(maker.wait(), 0) << maker.errors();
  }

  // `file` is the knowledge base of the second receiver; the first one has "receiver.crlsckb".
  void restart(const char* file) {
    const std::string rtp = std::to_string(free_port());
    const std::string receiver_rtcp = std::to_string(free_port());
    const std::string sender_rtcp = std::to_string(free_port());
    const auto receiver = [&](const char* knowledge, const char* shown) {
      const std::vector<std::string> words{CRLSC_SESSION_PEER,
                                           "receive",
                                           rtp,
                                           receiver_rtcp,
                                           sender_rtcp,
                                           path(shown),
                                           "feedback",
                                           "decoder.knowledge-updates=true",
                                           "decoder.knowledge-base=" + path(knowledge)};
      return std::make_unique<Process>(words, path((std::string(shown) + ".errors").c_str()));
    };
    auto first = receiver("receiver.crlsckb", "first");
    ASSERT_EQ(first->read().first, "ready") << first->errors();
    Relay relay(std::stoi(rtp), nothing_lost);
    const std::string own = "knowledge-base=" + path("sender.crlsckb");
    Process sender({CRLSC_SESSION_PEER, "send", std::to_string(relay.port()), receiver_rtcp, sender_rtcp, path("local"),
                    "feedback", "scene", "frames=" + std::to_string(kPictures), "bitrate=40000", own,
                    "knowledge-updates=true", "knowledge-share=0.5", "decoder." + own},
                   path("sender.errors"));
    ASSERT_EQ(sender.read().first, "held") << sender.errors();
    first.reset();
    const auto second = receiver(file, "shown");
    ASSERT_EQ(second->read().first, "ready") << second->errors();
    ASSERT_NO_FATAL_FAILURE(finish(sender, *second, relay, kPictures));
    ASSERT_GE(shown_.size(), 2 * kFrameSize);
    for (const char* number : {"first-picture-ms", "key-bytes", "corrupted", "decoder.discarded"}) {
      std::printf("%s %ld, ", number, received_[number]);
    }
    std::printf("%ld bytes of entries, first picture %.1f dB from the last one\n", sent_["encoder.entry-bytes"],
                first_to_last());
  }

  // The number of the first picture that was shown among those next door; -1 if it is none of them.
  int first_number() const {
    for (int i = 0; i < kPictures; ++i) {
      if (local_.compare(static_cast<size_t>(i) * kFrameSize, kFrameSize, shown_, 0, kFrameSize) == 0) return i;
    }
    return -1;
  }

  // How much finer the picture became after the first one that was shown: dB, of rows in which nothing moves.
  double first_to_last() const {
    const size_t last = shown_.size() - kFrameSize;
    double sum = 0;
    for (size_t i = 0; i < kStill; ++i) {
      sum += std::pow(static_cast<uint8_t>(shown_[i]) - static_cast<uint8_t>(shown_[last + i]), 2);
    }
    return sum == 0 ? 100 : 10 * std::log10(255.0 * 255 * kStill / sum);
  }

  static constexpr int kPictures = 300;
  static constexpr size_t kStill = kLumaSize / 2;
};

// What it has on disk is there at once, in the first picture of all.
TEST_F(Restart, WithTheFile) {
  ASSERT_NO_FATAL_FAILURE(restart("receiver.crlsckb"));
  EXPECT_EQ(received_["corrupted"], 0);
  EXPECT_EQ(received_["decoder.concealed"], 0);
  EXPECT_GE(first_to_last(), kEqual);
  EXPECT_EQ(received_["decoder.discarded"], 0);
  EXPECT_GE(first_number(), 0) << "it is another picture than next door";
  EXPECT_LT(received_["key-bytes"], 250) << "without the entry it takes some 400";
  EXPECT_EQ(received_["decoder.entries"], 0);
  EXPECT_EQ(sent_["encoder.entries"], 1);
}

// The first key picture says nothing to it. It gets one that needs no entry, or all of the entry before that.
TEST_F(Restart, WithoutTheFile) {
  ASSERT_NO_FATAL_FAILURE(restart("other.crlsckb"));
  EXPECT_GT(received_["decoder.discarded"], 0);
}

}  // namespace
}  // namespace crlsc::testing
