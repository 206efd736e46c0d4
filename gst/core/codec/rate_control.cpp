// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/rate_control.h"

#include <algorithm>

namespace crlsc {
namespace {

// Over any five seconds a stream may exceed its rate by what the bucket holds: 0.4 s is 8 %.
constexpr double kCapacity = 0.4;  // seconds at the rate
// Of the capacity: where a busy stream keeps the bucket. Cuts use the rest; gaps between pictures drain what is in it.
constexpr double kRestLevel = 0.25;
constexpr double kUnsteadyRestLevel = 0.5;
constexpr double kReaction = 0.25;     // share of the distance to the rest level made up with each picture
constexpr double kFirstPicture = 0.7;  // seconds at the rate that the first picture may take
constexpr double kSettling = 1.5;      // seconds until the bucket is no fuller than ever after
constexpr double kStart = 1.0;         // seconds that may overrun the rate, and how far
constexpr double kDropLevel = 0.5;     // seconds at the rate that the bucket never exceeds afterwards
constexpr double kNearlyAll = 0.9;     // of the capacity: not worth waiting for more
constexpr double kInstalment = 0.2;    // of a picture's share: what it pays of earlier bits beside pictures
constexpr double kMostDebt = 0.4;      // seconds at the rate that may be owed
constexpr int kStillBits = 160;        // a picture without any change fits in here
constexpr int kKeyBits = 1600;   // and a coarse key picture with all headers: below 4 kbit/s, more than the bucket
constexpr double kKeyPause = 5;  // seconds between two key pictures that take more than the bucket

}  // namespace

void RateControl::spent(int64_t bits) {
  level_ += static_cast<double>(bits);
  if (elapsed_ == 0) first_level_ = level_;
  if (level_ > kDropLevel * rate_) large_key_ = elapsed_;
}

void RateControl::set_rate(int bits_per_second) {
  if (bits_per_second == rate_) return;
  rate_ = bits_per_second;
  // What was sent at a higher rate was allowed then: a lower one must not stop the stream until it is made good.
  level_ = std::min(level_, kCapacity * rate_);
  debt_ = std::min(debt_, kMostDebt * rate_);
}

// Takes on what is sent beside the picture, and pays a part of all that is owed.
void RateControl::owe(int64_t beside, double spare, double interval) {
  debt_ = std::max(0.0, debt_ + static_cast<double>(beside) - spare);
  const double part = std::max(kInstalment * rate_ * interval, debt_ - kMostDebt * rate_);
  const double paid = std::min(debt_, part);
  debt_ -= paid;
  level_ += paid;
}

RateControl::Budget RateControl::next(double seconds, double interval, bool key, int64_t beside) {
  const double spare = std::max(0.0, rate_ * seconds - level_);
  level_ = std::max(0.0, level_ - rate_ * seconds);
  owe(beside, spare, interval);
  elapsed_ += seconds;
  // What the first picture took is made good over many, as what moves in them has to be shown.
  const double settled = std::min(1.0, elapsed_ / kSettling);
  const auto settling = [settled](double from, double to) { return from + (to - from) * settled; };
  const double capacity = settling(kFirstPicture, kCapacity) * rate_;
  Budget b;
  b.share = static_cast<int>(rate_ * interval);
  if (first_) {
    first_ = false;
    const double most = std::min(kFirstPicture * rate_, kStart * rate_ - static_cast<double>(beside));
    b.limit = static_cast<int>(most);
    b.target = b.limit;
    b.reserve = kKeyBits;
    b.most = true;
    return b;
  }
  const double room = capacity - level_;
  b.most = room > kNearlyAll * capacity;
  const double usual = (steady_ ? kRestLevel : kUnsteadyRestLevel) * kCapacity * rate_;
  const double rest = settling(std::max(first_level_, usual), usual);
  const double share = rate_ * interval + (rest - level_) * kReaction;
  b.fill = (level_ - rest) / capacity;
  b.empty = level_ == 0;
  // Better a picture that repeats the last one than none.
  const double most = (elapsed_ < kStart ? kStart : kDropLevel) * rate_;
  const double own = std::min(room, (1 - kInstalment) * rate_ * interval);
  b.limit = level_ + kStillBits > most ? -1 : std::max(static_cast<int>(std::max(room - debt_, own)), kStillBits);
  if (key && b.most && elapsed_ - large_key_ >= kKeyPause) b.reserve = kKeyBits;
  b.target = key ? b.limit : static_cast<int>(std::clamp(share, 0.0, std::max<double>(b.limit, 0)));
  return b;
}

}  // namespace crlsc
