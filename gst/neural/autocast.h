// SPDX-License-Identifier: LGPL-2.1-or-later
// bf16 for the forward passes within a scope; whatever leaves it, an exception too, ends it.
#pragma once

#include <ATen/autocast_mode.h>

namespace crlsc::neural {

class Autocast {
 public:
  // Without `on`, nothing.
  explicit Autocast(bool on) : on_(on) {
    if (!on_) return;
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_cpu_enabled(true);
  }
  ~Autocast() {
    if (!on_) return;
    at::autocast::clear_cache();
    at::autocast::set_cpu_enabled(false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool on_;
};

}  // namespace crlsc::neural
