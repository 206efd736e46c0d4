// SPDX-License-Identifier: LGPL-2.1-or-later
// How often something may be done that strangers can provoke, such as a warning for each packet they send.
#pragma once

#include <glib.h>

#include <optional>

namespace crlsc {

constexpr gint64 kWarningPause = 10 * G_TIME_SPAN_SECOND;  // between warning messages of one kind

class Throttle {
 public:
  // At most once in `pause` microseconds.
  explicit Throttle(gint64 pause) : pause_(pause) {}

  // Whether it may be done at the monotonic time `now`, in microseconds; if so, it counts as done.
  bool pass(gint64 now) {
    if (last_ && now - *last_ < pause_) return false;
    last_ = now;
    return true;
  }
  void reset() { last_.reset(); }

 private:
  gint64 pause_;
  std::optional<gint64> last_;
};

}  // namespace crlsc
