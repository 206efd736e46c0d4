// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/error.h"

#include <exception>

namespace crlsc {
namespace {

// Paths may hold any bytes, messages only UTF-8.
void post(GstElement* element, GstMessageType type, ErrorCode code, const char* what, const char* property) {
  gchar* valid = g_utf8_make_valid(what, -1);
  gchar* text = property == nullptr
                    ? g_strdup(valid)
                    : g_strdup_printf("%s (property `%s` of %s)", valid, property, GST_OBJECT_NAME(element));
  g_free(valid);
  gst_element_message_full(element, type, code.domain, code.code, text, nullptr, __FILE__, GST_FUNCTION, __LINE__);
}

}  // namespace

ErrorCode error_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotFound:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND};
    case ErrorKind::kRead:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ};
    case ErrorKind::kWrite:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE};
    case ErrorKind::kSettings:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS};
    case ErrorKind::kWrongType:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE};
    case ErrorKind::kLibrary:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT};
    case ErrorKind::kCorrupt:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE};
  }
  return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED};
}

void post_error(GstElement* element, const Error& error, const char* property) {
  post(element, GST_MESSAGE_ERROR, error_code(error.kind()), error.what(), property);
}

void post_warning(GstElement* element, const Error& error, const char* property) {
  post(element, GST_MESSAGE_WARNING, error_code(error.kind()), error.what(), property);
}

void post_current_exception(GstElement* element, const char* property) noexcept {
  const ErrorCode failed = {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED};
  try {
    throw;
  } catch (const Error& e) {
    post_error(element, e, property);
  } catch (const std::exception& e) {
    post(element, GST_MESSAGE_ERROR, failed, e.what(), property);
  } catch (...) {
    post(element, GST_MESSAGE_ERROR, failed, "an exception of unknown type", property);
  }
}

}  // namespace crlsc
