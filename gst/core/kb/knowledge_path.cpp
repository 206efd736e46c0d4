// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/knowledge_path.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/model/install_paths.h"
#include "core/model/search_path.h"

namespace crlsc {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".crlsckb";

std::vector<std::string> model_path() { return search_folders("CRLSC_MODEL_PATH", kModelFolder); }

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code unreadable;
    if (at->path().extension() == kExtension && at->is_regular_file(unreadable)) files.push_back(at->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_shared_with(const std::string& path, const ContentId& id) {
  try {
    const KnowledgeBaseInfo info = KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kRead).info();
    return info.header.kind == KnowledgeBaseKind::kShared && info.content_id() == id;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::string find_knowledge_base(const std::string& value, const std::string& property) {
  std::vector<std::string> places = {value};
  if (value.find('/') == std::string::npos) {
    for (const std::string& folder : model_path()) places.push_back(folder + "/" + value);
  }
  std::error_code error;
  for (std::string& place : places) {
    if (fs::exists(place, error)) return place;
    place = "'" + place + "'";
  }
  const fs::path folder = fs::path(value).parent_path();
  const bool no_folder = !folder.empty() && !fs::exists(folder, error);
  throw Error(ErrorKind::kNotFound, "no knowledge base found: looked at " + list_text(places) +
                                        (no_folder ? "; there is no folder '" + folder.string() + "'" : "") +
                                        "; set the property `" + property +
                                        "` or the environment variable CRLSC_MODEL_PATH, or make a private one with "
                                        "`crlsc pkb create --out FILE`");
}

std::optional<std::string> find_shared_knowledge_base(const ContentId& id) {
  for (const std::string& folder : model_path()) {
    for (std::string& path : files_in(folder)) {
      if (is_shared_with(path, id)) return std::move(path);
    }
  }
  return std::nullopt;
}

void complete_codebooks(KnowledgeBaseFile& file) {
  if (file.quantiser() != nullptr) return;
  const ContentId id = codebooks_id(file.info());
  const auto path = find_shared_knowledge_base(id);
  if (!path) {
    throw Error(ErrorKind::kNotFound, "'" + file.path() + "' uses the codebooks of the shared knowledge base " +
                                          to_hex(id) + ", which is not in " + list_text(model_path()) +
                                          "; put it there, or set the environment variable CRLSC_MODEL_PATH");
  }
  file.use_quantiser(KnowledgeBaseFile(*path, KnowledgeBaseFile::Access::kRead).quantiser());
}

ContentId codebooks_id(const KnowledgeBaseInfo& info) {
  ContentId id = info.content_id();
  if (info.header.base) std::copy_n(info.header.base->begin(), id.size(), id.begin());
  return id;
}

Codebooks open_codebooks(const std::string& path) {
  KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kRead);
  complete_codebooks(file);
  const KnowledgeBaseInfo info = file.info();
  return {path, codebooks_id(info), file.quantiser(), info.header.encoder, info.epoch()};
}

void check_encoder(const std::optional<ContentId>& encoder, const ContentId& head, const std::string& path) {
  if (!encoder || *encoder == head) return;
  throw Error(ErrorKind::kWrongType, "the knowledge base '" + path + "' is made for vectors of the semantic head " +
                                         to_hex(*encoder) + ", but the model has the head " + to_hex(head) +
                                         "; use a model with that head, or a knowledge base for this one");
}

}  // namespace crlsc
