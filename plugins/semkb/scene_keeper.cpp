// SPDX-License-Identifier: LGPL-2.1-or-later
#include "scene_keeper.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/kb/reference_picture.h"
#include "core/kb/scene_pictures.h"

namespace crlsc {
namespace {

constexpr int64_t kRemovalPause = 60'000;  // ms from one look for old entries to the next

int64_t time_of_day() { return g_get_real_time() / 1000; }  // ms

}  // namespace

SceneKeeper::SceneKeeper(LiveKnowledge& knowledge, RawInput& raw) : knowledge_(knowledge), raw_(raw) {
  if (raw.width() > kMaxReferenceSide || raw.height() > kMaxReferenceSide) {
    throw Error(ErrorKind::kSettings, "pictures of " + std::to_string(raw.width()) + "x" +
                                          std::to_string(raw.height()) +
                                          " are too large to be kept as scenes; scale them to at most " +
                                          std::to_string(kMaxReferenceSide) + " on each side, or set scenes=false");
  }
  know_entries();
}

void SceneKeeper::know_entries() {
  reloads_ = knowledge_.counts().reloads;
  while (!ids_.empty()) forget(ids_.begin()->first);
  knowledge_.for_each_scene(raw_.width(), raw_.height(), [this](const StoredEntry& entry, const Picture& picture) {
    ids_[backgrounds_.know(picture.view())] = entry.id;
  });
}

void SceneKeeper::forget(size_t number) {
  backgrounds_.forget(number);
  ids_.erase(number);
}

void SceneKeeper::next(const PictureView& picture, double seconds, const KbSettings& settings) {
  if (knowledge_.counts().reloads != reloads_) know_entries();
  remove_old(int64_t{settings.max_age} * 1000);
  if (const auto found = backgrounds_.next(picture, seconds)) take(*found, settings);
}

void SceneKeeper::finish(const KbSettings& settings) {
  if (const auto found = backgrounds_.finish()) take(*found, settings);
}

void SceneKeeper::take(const FoundScene& found, const KbSettings& settings) {
  try {
    if (found.background) {
      add(found, settings.label);
    } else if (!knowledge_.set_last_seen(ids_.at(found.number), time_of_day())) {
      forget(found.number);  // somebody has removed it
    }
  } catch (...) {
    if (found.background) forget(found.number);
    throw;
  }
}

void SceneKeeper::add(const FoundScene& found, const std::string& label) {
  NewEntry entry;
  entry.vector = raw_.embed(found.background->view());
  entry.label = label;
  entry.last_seen = time_of_day();
  entry.first_seen = entry.last_seen - static_cast<int64_t>(1000 * (found.end - found.begin));
  entry.picture = encode_reference_picture(*found.background, kScenePictureQuality);
  if (const auto id = knowledge_.store(std::move(entry))) {
    ids_[found.number] = *id;
  } else {
    forget(found.number);
  }
}

void SceneKeeper::remove_old(int64_t max_age) {
  const int64_t now = time_of_day();
  const bool looked = now >= last_removal_ && now < last_removal_ + kRemovalPause;  // unless the clock was set back
  if (max_age == 0 || looked) return;
  last_removal_ = now;
  const std::vector<EntryId> removed = knowledge_.remove_scenes(now - max_age);
  for (auto scene = ids_.begin(); scene != ids_.end();) {
    const auto [number, id] = *scene++;
    if (std::find(removed.begin(), removed.end(), id) != removed.end()) forget(number);
  }
}

}  // namespace crlsc
