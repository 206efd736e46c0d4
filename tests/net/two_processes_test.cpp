// SPDX-License-Identifier: LGPL-2.1-or-later
// Sender and receiver as processes of their own, with UDP between them, intact and lossy.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "transmission.h"

namespace crlsc::testing {
namespace {

constexpr int kFrames = 75;
// The packets of the first pictures: without a key picture there is nothing to heal.
constexpr int kSparedPackets = 3;

class TwoProcesses : public Transmission {
 protected:
  using Words = std::vector<std::string>;

  // Sends `frames` frames through a relay; `wanted` is what the receiver waits for. Options are those of peer.cpp.
  void transmit(const Relay::Loss& loss, const std::string& receiver_option = "", int wanted = kFrames,
                const Words& sender_options = {}, int frames = kFrames) {
    Words words{CRLSC_PEER, "receive", std::to_string(wanted), path("shown")};
    if (!receiver_option.empty()) words.push_back(receiver_option);
    Process receiver(words, path("receiver.errors"));
    const auto port = receiver.read();
    ASSERT_EQ(port.first, "port") << receiver.errors();
    Relay relay(static_cast<int>(port.second), loss);
    words = {CRLSC_PEER, "send", std::to_string(relay.port()), std::to_string(frames), path("local")};
    words.insert(words.end(), sender_options.begin(), sender_options.end());
    Process sender(words, path("sender.errors"));
    finish(sender, receiver, relay, frames);
  }

  void expect_healing_of_random_loss() {
    EXPECT_GT(lost_, packets_ / 20);
    EXPECT_LT(lost_, packets_ / 5);
    EXPECT_EQ(received_["pictures"], kFrames);
    ASSERT_EQ(shown_.size(), local_.size());
    EXPECT_GT(received_["corrupted"], 0);
    EXPECT_GT(frames_that_differ(100), 0);
    double sum = 0;
    for (int i = 0; i < kFrames; ++i) sum += std::min(psnr(i), 50.0);
    EXPECT_GT(sum / kFrames, 20);
    EXPECT_EQ(received_["decoder.errors"], 0);
    EXPECT_EQ(sent_["encoder.key-frames"], 1);
  }
};

TEST_F(TwoProcesses, LossFree) {
  transmit(nothing_lost);
  EXPECT_EQ(lost_, 0);
  EXPECT_GE(packets_, kFrames / 4);
  EXPECT_EQ(received_["pictures"], kFrames);
  EXPECT_EQ(received_["corrupted"], 0);
  EXPECT_EQ(received_["depayloader.packets"], packets_);
  EXPECT_TRUE(shown_ == local_);
}

TEST_F(TwoProcesses, LossFreeThroughAJitterBuffer) {
  transmit(nothing_lost, "jitterbuffer");
  EXPECT_EQ(received_["pictures"], kFrames);
  EXPECT_EQ(received_["corrupted"], 0);
  EXPECT_TRUE(shown_ == local_);
}

TEST_F(TwoProcesses, TenPercentLoss) {
  transmit(random_loss(0.1, kSeed, kSparedPackets));
  expect_healing_of_random_loss();
}

TEST_F(TwoProcesses, TenPercentLossThroughAJitterBuffer) {
  transmit(random_loss(0.1, kSeed, kSparedPackets), "jitterbuffer");
  expect_healing_of_random_loss();
}

TEST_F(TwoProcesses, BurstOfThreeLostPackets) {
  constexpr int kBurst = 20;
  transmit(burst(kBurst, 3));
  EXPECT_EQ(lost_, 3);
  EXPECT_EQ(received_["pictures"], kFrames);
  ASSERT_EQ(shown_.size(), local_.size());
  EXPECT_GT(frames_that_differ(100), 0);
  EXPECT_EQ(sent_["encoder.key-frames"], 1);
  for (int i = kFrames - kFramesPerSecond / 2; i < kFrames; ++i) EXPECT_GT(psnr(i), 30) << i;
}

// Who comes late sees the stream from its next key picture on.
TEST_F(TwoProcesses, ReceiverThatMissesTheBeginning) {
  constexpr int kKeyInterval = 25;
  constexpr int kMissed = 10;
  transmit([](int packet) { return packet < kMissed; }, "", kFrames - kKeyInterval,
           {"gop-size=" + std::to_string(kKeyInterval)});
  EXPECT_EQ(received_["pictures"], kFrames - kKeyInterval);
  EXPECT_EQ(lost_, kMissed);
  ASSERT_EQ(shown_.size(), (kFrames - kKeyInterval) * kFrameSize);
  EXPECT_TRUE(shown_ == local_.substr(kKeyInterval * kFrameSize));
}

// Where there is no way back and no other key picture, the stream is shown all the same, better and better.
TEST_F(TwoProcesses, ReceiverThatMissesTheOnlyKeyPicture) {
  constexpr int kLong = 6 * kFramesPerSecond;
  transmit(burst(0, 10), "", kLong, {"gop-size=0", "config-interval=1"}, kLong);
  EXPECT_EQ(received_["decoder.key-frames"], 0);
  // From two seconds on, by the times at which a busy machine brought the packets.
  const int shown = static_cast<int>(received_["pictures"]);
  ASSERT_GE(shown, kFramesPerSecond);
  EXPECT_LT(shown, kLong - kFramesPerSecond);
  EXPECT_EQ(received_["corrupted"], shown);
  ASSERT_EQ(shown_.size(), static_cast<size_t>(shown) * kFrameSize);
  EXPECT_GT(psnr(kLong - 1, kLong - shown), psnr(kLong - shown, kLong - shown));
}

TEST_F(TwoProcesses, ReceiverWithoutSender) {
  Process receiver({CRLSC_PEER, "receive", "0", path("shown")}, path("receiver.errors"));
  const auto numbers = receiver.read_all();
  EXPECT_GT(numbers.at("port"), 0);
  EXPECT_EQ(numbers.at("pictures"), 0);
  EXPECT_EQ(receiver.wait(), 0);
  EXPECT_EQ(receiver.errors(), "");
}

TEST(RandomLoss, IsRepeatable) {
  const auto a = random_loss(0.1, 1, 3);
  const auto b = random_loss(0.1, 1, 3);
  const auto other = random_loss(0.1, 2, 3);
  int lost = 0;
  int different = 0;
  for (int i = 0; i < 10000; ++i) {
    const bool now = a(i);
    EXPECT_EQ(now, b(i));
    different += other(i) != now ? 1 : 0;
    lost += now ? 1 : 0;
    EXPECT_FALSE(i < 3 && now);
  }
  EXPECT_NEAR(lost, 1000, 150);
  EXPECT_GT(different, 1000);
}

}  // namespace
}  // namespace crlsc::testing
