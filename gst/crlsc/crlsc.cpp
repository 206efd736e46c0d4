// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/crlsc.h"

#include <exception>
#include <optional>
#include <string>

#include "core/bitstream/sequence_header.h"
#include "core/bitstream/unit.h"
#include "core/kb/knowledge_base_file.h"
#include "core/kb/knowledge_path.h"
#include "core/model/model_file.h"
#include "core/model/registry.h"
#include "crlsc/caps.h"
#include "crlsc/error.h"

namespace {

using crlsc::Bytes;
using crlsc::Error;
using crlsc::ErrorKind;
using crlsc::SequenceHeader;

// What a description of a stream says of what its receiver must have.
struct Needs {
  std::string version;
  std::string model;
  std::string knowledge;
};

std::string text(const GstStructure* fields, const char* name) {
  const gchar* value = gst_structure_get_string(fields, name);
  return value != nullptr ? value : "";
}

bool is_crlsc_rtp(const GstStructure* fields) {
  return (gst_structure_has_name(fields, "application/x-rtp") ||
          gst_structure_has_name(fields, "application/x-unknown")) &&
         text(fields, "encoding-name") == "CRLSC";
}

// The sequence header in the parameter `config`, if there is one.
std::optional<SequenceHeader> config_of(const GstStructure* fields) {
  const std::string config = text(fields, "config");
  if (config.empty()) return std::nullopt;
  gsize size = 0;
  guchar* bytes = g_base64_decode(config.c_str(), &size);
  const Bytes unit(bytes, bytes + size);
  g_free(bytes);
  const crlsc::AccessUnitView units = crlsc::parse_access_unit(unit);
  if (units.sequence_header() == nullptr) return std::nullopt;
  return crlsc::parse_sequence_header(units.sequence_header()->payload);
}

Needs needs_of(const GstCaps* caps) {
  if (caps == nullptr || !gst_caps_is_fixed(caps)) {
    throw Error(ErrorKind::kWrongType, "the caps do not describe one stream: they are not fixed");
  }
  const GstStructure* fields = gst_caps_get_structure(caps, 0);
  const std::optional<SequenceHeader> header =
      is_crlsc_rtp(fields) ? config_of(fields) : crlsc::parse_caps(caps).header;
  Needs needs{text(fields, "version"), text(fields, "model"), text(fields, "kb")};
  if (needs.model.empty() && header) needs.model = crlsc::to_hex(header->model_id);
  if (needs.knowledge.empty() && header && header->knowledge) needs.knowledge = crlsc::to_hex(header->knowledge->id);
  return needs;
}

void check(const char* what, const std::string& wanted, const gchar* have) {
  if (wanted.empty() || (have != nullptr && wanted == have)) return;
  throw Error(ErrorKind::kWrongType, std::string("the stream needs ") + what + " " + wanted + ", but there is " +
                                         (have != nullptr && *have != '\0' ? have : "none"));
}

// Runs fn(); if that throws, returns FALSE and the error that an element would post.
template <class Function>
gboolean succeeds(GError** error, Function&& fn) {
  try {
    fn();
    return TRUE;
  } catch (const Error& e) {
    const crlsc::ErrorCode code = crlsc::error_code(e.kind());
    g_set_error_literal(error, code.domain, code.code, e.what());
  } catch (const std::exception& e) {
    g_set_error_literal(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED, e.what());
  }
  return FALSE;
}

}  // namespace

gboolean gst_crlsc_caps_are_supported(const GstCaps* caps, const gchar* model_id, const gchar* kb_id, GError** error) {
  return succeeds(error, [&] {
    const Needs needs = needs_of(caps);
    check("version", needs.version, std::to_string(crlsc::kBitstreamVersion).c_str());
    check("the model", needs.model, model_id);
    if (kb_id != nullptr) check("the knowledge base", needs.knowledge, kb_id);
  });
}

gchar* gst_crlsc_model_id(const gchar* model, GError** error) {
  gchar* id = nullptr;
  succeeds(error, [&] {
    const crlsc::ModelFile file(crlsc::find_model(model == nullptr ? "" : model));
    id = g_strdup(crlsc::to_hex(file.id()).c_str());
  });
  return id;
}

gchar* gst_crlsc_knowledge_base_id(const gchar* knowledge_base, GError** error) {
  gchar* id = nullptr;
  succeeds(error, [&] {
    if (knowledge_base == nullptr || *knowledge_base == '\0') {
      throw Error(ErrorKind::kNotFound, "no knowledge base is named");
    }
    const std::string path = crlsc::find_knowledge_base(knowledge_base, "knowledge-base");
    crlsc::KnowledgeBaseFile file(path, crlsc::KnowledgeBaseFile::Access::kRead);
    id = g_strdup(crlsc::to_hex(crlsc::codebooks_id(file.info())).c_str());
  });
  return id;
}
