// SPDX-License-Identifier: LGPL-2.1-or-later
// What a bit has to save, in squared error, to be sent: the Lagrange multiplier of all choices.
#pragma once

#include "core/codec/rate_control.h"

namespace crlsc {

// A number of bits leaves the least error if each saves the same, wherever it is spent (Shoham and Gersho, "Efficient bit
// allocation for an arbitrary set of quantizers", 1988). So the price changes slowly from picture to picture, and what a
// picture takes follows from it: busy ones take what others have left in the bucket. What a bucket cannot keep is spent
// on finer pictures.
class BitPrice {
 public:
  // The lowest price: what saves less is not sent, whatever the bit rate leaves. 0: none.
  void set_least(double price) { least_ = price; }
  double least() const { return least_; }

  // What suited a picture that was not chosen at next().
  void start(double price) { usual_ = price; }

  // For the next picture.
  double next(const RateControl::Budget& budget) const;
  // That picture took so many bits, or would have taken them at its price. `rate` is the bit rate.
  void took(double bits, const RateControl::Budget& budget, int rate);
  // The bit rate changes by this factor.
  void rate_changed(double factor);

 private:
  double usual_ = 1;
  double discount_ = 1;  // while there is more than pictures take
  double least_ = 0;
};

}  // namespace crlsc
