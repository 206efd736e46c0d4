// SPDX-License-Identifier: LGPL-2.1-or-later
// Which of the pictures that both ends have a stream refers to, and when that changes.
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "core/codec/scene_change.h"
#include "core/codec/scene_memory.h"
#include "core/picture.h"

namespace crlsc {

// At most kMaxKnowledge pictures of `memory`, the most useful first: each takes enough off what would be left if every
// cell of `current` (of whole cells) were the nearest of the pictures before it, or flat. None if no picture of its
// size shows this scene, in whatever light and however the camera was shaken. Takes some passes over all samples for
// each picture of the memory.
std::vector<ScenePicture> choose_scene(const Picture& current, const SceneMemory& memory);

// Looks at a stream of pictures: at its start, where something else is shown, and now and then.
class SceneFollower {
 public:
  explicit SceneFollower(SceneMemory memory) : memory_(std::move(memory)) {}

  const SceneMemory& memory() const { return memory_; }
  // One more picture; the next call of next() chooses anew.
  void add(const ScenePicture& picture);

  // The pictures to refer to from this picture on, for Encoder::set_scene(); nothing as long as they stay the same.
  // `seconds` is the time since the picture before.
  std::optional<std::vector<ScenePicture>> next(const PictureView& picture, double seconds);

  // A picture is not to be referred to any more; the next call of next() chooses anew.
  void forget(const PictureName& name);

  // Receivers seem to lack the pictures: refers to none for the next half minute, then tries once more; or for ever.
  void suspend(bool for_ever = false) { suspended_ = for_ever ? HUGE_VAL : kSuspension; }

 private:
  static constexpr double kSuspension = 30;  // seconds

  SceneMemory memory_;
  SceneChange change_;
  std::vector<PictureName> names_;  // of the pictures now referred to, in order of name
  double age_ = 0;                  // seconds since they were chosen
  double suspended_ = 0;            // seconds to go
};

}  // namespace crlsc
