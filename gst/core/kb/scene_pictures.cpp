// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/scene_pictures.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/kb/reference_picture.h"
#include "core/kb/transfer_entry.h"

namespace crlsc {
namespace {

// Nothing unless it can be decoded and has this size.
std::optional<Picture> decoded(const Bytes& webp, int width, int height) {
  try {
    const PictureSize size = reference_picture_size(webp);
    if (size.width != width || size.height != height) return std::nullopt;
    return decode_reference_picture(webp);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

size_t for_each_scene_picture(KnowledgeBaseFile& file, int width, int height,
                              const std::function<void(const StoredEntry&, const Picture&)>& use) {
  std::vector<std::pair<int64_t, EntryId>> latest;
  file.for_each([&latest](const StoredEntry& e) { latest.emplace_back(e.last_seen, e.id); });
  std::sort(latest.rbegin(), latest.rend());
  size_t count = 0;
  size_t left_out = 0;
  for (const auto& [seen, id] : latest) {
    if (count == kMostScenePictures) break;
    const auto entry = file.find(id, {false, true});
    if (!entry || entry->picture.empty()) continue;
    const auto picture = decoded(entry->picture, width, height);
    if (!picture) {
      ++left_out;
      continue;
    }
    use(*entry, *picture);
    ++count;
  }
  return left_out;
}

SceneMemory read_scene_memory(KnowledgeBaseFile& file, int width, int height, size_t* left_out) {
  SceneMemory memory;
  const size_t others =
      for_each_scene_picture(file, width, height, [&memory](const StoredEntry& entry, const Picture& picture) {
        memory[name_of(entry.content_hash)] = std::make_shared<const Picture>(pad_to_cells(picture.view()));
      });
  if (left_out != nullptr) *left_out = others;
  return memory;
}

}  // namespace crlsc
