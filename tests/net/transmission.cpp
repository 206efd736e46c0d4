// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transmission.h"

#include <stdlib.h>

#include <cmath>
#include <fstream>
#include <iterator>

namespace crlsc::testing {
namespace {

namespace fs = std::filesystem;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Relay::Loss burst(int first, int count) {
  return [=](int packet) { return packet >= first && packet < first + count; };
}

void Transmission::SetUp() {
  std::string name = (fs::temp_directory_path() / "crlsc-net-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  folder_ = name;
}

void Transmission::TearDown() { fs::remove_all(folder_); }

void Transmission::finish(Process& sender, Process& receiver, const Relay& relay, int frames) {
  sent_ = sender.read_all();
  received_ = receiver.read_all();
  EXPECT_EQ(sender.wait(), 0);
  EXPECT_EQ(receiver.wait(), 0);
  EXPECT_EQ(sender.errors(), "");
  EXPECT_EQ(receiver.errors(), "");
  packets_ = relay.packets();
  lost_ = relay.lost();
  local_ = read_file(path("local"));
  shown_ = read_file(path("shown"));
  ASSERT_EQ(sent_["encoder.frames"], frames);
  ASSERT_EQ(local_.size(), static_cast<size_t>(frames) * kFrameSize);
}

double Transmission::psnr(int frame, int from) const {
  const size_t local = static_cast<size_t>(frame) * kFrameSize;
  const size_t shown = static_cast<size_t>(frame - from) * kFrameSize;
  double sum = 0;
  for (size_t i = 0; i < kLumaSize; ++i) {
    const double difference = static_cast<uint8_t>(local_[local + i]) - static_cast<uint8_t>(shown_[shown + i]);
    sum += difference * difference;
  }
  return sum == 0 ? 100 : 10 * std::log10(255.0 * 255 * kLumaSize / sum);
}

int Transmission::frames_that_differ(double least) const {
  int count = 0;
  for (size_t i = 0; i < shown_.size() / kFrameSize; ++i) count += psnr(static_cast<int>(i)) < least ? 1 : 0;
  return count;
}

}  // namespace crlsc::testing
