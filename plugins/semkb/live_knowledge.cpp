// SPDX-License-Identifier: LGPL-2.1-or-later
#include "live_knowledge.h"

#include <algorithm>

#include "core/error.h"
#include "core/kb/scene_pictures.h"

namespace crlsc {
namespace {

constexpr size_t kMostPending = 4096;  // entries; while nothing can be written, later ones are rejected
constexpr float kNearDuplicate = AddSettings().near_duplicate;

}  // namespace

bool operator==(const LiveKnowledgeSettings& a, const LiveKnowledgeSettings& b) {
  return a.path == b.path && a.build == b.build && a.max_entries == b.max_entries && a.vectors == b.vectors;
}

LiveKnowledge::LiveKnowledge(LiveKnowledgeSettings settings) : settings_(std::move(settings)) { open(); }

// Changes nothing unless all of it works.
void LiveKnowledge::open() {
  const auto access = settings_.build ? KnowledgeBaseFile::Access::kWrite : KnowledgeBaseFile::Access::kRead;
  auto file = std::make_unique<KnowledgeBaseFile>(settings_.path, access);
  complete_codebooks(*file);
  const KnowledgeBaseInfo info = file->info();
  if (settings_.build && info.header.kind != KnowledgeBaseKind::kPrivate) {
    throw Error(ErrorKind::kSettings, "'" + settings_.path +
                                          "' is a shared knowledge base, to which nothing is added; " +
                                          "name a private one that uses its codebooks");
  }
  if (!pending_.empty() && info.quantiser_hash != info_.quantiser_hash) {
    throw Error(ErrorKind::kWrongType, "'" + settings_.path +
                                           "' was replaced by a file with other codebooks, to which " +
                                           std::to_string(pending_.size()) + " waiting entries cannot be added");
  }
  entries_ = file->load({settings_.max_entries, settings_.vectors});
  info_ = info;
  quantiser_ = file->quantiser();
  file_ = std::move(file);
}

void LiveKnowledge::refresh() {
  if (!file_->changed()) return;
  open();
  ++counts_.reloads;
}

bool LiveKnowledge::is_duplicate(const Bytes& code) const {
  const auto same = [&code](const NewEntry& entry) { return entry.code == code; };
  if (std::any_of(pending_.begin(), pending_.end(), same)) return true;
  const std::vector<Match> nearest = entries_->search_code(code, {1, kNearDuplicate, 0});
  return !nearest.empty();
}

void LiveKnowledge::check_label(const std::string& label) {
  if (const auto fault = text_fault(label, kMaxLabelSize)) {
    throw Error(ErrorKind::kSettings, "the label for new entries " + *fault);
  }
}

void LiveKnowledge::add(const std::string& label, Bytes code, int64_t time) {
  check_label(label);
  if (is_duplicate(code)) {
    ++counts_.duplicates;
    return;
  }
  if (pending_.size() >= kMostPending || entries_->size() + pending_.size() >= settings_.max_entries) {
    ++counts_.rejected;
    return;
  }
  NewEntry entry;
  entry.code = std::move(code);
  entry.label = label;
  entry.first_seen = entry.last_seen = time;
  pending_.push_back(std::move(entry));
}

void LiveKnowledge::commit() {
  if (pending_.empty()) return;
  refresh();
  AddSettings settings;
  settings.max_entries = settings_.max_entries;
  const std::vector<AddResult> results = file_->add(pending_, settings);
  std::vector<KnowledgeBase::Entry> added;
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].added) added.push_back({results[i].id, pending_[i].code, pending_[i].label, {}});
  }
  counts_.added += added.size();
  counts_.duplicates += results.size() - added.size();
  pending_.clear();
  info_ = file_->info();
  entries_->add(std::move(added));
}

std::optional<EntryId> LiveKnowledge::store(NewEntry entry) {
  refresh();
  if (entries_->size() + pending_.size() >= settings_.max_entries) {
    ++counts_.rejected;
    return std::nullopt;
  }
  AddSettings settings;
  settings.near_duplicate = 1;
  settings.max_entries = settings_.max_entries;
  entry.code = quantiser_->encode(entry.vector);
  const EntryId id = file_->add({entry}, settings).at(0).id;
  info_ = file_->info();
  entries_->add({{id, entry.code, entry.label, {}}});
  ++counts_.added;
  return id;
}

bool LiveKnowledge::set_last_seen(EntryId id, int64_t time) {
  refresh();  // the file's own look would hide what others have done
  return file_->set_last_seen(id, time);
}

std::vector<EntryId> LiveKnowledge::remove_scenes(int64_t time) {
  refresh();
  std::vector<EntryId> old;
  file_->for_each([&](const StoredEntry& entry) {
    if (entry.last_seen != 0 && entry.last_seen < time) old.push_back(entry.id);
  });
  const auto has_no_picture = [this](EntryId id) {
    const auto entry = file_->find(id, {false, true});
    return !entry || entry->picture.empty();
  };
  old.erase(std::remove_if(old.begin(), old.end(), has_no_picture), old.end());
  if (old.empty()) return old;
  counts_.removed += file_->remove(old);
  info_ = file_->info();
  entries_->remove(old);
  return old;
}

void LiveKnowledge::for_each_scene(int width, int height,
                                   const std::function<void(const StoredEntry&, const Picture&)>& use) {
  for_each_scene_picture(*file_, width, height, use);
}

}  // namespace crlsc
