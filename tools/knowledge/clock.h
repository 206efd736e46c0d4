// SPDX-License-Identifier: LGPL-2.1-or-later
// The time of day, as entries keep it.
#pragma once

#include <chrono>
#include <cstdint>

namespace crlsc::tools {

// Milliseconds since 1970-01-01 UTC.
inline int64_t now_milliseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace crlsc::tools
