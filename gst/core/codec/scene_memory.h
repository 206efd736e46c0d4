// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures of scenes that both ends of a stream have, so that cells may refer to them (docs/architecture.md, section
// "Scene memory").
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "core/bitstream/scene_unit.h"
#include "core/codec/scene_adjustment.h"
#include "core/picture.h"
#include "core/token/grid.h"

namespace crlsc {

struct ScenePicture {
  PictureName name{};
  std::shared_ptr<const Picture> picture;  // of whole cells, as large as the stream's
};

// All that an end has, by name. Not changed once it is shared.
using SceneMemory = std::map<PictureName, std::shared_ptr<const Picture>>;

// The scene that a receiver was told last, as far as it has its pictures.
class KnownScene {
 public:
  void set_memory(std::shared_ptr<const SceneMemory> memory);
  // Takes what a scene unit says. Pictures of another size than width x height count as lacking.
  void enter(SceneUnit unit, int width, int height);
  // Whether the scene told last is the one that `reference` means.
  bool is_told(const SceneReference& reference) const { return known_ && reference.number == unit_.number; }
  // The pictures that cells refer to who mean `reference`, valid until the next call; all null if another scene, or
  // none, was told.
  std::array<const Picture*, kMaxKnowledge> pictures(const SceneReference& reference);
  // Names of the scene that are not in the memory.
  std::vector<PictureName> lacking() const;

 private:
  std::shared_ptr<const SceneMemory> memory_;
  bool known_ = false;
  SceneUnit unit_;
  std::vector<std::shared_ptr<const Picture>> pictures_;  // null: lacking
  SceneAdjustments adjustments_{};                        // of adjusted_
  std::array<Picture, kMaxKnowledge> adjusted_;           // where there is an adjustment
};

}  // namespace crlsc
