// SPDX-License-Identifier: LGPL-2.1-or-later
// The reference pictures of a knowledge base, as a stream's scene memory.
#pragma once

#include <functional>

#include "core/codec/scene_memory.h"
#include "core/kb/knowledge_base_file.h"

namespace crlsc {

// Of pictures that are made for scenes: WebP's errors are about as large as a camera's noise then.
constexpr float kScenePictureQuality = 85;
constexpr size_t kMostScenePictures = 64;  // 120 MB at 1920x1088 at most; 7 MB at 320x240

// Calls `use` with the entries and pictures of the latest kMostScenePictures pictures that were taken at width x
// height, the latest first. What is damaged or of another size is left out; returns how many such pictures there were.
// Throws what KnowledgeBaseFile throws.
size_t for_each_scene_picture(KnowledgeBaseFile& file, int width, int height,
                              const std::function<void(const StoredEntry&, const Picture&)>& use);

// The same pictures, widened to whole cells. `left_out`, if it is given, gets the number of those that are left out.
SceneMemory read_scene_memory(KnowledgeBaseFile& file, int width, int height, size_t* left_out = nullptr);

}  // namespace crlsc
