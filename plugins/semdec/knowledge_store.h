// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes what a stream brings to a knowledge base, beside decoding: a commit waits for the disk, and perhaps for
// others.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/bitstream/sequence_header.h"
#include "core/codec/scene_memory.h"
#include "core/error.h"
#include "core/kb/transfer_entry.h"

namespace crlsc {

struct KnowledgeStoreSettings {
  std::string path;        // of a private knowledge base, which is made if it is not there
  size_t max_entries = 1;  // that came from streams
};

// An entry, and what it is of.
struct ReceivedEntry {
  TransferEntry entry;
  ContentId knowledge{};  // the shared knowledge base whose codebooks it uses
  int width = 0;          // of the stream
  int height = 0;
};

// What became of an entry.
struct StoredPicture {
  ScenePicture picture;              // widened to whole cells
  bool added = false;                // false: the file had it already
  std::vector<PictureName> removed;  // to make room
};

// Has a thread of its own, which ends with it.
class KnowledgeStore {
 public:
  // `failed` is called by that thread for each entry that cannot be stored, with what is wrong.
  KnowledgeStore(KnowledgeStoreSettings settings, std::function<void(const Error&)> failed);
  // Stores what waits.
  ~KnowledgeStore();
  KnowledgeStore(const KnowledgeStore&) = delete;
  KnowledgeStore& operator=(const KnowledgeStore&) = delete;

  // Never waits. False if too many entries wait already; streams repeat them.
  bool put(ReceivedEntry entry);
  // The stream refers to these entries now: they go last when room has to be made. Never waits for the disk.
  void use(const std::vector<PictureName>& names);
  // What is in the file, and durable, since the last call. Never waits for the disk.
  std::vector<StoredPicture> take_stored();

 private:
  void run();
  template <class Work>
  void attempt(Work work);
  void store(const ReceivedEntry& received, const std::vector<PictureName>& used);
  void touch(const std::vector<PictureName>& used);

  KnowledgeStoreSettings settings_;
  std::function<void(const Error&)> failed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ReceivedEntry> waiting_;  // these under the mutex
  std::vector<StoredPicture> stored_;
  std::vector<PictureName> used_;    // now
  std::set<PictureName> known_use_;  // that was written since the start, or is about to be
  bool use_waits_ = false;
  bool ending_ = false;
  std::thread thread_;  // the last member: it uses all others
};

}  // namespace crlsc
