// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/scene_pictures.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/kb/reference_picture.h"

namespace crlsc {
namespace {

// Null unless it can be decoded and has this size.
std::shared_ptr<const Picture> decoded(const Bytes& webp, int width, int height) {
  try {
    const PictureSize size = reference_picture_size(webp);
    if (size.width != width || size.height != height) return nullptr;
    return std::make_shared<const Picture>(pad_to_cells(decode_reference_picture(webp).view()));
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

SceneMemory read_scene_memory(KnowledgeBaseFile& file, int width, int height) {
  std::vector<std::pair<int64_t, EntryId>> latest;
  file.for_each([&latest](const StoredEntry& e) { latest.emplace_back(e.last_seen, e.id); });
  std::sort(latest.rbegin(), latest.rend());
  SceneMemory memory;
  for (const auto& [seen, id] : latest) {
    if (memory.size() == kMostScenePictures) break;
    const auto entry = file.find(id, {false, true});
    if (!entry || entry->picture.empty()) continue;
    auto picture = decoded(entry->picture, width, height);
    if (picture == nullptr) continue;
    PictureName name;
    std::copy_n(entry->content_hash.begin(), name.size(), name.begin());
    memory[name] = std::move(picture);
  }
  return memory;
}

}  // namespace crlsc
