// SPDX-License-Identifier: LGPL-2.1-or-later
// A test of two processes that send and receive, and what can be said of it afterwards.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "relay.h"
#include "support/process.h"

namespace crlsc::testing {

constexpr int kFramesPerSecond = 25;
constexpr size_t kLumaSize = 128 * 96;
constexpr size_t kFrameSize = kLumaSize * 3 / 2;
constexpr unsigned kSeed = 5;

inline bool nothing_lost(int) { return false; }
// Loses `count` packets from packet `first` on.
Relay::Loss burst(int first, int count);

class Transmission : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string path(const char* name) const { return (folder_ / name).string(); }
  // Reads what both print, up to their ends, and what they left behind; the sender sent so many frames. Use
  // ASSERT_NO_FATAL_FAILURE.
  void finish(Process& sender, Process& receiver, const Relay& relay, int frames);

  // Between what was shown next door and here: luma, dB; 100 if there is no difference. `from` frames were not shown
  // here at the beginning.
  double psnr(int frame, int from = 0) const;
  // Frames that were shown, and have less than this PSNR.
  int frames_that_differ(double least) const;

  std::map<std::string, long> sent_;
  std::map<std::string, long> received_;
  std::string local_;  // as a receiver next door shows it: raw I420
  std::string shown_;
  int packets_ = 0;
  int lost_ = 0;

 private:
  std::filesystem::path folder_;
};

}  // namespace crlsc::testing
