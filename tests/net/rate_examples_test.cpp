// SPDX-License-Identifier: LGPL-2.1-or-later
// Of the example programs: a sender that follows its receiver's reports.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bitrate_control.h"
#include "relay.h"
#include "support/ports.h"
#include "support/process.h"

namespace crlsc::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kBitrate = 20000;

// What both print in the end; of the sender, the last bit rate.
std::map<std::string, long> run_examples(const Relay::Loss& loss) {
  std::string name = (fs::temp_directory_path() / "crlsc-rate-examples-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder");
  const fs::path folder = name;
  const int rtp = free_port();
  const std::string rtcp = std::to_string(free_port());
  const std::string report = std::to_string(free_port());
  std::map<std::string, long> numbers;
  {
    Process receiver({CRLSC_RECEIVER, "--port", std::to_string(rtp), "--rtcp-port", rtcp, "--report-port", report,
                      "--sink", "fakesink", "--seconds", "14"},
                     folder / "receiver.errors");
    Relay relay(rtp, loss);
    Process sender({CRLSC_ADAPTIVE_SENDER, "--port", std::to_string(relay.port()), "--rtcp-port", rtcp, "--report-port",
                    report, "--bitrate", std::to_string(kBitrate), "--seconds", "10"},
                   folder / "sender.errors");
    for (auto line = sender.read(); !line.first.empty(); line = sender.read()) {
      ++numbers["reports"];
      numbers["bitrate"] = line.second;
    }
    for (const auto& [key, value] : receiver.read_all()) numbers[key] = value;
    EXPECT_EQ(sender.wait(), 0);
    EXPECT_EQ(receiver.wait(), 0);
    EXPECT_EQ(sender.errors(), "");
    EXPECT_EQ(receiver.errors(), "");
  }
  fs::remove_all(folder);
  return numbers;
}

TEST(RateExamples, TheRateRisesWhileNothingIsLost) {
  auto numbers = run_examples([](int) { return false; });
  EXPECT_GE(numbers["reports"], 2);
  EXPECT_GT(numbers["bitrate"], kBitrate);
  EXPECT_GT(numbers["frames"], 20);
}

TEST(RateExamples, TheRateFallsWithLosses) {
  auto numbers = run_examples(random_loss(0.4, 1, 3));
  EXPECT_GE(numbers["reports"], 2);
  EXPECT_LT(numbers["bitrate"], kBitrate);
  EXPECT_GT(numbers["frames"], 10);
}

TEST(BitrateControl, FollowsLoss) {
  example::BitrateControl control(20000, 5000, 30000);
  EXPECT_NEAR(control.update({0.05, 0}), 20000, 1) << "some loss changes nothing";
  EXPECT_NEAR(control.update({0.2, 0}), 18000, 1);
  EXPECT_GT(control.update({0, 0}), 18000);
  for (int i = 0; i < 100; ++i) control.update({0, 0});
  EXPECT_EQ(control.update({0, 0}), 30000);
  for (int i = 0; i < 100; ++i) control.update({0.9, 0});
  EXPECT_EQ(control.update({0.9, 0}), 5000);
}

TEST(BitrateControl, FollowsQueues) {
  example::BitrateControl control(20000, 5000, 100000);
  control.update({0, 0.1});
  const double before = control.update({0, 0.25});
  EXPECT_LT(control.update({0, 0.5}), before);
  EXPECT_GT(control.update({0, 0.12}), before * 0.85);
}

}  // namespace
}  // namespace crlsc::testing
