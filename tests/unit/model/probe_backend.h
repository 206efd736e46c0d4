// SPDX-License-Identifier: LGPL-2.1-or-later
// What the probe module counts, and how tests steer it.
#pragma once

#include <atomic>

namespace crlsc {

struct ProbeCounters {
  std::atomic<int> loads{0};  // begun
  std::atomic<int> alive{0};  // networks
  std::atomic<int> warm_ups{0};
  std::atomic<int> threads{0};        // last set_threads()
  std::atomic<bool> gate_open{true};  // models with metadata "gated" load only while it is open
  std::atomic<int> failures_due{0};   // so many loads fail
};

}  // namespace crlsc
