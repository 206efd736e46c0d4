// SPDX-License-Identifier: LGPL-2.1-or-later
// The fence between GStreamer's callbacks and C++: every virtual function of an element runs its body in guard().
#pragma once

#include <utility>

#include "crlsc/error.h"

namespace crlsc {

// Returns fn(). If that throws anything at all, posts it as an error of `element` (see post_current_exception())
// and returns `fallback`. `property` names the property that the work depends on, or is null.
template <class Result, class Function>
Result guard(GstElement* element, Result fallback, Function&& fn, const char* property = nullptr) noexcept {
  try {
    return std::forward<Function>(fn)();
  } catch (...) {
    post_current_exception(element, property);
    return fallback;
  }
}

}  // namespace crlsc
