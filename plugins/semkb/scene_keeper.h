// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps the scenes that raw pictures show as entries of a knowledge base, with pictures of their backgrounds.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "core/codec/scene_background.h"
#include "kb_properties.h"
#include "live_knowledge.h"
#include "raw_input.h"

namespace crlsc {

// Not thread-safe.
class SceneKeeper {
 public:
  // For the pictures of `raw`; it and `knowledge` must outlive this. Throws Error(kSettings) if the pictures are too
  // large for reference pictures, Error(kRead) if the file cannot be read.
  SceneKeeper(LiveKnowledge& knowledge, RawInput& raw);

  // Looks at the next picture, `seconds` after the one before. A scene that no entry shows becomes one with the label
  // of the settings; of others it is kept when they were seen. Entries beyond the settings' age are removed. Throws
  // Error(kWrite), Error(kRead): the scene is tried again after its next window.
  void next(const PictureView& picture, double seconds, const KbSettings& settings);
  // The same at the end of the stream.
  void finish(const KbSettings& settings);

 private:
  void know_entries();
  void take(const FoundScene& found, const KbSettings& settings);
  void add(const FoundScene& found, const std::string& label);
  void remove_old(int64_t max_age);
  void forget(size_t number);

  LiveKnowledge& knowledge_;
  RawInput& raw_;
  SceneBackground backgrounds_{SceneBackground::kLiveWindow, SceneBackground::kFirstWindow};
  std::map<size_t, EntryId> ids_;                               // by number of the scene
  uint64_t reloads_ = 0;                                        // of the file, when the entries were read
  int64_t last_removal_ = std::numeric_limits<int64_t>::min();  // time of day, ms
};

}  // namespace crlsc
