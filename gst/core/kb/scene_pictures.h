// SPDX-License-Identifier: LGPL-2.1-or-later
// The reference pictures of a knowledge base, as a stream's scene memory.
#pragma once

#include "core/codec/scene_memory.h"
#include "core/kb/knowledge_base_file.h"

namespace crlsc {

constexpr size_t kMostScenePictures = 64;  // 120 MB at 1920x1088 at most; 7 MB at 320x240

// The latest kMostScenePictures pictures that were taken at width x height, widened to whole cells. What is damaged or
// of another size is left out. Throws what KnowledgeBaseFile throws.
SceneMemory read_scene_memory(KnowledgeBaseFile& file, int width, int height);

}  // namespace crlsc
