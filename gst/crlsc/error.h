// SPDX-License-Identifier: LGPL-2.1-or-later
// Core's exceptions as messages on the bus.
#pragma once

#include <gst/gst.h>

#include "core/error.h"

namespace crlsc {

// A GError domain and a code of it.
struct ErrorCode {
  GQuark domain;
  gint code;
};

//   kNotFound RESOURCE NOT_FOUND   kRead      RESOURCE READ       kWrite   RESOURCE WRITE   kSettings RESOURCE SETTINGS
//   kLibrary  LIBRARY  INIT        kWrongType STREAM   WRONG_TYPE kCorrupt STREAM   DECODE
ErrorCode error_code(ErrorKind kind);

// Posts an error message from `element`. Its text is error.what() and, unless `property` is null, the property that
// can mend it.
void post_error(GstElement* element, const Error& error, const char* property);
// The same as a warning: the element goes on.
void post_warning(GstElement* element, const Error& error, const char* property);

// To be called in a catch block: posts the exception that is being handled. What is not crlsc::Error becomes
// LIBRARY FAILED.
void post_current_exception(GstElement* element, const char* property) noexcept;

}  // namespace crlsc
