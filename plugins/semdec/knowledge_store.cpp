// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge_store.h"

#include <glib.h>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "core/kb/received_entries.h"
#include "core/kb/reference_picture.h"

namespace crlsc {
namespace {

constexpr size_t kMostWaiting = 4;  // 1 MiB at most

int64_t now() { return g_get_real_time() / 1000; }

// Throws Error(kCorrupt) unless it can be decoded and has the stream's size.
std::shared_ptr<const Picture> decode(const ReceivedEntry& received) {
  const PictureSize size = reference_picture_size(received.entry.picture);
  if (size.width != received.width || size.height != received.height) {
    throw Error(ErrorKind::kCorrupt, "the stream of " + std::to_string(received.width) + "x" +
                                         std::to_string(received.height) + " brings an entry with a picture of " +
                                         std::to_string(size.width) + "x" + std::to_string(size.height));
  }
  return std::make_shared<const Picture>(pad_to_cells(decode_reference_picture(received.entry.picture).view()));
}

}  // namespace

KnowledgeStore::KnowledgeStore(KnowledgeStoreSettings settings, std::function<void(const Error&)> failed)
    : settings_(std::move(settings)), failed_(std::move(failed)), thread_([this] { run(); }) {}

KnowledgeStore::~KnowledgeStore() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool KnowledgeStore::put(ReceivedEntry entry) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.size() >= kMostWaiting) return false;
    waiting_.push_back(std::move(entry));
  }
  changed_.notify_one();
  return true;
}

// Once for each entry is enough, as those in use are noted whenever room may have to be made.
void KnowledgeStore::use(const std::vector<PictureName>& names) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    used_ = names;
    for (const PictureName& name : names) use_waits_ |= known_use_.insert(name).second;
    if (!use_waits_) return;
  }
  changed_.notify_one();
}

std::vector<StoredPicture> KnowledgeStore::take_stored() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(stored_, {});
}

void KnowledgeStore::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || use_waits_ || !waiting_.empty(); });
    const std::vector<PictureName> used = used_;
    const bool touches = std::exchange(use_waits_, false);
    std::optional<ReceivedEntry> received;
    if (!waiting_.empty()) {
      received = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (!touches && !received) return;
    lock.unlock();
    if (touches) attempt([&] { touch(used); });
    if (received) attempt([&] { store(*received, used); });
    lock.lock();
  }
}

template <class Work>
void KnowledgeStore::attempt(Work work) {
  try {
    work();
  } catch (const Error& error) {
    failed_(error);
  } catch (const std::exception& error) {
    failed_(Error(ErrorKind::kWrite, "'" + settings_.path + "' cannot be written: " + error.what()));
  }
}

void KnowledgeStore::touch(const std::vector<PictureName>& used) {
  KnowledgeBaseFile file(settings_.path, KnowledgeBaseFile::Access::kWrite);
  note_used(file, used, now());
}

// The file is opened for each entry, minutes apart: others may replace it in between.
void KnowledgeStore::store(const ReceivedEntry& received, const std::vector<PictureName>& used) {
  StoredPicture stored;
  stored.picture = {name_of(received.entry), decode(received)};
  KnowledgeBaseFile file = open_for_received(settings_.path, received.knowledge, now());
  note_used(file, used, now());
  KeptEntry kept = keep_received(file, received.entry, settings_.max_entries, now());
  stored.added = kept.added;
  stored.removed = std::move(kept.removed);
  const std::lock_guard<std::mutex> lock(mutex_);
  stored_.push_back(std::move(stored));
}

}  // namespace crlsc
