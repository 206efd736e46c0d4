// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds knowledge bases, and the codebooks of private ones.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/bitstream/sequence_header.h"
#include "core/kb/knowledge_base_file.h"

namespace crlsc {

// The path of the knowledge base that the value of an element's property `property` means:
//   with a slash    that path
//   a plain name    the file in the working directory, else on the model path ($CRLSC_MODEL_PATH, then the installed
//                   folder)
// Throws Error(kNotFound), whose text names every place looked at and the property.
std::string find_knowledge_base(const std::string& value, const std::string& property);

// The path of the shared knowledge base on the model path whose id begins with `id`. Files that cannot be read are
// passed over. Looks into the headers of all `*.crlsckb` there, in the order of folders, then of names.
std::optional<std::string> find_shared_knowledge_base(const ContentId& id);

// Gives a file without codebooks those of the shared knowledge base that it names, which is looked for on the model
// path. Throws Error(kNotFound), whose text names the id, if it is not there, Error(kWrongType) if its codebooks are
// others by now.
void complete_codebooks(KnowledgeBaseFile& file);

// The id of the shared knowledge base whose codebooks the file uses: its own, or that of its base.
ContentId codebooks_id(const KnowledgeBaseInfo& info);

// What is needed of a knowledge base to write codes.
struct Codebooks {
  std::string path;
  ContentId id;  // codebooks_id()
  std::shared_ptr<const ProductQuantiser> quantiser;
  std::optional<ContentId> encoder;  // the head whose vectors they are made for, if only these
  uint8_t epoch = 0;                 // KnowledgeBaseInfo::epoch()
};
// Throws what KnowledgeBaseFile and complete_codebooks() throw.
Codebooks open_codebooks(const std::string& path);

// Throws Error(kWrongType), whose text names both, if vectors of `head` (ModelFile::head_id()) mean nothing to a
// knowledge base at `path` that is made for the vectors of `encoder`.
void check_encoder(const std::optional<ContentId>& encoder, const ContentId& head, const std::string& path);

}  // namespace crlsc
