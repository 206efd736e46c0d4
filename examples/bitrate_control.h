// SPDX-License-Identifier: LGPL-2.1-or-later
// From what RTCP receiver reports say to a bit rate.
#pragma once

#include <algorithm>

namespace example {

// What a receiver reports of the time since its report before.
struct Report {
  double loss = 0;        // share of the packets, 0..1
  double round_trip = 0;  // seconds; 0: not known yet
};

// Raises the rate while nothing is lost and nothing waits, and lowers it when packets get lost or queues grow, as
// Google Congestion Control does from losses (draft-ietf-rmcat-gcc-02, section 6). A codec that heals by itself can
// live with a few per cent of loss; a queue that grows means delay for everybody who shares the link.
class BitrateControl {
 public:
  BitrateControl(double start, double least, double most) : rate_(start), least_(least), most_(most) {}

  // The rate in bit/s to go on with.
  double update(const Report& report) {
    if (report.round_trip > 0) {
      shortest_ = shortest_ > 0 ? std::min(shortest_, report.round_trip) : report.round_trip;
    }
    const bool queueing = report.round_trip > shortest_ + kMostQueue;
    if (report.loss > kMuchLoss) {
      rate_ *= 1 - report.loss / 2;
    } else if (queueing) {
      rate_ *= kBackOff;
    } else if (report.loss < kLittleLoss) {
      rate_ *= kProbe;
    }
    rate_ = std::clamp(rate_, least_, most_);
    return rate_;
  }

 private:
  static constexpr double kLittleLoss = 0.02;
  static constexpr double kMuchLoss = 0.1;
  static constexpr double kProbe = 1.05;
  static constexpr double kBackOff = 0.85;
  static constexpr double kMostQueue = 0.2;  // seconds

  double rate_;
  double least_;
  double most_;
  double shortest_ = 0;  // round trip, seconds
};

}  // namespace example
