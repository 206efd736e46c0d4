// SPDX-License-Identifier: LGPL-2.1-or-later
// What a noisy channel leaves of meaning and picture: the channel of crlscchannel (core/channel/channel.h), without a
// pipeline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace crlsc::tools {

struct ChannelEvaluationOptions {
  std::string model;               // with a semantic head
  std::string skb;                 // whose codebooks make the codes
  std::vector<std::string> train;  // labelled pictures that the receiver knows
  std::vector<std::string> test;   // labelled pictures that are sent
  std::vector<double> snr{0, 5, 10, 15, 20};
  double protection_gain = 6;  // dB of the semantic layer, where it is protected
  size_t bytes = 600;          // of a coded picture, at most
  int side = 160;              // of the square that a picture is stretched to
  size_t most = 0;             // pictures that are sent, spread evenly; 0: all
  size_t k = 10;               // neighbours that vote
  std::string csv;             // lines are added
  uint64_t seed = 1;
  int threads = 0;
};

// `crlsc eval channel`: each picture is sent as a semantic unit and the units of a key picture, one packet each,
// through BPSK, QPSK and 16-QAM, with white noise and Rayleigh fading. Units with wrong bits are lost; codes are also
// looked up as they come, wrong bits and all. A picture without meaning counts as told wrongly.
void evaluate_channel(const ChannelEvaluationOptions& options);

}  // namespace crlsc::tools
