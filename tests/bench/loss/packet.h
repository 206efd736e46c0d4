// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes over the link.
#pragma once

#include <vector>

#include "chain.h"

namespace crlsc::bench {

constexpr size_t kIpUdpHeaders = 20 + 8;
constexpr size_t kRtpHeader = 12;

enum class Protection { kNone, kCorrection, kRetransmission };

struct Packet {
  Buffer buffer;
  int number = 0;           // of all packets of the stream, from 0, retransmissions apart
  int picture = 0;          // what it belongs to, or what had just been sent when it came
  bool correction = false;  // a packet of error correction
};

// What one picture became.
struct SentPicture {
  std::vector<Packet> packets;
  bool key = false;
};

}  // namespace crlsc::bench
