// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether pictures are worth more at half size: where bits are few, blur costs less than what goes wrong with it.
#pragma once

namespace crlsc {

enum class ResizeMode { kNone, kHalf, kAuto };

class ResizeChoice {
 public:
  // `bits`: of the bit rate, for each luma sample that is shown.
  ResizeChoice(ResizeMode mode, double bits);

  bool half() const { return half_; }
  // A picture was sent, `seconds` after the one before, at this price of a bit (Encoder::lambda()); `moved`: share of
  // its cells. Decides about the next one.
  void sent(double lambda, double moved, double seconds);
  // Cells refer to pictures that have the size of what is shown.
  void forbid();

 private:
  ResizeMode mode_;
  bool half_;
  bool changed_ = false;
  double price_ = 0;  // logarithm of lambda, smoothed
  double moved_ = 0;  // smoothed
  double age_ = 0;    // seconds at this size
};

}  // namespace crlsc
