// SPDX-License-Identifier: LGPL-2.1-or-later
// The pictures of a scene that an encoder refers to, as they are to be seen now.
#pragma once

#include <optional>
#include <vector>

#include "core/codec/prediction.h"
#include "core/codec/scene_adjustment.h"
#include "core/codec/scene_memory.h"

namespace crlsc {

class ActiveScene {
 public:
  // From now on these, for pictures of width x height samples. Throws Error(kSettings) for more than kMaxKnowledge, and
  // for one of another size.
  void set(std::vector<ScenePicture> pictures, int width, int height);
  // Fits the pictures to what is seen.
  void adjust(const Picture& current);

  size_t size() const { return pictures_.size(); }
  // As adjusted.
  const Picture& picture(size_t j) const;
  const SceneReference& reference() const { return reference_; }
  void add_to(ReferencePictures& references) const;

  // Receivers have to be told of the pictures: when they change, with key pictures, and now and then.
  void pass(double seconds) { age_ += seconds; }
  bool tells(bool key) const;
  SceneUnit unit() const;
  void told();

 private:
  std::vector<ScenePicture> pictures_;
  std::vector<std::optional<Picture>> adjusted_;  // nothing: as it is
  SceneReference reference_;
  double age_ = 0;  // seconds since receivers were told
  bool told_ = false;
};

}  // namespace crlsc
