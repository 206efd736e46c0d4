// SPDX-License-Identifier: LGPL-2.1-or-later
// Entries with pictures of drawn scenes, for tests of streams that carry them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/kb/entry_transfer.h"
#include "core/kb/knowledge_base_file.h"
#include "core/kb/knowledge_path.h"
#include "core/kb/reference_picture.h"
#include "semkb/kb_support.h"

namespace crlsc::test {

// Picture `index` of make_frame(), in the codebooks of kKnowledge.
inline TransferEntry scene_entry(const GstVideoInfo& info, int index) {
  GstBuffer* frame = make_frame(info, index);
  Picture picture(info.width, info.height);
  gst_buffer_extract(frame, 0, picture.plane(0), picture.data().size());
  gst_buffer_unref(frame);
  return {"scene " + std::to_string(index), Bytes(16, static_cast<uint8_t>(index)),
          encode_reference_picture(picture, 95)};
}

// All of an entry, in pieces of `piece` bytes, of which the last one asks.
inline std::vector<Bytes> units_of(const TransferEntry& entry, size_t piece) {
  const Bytes whole = write_transfer(entry);
  std::vector<Bytes> units;
  for (size_t at = 0; at < whole.size(); at += piece) {
    const size_t size = std::min(piece, whole.size() - at);
    const bool last = at + size == whole.size();
    append_knowledge_unit(units.emplace_back(), {name_of(entry), whole.size(), at, ByteView(whole).sub(at, size), last},
                          false);
  }
  return units;
}

inline void add_entries(const std::string& path, const std::vector<TransferEntry>& entries) {
  std::vector<NewEntry> added;
  for (const TransferEntry& entry : entries) {
    NewEntry e;
    e.code = entry.code;
    e.label = entry.label;
    e.picture = entry.picture;
    added.push_back(std::move(e));
  }
  AddSettings settings;
  settings.near_duplicate = 1;
  KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kWrite).add(added, settings);
}

// A private knowledge base in the codebooks of kKnowledge with these entries.
inline void write_sender_knowledge(const std::string& path, const std::vector<TransferEntry>& entries) {
  write_private_knowledge(path, find_knowledge_base(kKnowledge, "knowledge-base"), true);
  add_entries(path, entries);
}

// The names of all entries of a sound file, in the order of their ids.
inline std::vector<PictureName> held_names(const std::string& path) {
  KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kRead);
  file.verify();
  std::vector<PictureName> names;
  file.for_each([&names](const StoredEntry& entry) { names.push_back(name_of(entry.content_hash)); });
  return names;
}

}  // namespace crlsc::test
