// SPDX-License-Identifier: LGPL-2.1-or-later
// The one exception type that core throws, and the kinds that an application can tell apart.
#pragma once

#include <stdexcept>
#include <string>

namespace crlsc {

// What went wrong, coarse enough to be mapped to GStreamer's error domains (gst/crlsc/error.h does that).
enum class ErrorKind {
  kNotFound,   // a file does not exist
  kRead,       // a file exists but cannot be read, is truncated or contradicts itself
  kWrite,      // a file cannot be written
  kSettings,   // a required setting is missing or out of range
  kWrongType,  // well formed, but not what is needed: other version, other model hash
  kLibrary,    // a backend module is missing or does not fit
  kCorrupt,    // a stream or packet breaks the format; the next one may be fine
};

// Errors carry a whole sentence: what is wrong, where (path, offset), and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace crlsc
