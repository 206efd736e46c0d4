// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/crlsc.h"

#include <exception>

#include "core/model/model_file.h"
#include "core/model/registry.h"
#include "crlsc/error.h"

gchar* gst_crlsc_model_id(const gchar* model, GError** error) {
  try {
    const crlsc::ModelFile file(crlsc::find_model(model == nullptr ? "" : model));
    return g_strdup(crlsc::to_hex(file.id()).c_str());
  } catch (const crlsc::Error& e) {
    const crlsc::ErrorCode code = crlsc::error_code(e.kind());
    g_set_error_literal(error, code.domain, code.code, e.what());
  } catch (const std::exception& e) {
    g_set_error_literal(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED, e.what());
  }
  return nullptr;
}
