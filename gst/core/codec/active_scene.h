// SPDX-License-Identifier: LGPL-2.1-or-later
// The pictures of a scene that an encoder refers to, as they are to be seen now.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/codec/prediction.h"
#include "core/codec/scene_adjustment.h"
#include "core/codec/scene_fit.h"
#include "core/codec/scene_memory.h"

namespace crlsc {

class ActiveScene {
 public:
  // From now on these, for pictures of width x height samples. Throws Error(kSettings) for more than kMaxKnowledge, and
  // for one of another size.
  void set(std::vector<ScenePicture> pictures, int width, int height);
  // Fits the pictures to what is seen. `price`: squared error that a cell must save to refer to another picture than
  // most cells do.
  void adjust(const Picture& current, double price = 0);
  // The picture that a cell should refer to, as of adjust(), and the error that it leaves there (cell_error()).
  struct Nearest {
    size_t picture = 0;
    uint32_t error = UINT32_MAX;
  };
  const std::vector<Nearest>& nearest() const { return nearest_; }  // by cell; none without pictures

  size_t size() const { return pictures_.size(); }
  // As adjusted.
  const Picture& picture(size_t j) const;
  const SceneReference& reference() const { return reference_; }
  // Without adjustments of pictures that no cell of `grid` refers to.
  SceneReference reference(const TokenGrid& grid) const;
  void add_to(ReferencePictures& references) const;

  // Receivers have to be told of the pictures: when they change, with key pictures, and now and then.
  void pass(double seconds) { age_ += seconds; }
  bool tells(bool key) const;
  SceneUnit unit() const;
  void told();

 private:
  void find_nearest(const Picture& current, double price);

  std::vector<ScenePicture> pictures_;
  std::vector<SceneFit> fits_;
  std::vector<std::optional<Picture>> adjusted_;  // nothing: as it is
  std::vector<Nearest> nearest_;
  SceneReference reference_;
  double age_ = 0;  // seconds since receivers were told
  bool told_ = false;
};

}  // namespace crlsc
