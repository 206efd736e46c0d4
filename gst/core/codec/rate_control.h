// SPDX-License-Identifier: LGPL-2.1-or-later
// How many bits a picture may take: a leaky bucket that drains at the bit rate.
#pragma once

#include <cstdint>

namespace crlsc {

class RateControl {
 public:
  // `steady`: pictures come at even times.
  explicit RateControl(int bits_per_second, bool steady = true) : rate_(bits_per_second), steady_(steady) {}

  // Takes effect with the next picture. What lies in the bucket stays, as far as it fits the new rate, if it is one.
  void set_rate(int bits_per_second);
  int rate() const { return rate_; }

  struct Budget {
    int target = 0;      // bits that this picture should take, if it has a use for them
    int limit = 0;       // bits that it must not exceed; negative: not even an empty picture fits
    int share = 0;       // bits of each picture if all take the same; 0 if that is not known
    int reserve = 0;     // bits that it may take if it is a key picture for which the limit is too little
    double fill = 0;     // of the bucket beyond where a busy stream keeps it, in parts of what it holds
    bool empty = false;  // the bucket is: what this picture leaves is lost
    bool most = false;   // nearly as much room as there will ever be: waiting brings no more
  };
  // `seconds` since the picture before (0 for the first), `interval` the usual time between pictures. Call once a
  // picture. `beside`: bits that are sent in any case and count as well; what the rate leaves over pays for them, and
  // the rest is taken off this picture and those that follow evenly, so that none has to do without.
  Budget next(double seconds, double interval, bool key, int64_t beside = 0);
  // What the picture really took, all layers and headers.
  void spent(int64_t bits);

  // Bits in the bucket.
  double level() const { return level_; }

 private:
  void owe(int64_t beside, double spare, double interval);

  double rate_;
  bool steady_;
  double level_ = 0;
  double debt_ = 0;         // bits sent beside pictures that the bucket does not hold yet
  double elapsed_ = 0;      // seconds since the first picture
  double first_level_ = 0;  // behind it
  double large_key_ = 0;    // when a picture took more than the bucket holds
  bool first_ = true;
};

}  // namespace crlsc
