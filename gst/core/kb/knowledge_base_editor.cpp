// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/knowledge_base_editor.h"

#include <algorithm>

namespace crlsc {
namespace {

constexpr size_t kMostSegmentsKept = 64;

}  // namespace

KnowledgeBaseFile::Editor::Editor(Database& database, View view, ReadSegment read)
    : database_(database),
      view_(std::move(view)),
      read_(std::move(read)),
      put_row_(database, "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)"),
      put_vector_(database, "INSERT INTO vectors VALUES (?, ?, ?)"),
      put_picture_(database, "INSERT OR REPLACE INTO pictures VALUES (?, ?)"),
      drop_row_(database, "DELETE FROM entries WHERE id = ?"),
      drop_vector_(database, "DELETE FROM vectors WHERE id = ?"),
      drop_picture_(database, "DELETE FROM pictures WHERE id = ?") {}

EntryId KnowledgeBaseFile::Editor::insert(const NewEntry& entry) {
  const EntryId id = view_.info.next_id;
  if (id > kMaxEntryId) throw Error(ErrorKind::kWrite, "'" + database_.path() + "' has no ids left; build it anew");
  Segment& records = segment(segment_of(id));
  if (!records.empty() && records.back().id >= id) {
    throw Error(ErrorKind::kRead, "'" + database_.path() + "' would give the id " + std::to_string(id) +
                                      " once more; take an intact copy");
  }
  records.push_back({id, entry.label, entry.code, content_hash(entry.code, entry.picture)});
  write_row(id, entry.source, entry.first_seen, entry.last_seen);
  const auto key = static_cast<int64_t>(id);
  if (!entry.sq8.empty()) {
    const Bytes checksum = RowChecksum().integer(key).bytes(entry.sq8).finish();
    put_vector_.integer(key).blob(checksum).blob(entry.sq8).run();
  }
  if (!entry.picture.empty()) put_picture_.integer(key).blob(entry.picture).run();
  ++view_.info.next_id;
  ++view_.info.entries;
  return id;
}

void KnowledgeBaseFile::Editor::write_row(EntryId id, const std::string& source, int64_t first_seen,
                                          int64_t last_seen) {
  const auto key = static_cast<int64_t>(id);
  const Bytes checksum = RowChecksum().integer(key).text(source).integer(first_seen).integer(last_seen).finish();
  put_row_.integer(key).text(source).integer(first_seen).integer(last_seen).blob(checksum).run();
}

bool KnowledgeBaseFile::Editor::remove(EntryId id) {
  if (find(id) == nullptr) return false;
  Segment& records = segment(segment_of(id));
  records.erase(std::find_if(records.begin(), records.end(), [&](const auto& record) { return record.id == id; }));
  const auto key = static_cast<int64_t>(id);
  drop_row_.integer(key).run();
  drop_vector_.integer(key).run();
  drop_picture_.integer(key).run();
  --view_.info.entries;
  return true;
}

bool KnowledgeBaseFile::Editor::set_label(EntryId id, const std::string& label) {
  SegmentRecord* record = find(id);
  if (record != nullptr) record->label = label;
  return record != nullptr;
}

bool KnowledgeBaseFile::Editor::set_picture(EntryId id, const Bytes& picture) {
  SegmentRecord* record = find(id);
  if (record == nullptr) return false;
  record->content_hash = content_hash(record->code, picture);
  const auto key = static_cast<int64_t>(id);
  if (picture.empty()) {
    drop_picture_.integer(key).run();
  } else {
    put_picture_.integer(key).blob(picture).run();
  }
  return true;
}

KnowledgeBaseFile::Editor::Segment& KnowledgeBaseFile::Editor::segment(uint64_t number) {
  const auto kept = changed_.find(number);
  if (kept != changed_.end()) return kept->second;
  if (changed_.size() >= kMostSegmentsKept) flush();
  const auto hash = view_.hashes.find(number);
  return changed_[number] = hash == view_.hashes.end() ? Segment() : read_(number, hash->second);
}

SegmentRecord* KnowledgeBaseFile::Editor::find(EntryId id) {
  const uint64_t number = segment_of(id);
  // Unknown segments must not be made.
  if (view_.hashes.count(number) == 0 && changed_.count(number) == 0) return nullptr;
  Segment& records = segment(number);
  const auto at = std::find_if(records.begin(), records.end(), [&](const auto& record) { return record.id == id; });
  return at == records.end() ? nullptr : &*at;
}

void KnowledgeBaseFile::Editor::flush() {
  Statement put(database_, "INSERT OR REPLACE INTO segments VALUES (?, ?, ?)");
  Statement drop(database_, "DELETE FROM segments WHERE number = ?");
  for (const auto& [number, records] : changed_) {
    const auto key = static_cast<int64_t>(number);
    if (records.empty()) {
      drop.integer(key).run();
      view_.hashes.erase(number);
      continue;
    }
    const Bytes bytes = write_segment(records);
    const Sha256::Digest hash = Sha256::of(bytes);
    put.integer(key).blob(as_bytes(hash)).blob(bytes).run();
    view_.hashes[number] = hash;
  }
  changed_.clear();
}

void KnowledgeBaseFile::Editor::finish() {
  flush();
  view_.info.id = knowledge_base_id(view_.info.quantiser_hash, view_.hashes);
  write_info(database_, view_.info);
}

}  // namespace crlsc
