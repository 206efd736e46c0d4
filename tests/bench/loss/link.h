// SPDX-License-Identifier: LGPL-2.1-or-later
// The link between two ends: crlscchannel, under one condition.
#pragma once

#include <optional>
#include <string>

#include "chain.h"

namespace crlsc::bench {

// What a link does to packets, written as
//   loss:0.05          loses each with this probability
//   bursts:3           loses so many one after the other, every some seconds
//   snr:10:awgn:drop   a radio link with BPSK at so many dB, fading "awgn" (none) or "rayleigh", where packets with a
//                      wrong bit are lost ("drop") or handed on with an intact header ("deliver")
struct Condition {
  enum class Kind { kLoss, kBursts, kSnr };
  Kind kind = Kind::kLoss;
  double value = 0;
  bool rayleigh = false;
  bool deliver = false;
  std::string text;

  // Throws Error(kSettings) for anything else.
  static Condition parse(const std::string& text);
  bool lossless() const { return kind == Kind::kLoss && value == 0; }
};

class Link {
 public:
  Link(const Condition& condition, uint64_t seed, GstCaps* caps);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link();

  // Packets before this pass.
  void begin();
  // Loses the next packets; their number is the condition's.
  void burst();
  // What arrives: nothing, the packet, or a damaged copy.
  std::optional<Buffer> transmit(const Buffer& packet);

  int packets() const { return packets_; }
  int lost() const { return lost_; }

 private:
  Condition condition_;
  Chain chain_;
  GstElement* channel_;
  int packets_ = 0;
  int lost_ = 0;
};

}  // namespace crlsc::bench
