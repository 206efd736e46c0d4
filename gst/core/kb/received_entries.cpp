// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/received_entries.h"

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "core/kb/knowledge_path.h"

namespace crlsc {
namespace {

void create_file(const std::string& path, const ContentId& knowledge, int64_t time) {
  const auto shared = find_shared_knowledge_base(knowledge);
  if (!shared) {
    throw Error(ErrorKind::kNotFound,
                "'" + path + "' cannot be made: it needs the codebooks of the shared knowledge base " +
                    to_hex(knowledge) +
                    ", which is not on the model path; put it there, or set the environment variable CRLSC_MODEL_PATH");
  }
  KnowledgeBaseFile base(*shared, KnowledgeBaseFile::Access::kRead);
  const KnowledgeBaseInfo info = base.info();
  KnowledgeBaseHeader header;
  header.kind = KnowledgeBaseKind::kPrivate;
  header.teacher = info.header.teacher;
  header.teacher_hash = info.header.teacher_hash;
  header.encoder = info.header.encoder;
  header.base = info.id;
  header.created = time;
  KnowledgeBaseFile::create(path, header, *base.quantiser());
}

struct Received {
  int64_t seen;
  EntryId id;
  PictureName name;
};

// Entries that streams brought, the latest first, and the entry that has this content, if any.
std::pair<std::vector<Received>, EntryId> look_through(KnowledgeBaseFile& file, const Sha256::Digest& content) {
  std::vector<Received> received;
  EntryId same = 0;
  file.for_each([&](const StoredEntry& entry) {
    if (entry.source == kReceivedSource) {
      received.push_back({entry.last_seen, entry.id, name_of(entry.content_hash)});
    }
    if (entry.content_hash == content) same = entry.id;
  });
  std::sort(received.begin(), received.end(),
            [](const Received& a, const Received& b) { return std::tie(a.seen, a.id) > std::tie(b.seen, b.id); });
  return {std::move(received), same};
}

// `received` are those of the file without the one that was just added.
std::vector<PictureName> make_room(KnowledgeBaseFile& file, const std::vector<Received>& received, size_t room) {
  std::vector<EntryId> ids;
  std::vector<PictureName> names;
  for (size_t i = room; i < received.size(); ++i) {
    ids.push_back(received[i].id);
    names.push_back(received[i].name);
  }
  if (!ids.empty()) file.remove(ids);
  return names;
}

}  // namespace

KnowledgeBaseFile open_for_received(const std::string& path, const ContentId& knowledge, int64_t time) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) create_file(path, knowledge, time);
  KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kWrite);
  const KnowledgeBaseInfo info = file.info();
  if (info.header.kind != KnowledgeBaseKind::kPrivate) {
    throw Error(ErrorKind::kSettings, "'" + path +
                                          "' is a shared knowledge base, to which nothing is added; name a private one "
                                          "that uses its codebooks, or a file that does not exist yet");
  }
  if (codebooks_id(info) != knowledge) {
    throw Error(ErrorKind::kWrongType, "the stream's entries use the codebooks of knowledge base " + to_hex(knowledge) +
                                           ", but '" + path + "' those of " + to_hex(codebooks_id(info)) +
                                           "; name another file for them");
  }
  return file;
}

void note_used(KnowledgeBaseFile& file, const std::vector<PictureName>& names, int64_t time) {
  std::vector<EntryId> used;
  file.for_each([&](const StoredEntry& entry) {
    const bool named = std::find(names.begin(), names.end(), name_of(entry.content_hash)) != names.end();
    if (named && entry.source == kReceivedSource) used.push_back(entry.id);
  });
  for (const EntryId id : used) file.set_last_seen(id, time);
}

KeptEntry keep_received(KnowledgeBaseFile& file, const TransferEntry& entry, size_t max_entries, int64_t time) {
  const size_t code_size = file.info().shape.code_size();
  if (entry.code.size() != code_size) {
    throw Error(ErrorKind::kCorrupt, "the stream brings an entry with a code of " + std::to_string(entry.code.size()) +
                                         " bytes, but those of '" + file.path() + "' have " +
                                         std::to_string(code_size));
  }
  const auto [received, same] = look_through(file, content_hash(entry.code, entry.picture));
  if (same != 0) {
    file.set_last_seen(same, time);
    return {};
  }
  NewEntry added;
  added.code = entry.code;
  added.label = entry.label;
  added.source = kReceivedSource;
  added.first_seen = added.last_seen = time;
  added.picture = entry.picture;
  AddSettings settings;
  settings.near_duplicate = 1;  // two pictures of one scene have nearly the same code
  file.add({added}, settings);
  return {true, make_room(file, received, max_entries - 1)};
}

}  // namespace crlsc
