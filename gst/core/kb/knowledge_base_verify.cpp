// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything in a file held against everything else.
#include <algorithm>

#include "core/kb/knowledge_base_file.h"
#include "core/model/safetensors.h"

namespace crlsc {

void KnowledgeBaseFile::verify() {
  database_->read([&] {
    view_.reset();
    refresh();
    Statement pages(*database_, "PRAGMA integrity_check(1)");
    pages.step();
    const std::string report = pages.text_at(0, size_t{1} << 20);
    if (report != "ok") damaged("its pages contradict each other: " + printable(report));
    stored_codebooks(view_->info);
    stored_projection(view_->info);
    std::vector<EntryId> ids;
    for (const auto& [number, hash] : view_->hashes) {
      for (StoredEntry& entry : read_entries(number, {true, false})) {
        read_picture(entry);
        ids.push_back(entry.id);
      }
    }
    const KnowledgeBaseInfo& info = view_->info;
    if (ids.size() != info.entries) damaged("it has another number of entries than its header says");
    if (!ids.empty() && ids.back() >= info.next_id) damaged("it would give the id of an entry once more");
    check_rows("SELECT one FROM header", {1});
    check_rows("SELECT one FROM quantiser", {1});
    check_rows("SELECT one FROM projection", {1});
    if (check_rows("SELECT id FROM entries", ids) != ids.size()) damaged("it lacks rows of entries");
    check_rows("SELECT id FROM vectors", ids);
    check_rows("SELECT id FROM pictures", ids);
  });
}

size_t KnowledgeBaseFile::check_rows(const char* sql, const std::vector<EntryId>& known) {
  Statement row(*database_, sql);
  size_t count = 0;
  for (; row.step(); ++count) {
    const auto id = static_cast<EntryId>(row.integer_at(0, 0, INT64_MAX));
    if (std::binary_search(known.begin(), known.end(), id)) continue;
    damaged("row " + std::to_string(id) + " of '" + sql + "' belongs to nothing");
  }
  return count;
}

}  // namespace crlsc
