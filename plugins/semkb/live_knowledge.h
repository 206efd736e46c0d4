// SPDX-License-Identifier: LGPL-2.1-or-later
// A knowledge base that is searched and added to while it and its file change.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/kb/knowledge_path.h"
#include "core/picture.h"

namespace crlsc {

struct LiveKnowledgeSettings {
  std::string path;
  bool build = false;  // entries will be added; the file must be a private knowledge base
  size_t max_entries = kDefaultMaxEntries;
  bool vectors = false;  // load 8-bit vectors, too, for re-ranking
};
bool operator==(const LiveKnowledgeSettings& a, const LiveKnowledgeSettings& b);

// Not thread-safe. Other processes may search, change and replace the file meanwhile.
class LiveKnowledge {
 public:
  struct Counts {
    uint64_t added = 0;
    uint64_t duplicates = 0;  // near duplicates, which are left out
    uint64_t rejected = 0;    // for want of room
    uint64_t reloads = 0;
    uint64_t removed = 0;  // scenes that were not seen for too long
  };

  // Opens and loads the file. Throws what KnowledgeBaseFile and complete_codebooks() throw, and Error(kSettings) if
  // entries cannot be added to it.
  explicit LiveKnowledge(LiveKnowledgeSettings settings);

  const LiveKnowledgeSettings& settings() const { return settings_; }
  // As it was when the file was read last.
  const KnowledgeBaseInfo& info() const { return info_; }
  const ProductQuantiser& quantiser() const { return *quantiser_; }
  const KnowledgeBase& entries() const { return *entries_; }
  const Counts& counts() const { return counts_; }

  // Loads the file anew if somebody else has changed or replaced it. Throws what the constructor throws; what was
  // there stays in use then, and the next call tries again.
  void refresh();

  // Throws Error(kSettings) if no entry can have this label.
  static void check_label(const std::string& label);

  // Keeps an entry for the next commit() unless it is a near duplicate or there is no room. Throws as check_label().
  void add(const std::string& label, Bytes code, int64_t time);
  size_t pending() const { return pending_.size(); }
  // Writes what add() has kept: it is durable afterwards. Throws Error(kWrite); all of it is kept then.
  void commit();

  // What follows is written at once: durable afterwards, or Error(kWrite).
  // Adds an entry with a vector, near duplicate or not. Nothing if there is no room.
  std::optional<EntryId> store(NewEntry entry);
  // False if there is no such entry any more.
  bool set_last_seen(EntryId id, int64_t time);
  // Removes entries that have a reference picture and were seen before `time` for the last time, and returns which.
  std::vector<EntryId> remove_scenes(int64_t time);

  // As for_each_scene_picture() of the file.
  void for_each_scene(int width, int height, const std::function<void(const StoredEntry&, const Picture&)>& use);

 private:
  void open();
  bool is_duplicate(const Bytes& code) const;

  LiveKnowledgeSettings settings_;
  std::unique_ptr<KnowledgeBaseFile> file_;
  KnowledgeBaseInfo info_;
  std::shared_ptr<const ProductQuantiser> quantiser_;
  std::shared_ptr<KnowledgeBase> entries_;
  std::vector<NewEntry> pending_;
  Counts counts_;
};

}  // namespace crlsc
