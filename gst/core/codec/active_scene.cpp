// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/active_scene.h"

#include <string>
#include <utility>

#include "core/error.h"

namespace crlsc {
namespace {

constexpr double kRepeat = 2;  // seconds from one scene unit to the next, for those who join

}  // namespace

void ActiveScene::set(std::vector<ScenePicture> pictures, int width, int height) {
  if (pictures.size() > kMaxKnowledge) {
    throw Error(ErrorKind::kSettings, "a scene has at most " + std::to_string(kMaxKnowledge) + " pictures, not " +
                                          std::to_string(pictures.size()));
  }
  for (const ScenePicture& s : pictures) {
    if (s.picture->width() == width && s.picture->height() == height) continue;
    throw Error(ErrorKind::kSettings, "a scene's picture of " + std::to_string(s.picture->width()) + "x" +
                                          std::to_string(s.picture->height()) + " does not fit a stream of " +
                                          std::to_string(width) + "x" + std::to_string(height) + ", in whole cells");
  }
  pictures_ = std::move(pictures);
  adjusted_.assign(pictures_.size(), std::nullopt);
  reference_ = {static_cast<uint8_t>((reference_.number + 1) % kSceneNumbers), {}};
  told_ = false;
}

void ActiveScene::adjust(const Picture& current) {
  for (size_t j = 0; j < pictures_.size(); ++j) {
    SceneAdjustment& last = reference_.adjustments[j];
    const SceneAdjustment now = fit_adjustment(current, *pictures_[j].picture, last);
    if (now == last) continue;
    last = now;
    adjusted_[j].reset();
    if (!now.none()) adjusted_[j] = adjusted(*pictures_[j].picture, now);
  }
}

const Picture& ActiveScene::picture(size_t j) const { return adjusted_[j] ? *adjusted_[j] : *pictures_[j].picture; }

void ActiveScene::add_to(ReferencePictures& references) const {
  for (size_t j = 0; j < pictures_.size(); ++j) references.knowledge[j] = &picture(j);
}

bool ActiveScene::tells(bool key) const { return !pictures_.empty() && (key || !told_ || age_ >= kRepeat); }

SceneUnit ActiveScene::unit() const {
  SceneUnit unit{reference_.number, {}};
  for (const ScenePicture& s : pictures_) unit.pictures.push_back(s.name);
  return unit;
}

void ActiveScene::told() {
  told_ = true;
  age_ = 0;
}

}  // namespace crlsc
