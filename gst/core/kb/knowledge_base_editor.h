// SPDX-License-Identifier: LGPL-2.1-or-later
// The writing half of knowledge_base_file.h: one transaction's changes to rows and segments.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "core/kb/database.h"
#include "core/kb/knowledge_base_file.h"

namespace crlsc {

// Lives inside of Database::write(). Segments that change are kept until flush(), a bounded number of them.
class KnowledgeBaseFile::Editor {
 public:
  // `read` gives the records of a segment as the file has them.
  using ReadSegment = std::function<std::vector<SegmentRecord>(uint64_t number, const Sha256::Digest& hash)>;
  Editor(Database& database, View view, ReadSegment read);

  const View& view() const { return view_; }
  // `entry` must be sound and have a code. Returns its id.
  EntryId insert(const NewEntry& entry);
  // False if there is no such entry.
  bool remove(EntryId id);
  bool set_label(EntryId id, const std::string& label);
  bool set_picture(EntryId id, const Bytes& picture);
  // The entry must exist.
  void write_row(EntryId id, const std::string& source, int64_t first_seen, int64_t last_seen);
  // Writes segments and header. The last call.
  void finish();

 private:
  using Segment = std::vector<SegmentRecord>;
  Segment& segment(uint64_t number);
  // nullptr if there is no such entry.
  SegmentRecord* find(EntryId id);
  void flush();

  Database& database_;
  View view_;
  ReadSegment read_;
  std::map<uint64_t, Segment> changed_;
  Statement put_row_;
  Statement put_vector_;
  Statement put_picture_;
  Statement drop_row_;
  Statement drop_vector_;
  Statement drop_picture_;
};

}  // namespace crlsc
