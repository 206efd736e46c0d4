// SPDX-License-Identifier: LGPL-2.1-or-later
// Which pictures of a knowledge base cells refer to (docs/bitstream.md, section "Scene unit").
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/bytes.h"

namespace crlsc {

// The first bytes of the content hash of an entry (core/kb/entry.h).
using PictureName = std::array<uint8_t, 8>;

constexpr int kSceneNumbers = 128;

struct SceneUnit {
  uint8_t number = 0;                 // 0..kSceneNumbers - 1: tells scenes apart that follow each other
  std::vector<PictureName> pictures;  // knowledge-base pictures 0, 1, … of the cells: 1..kMaxKnowledge
};

// Appends a whole unit. `key`: it is in the access unit of a key picture. Throws Error(kSettings) unless the scene has
// 1 to kMaxKnowledge pictures and a number that there is.
void append_scene_unit(Bytes& out, const SceneUnit& unit, bool key);

// The payload of a scene unit. Nothing if it is of a form that this version does not know, or damaged.
std::optional<SceneUnit> parse_scene_unit(ByteView payload);

}  // namespace crlsc
