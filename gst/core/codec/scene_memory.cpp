// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/scene_memory.h"

#include <utility>

namespace crlsc {

void KnownScene::set_memory(std::shared_ptr<const SceneMemory> memory) { memory_ = std::move(memory); }

void KnownScene::enter(SceneUnit unit, int width, int height) {
  known_ = true;
  unit_ = std::move(unit);
  pictures_.clear();
  adjustments_ = {};
  for (const PictureName& name : unit_.pictures) {
    pictures_.emplace_back();
    if (memory_ == nullptr) continue;
    const auto found = memory_->find(name);
    if (found == memory_->end() || found->second->width() != width || found->second->height() != height) continue;
    pictures_.back() = found->second;
  }
}

std::array<const Picture*, kMaxKnowledge> KnownScene::pictures(const SceneReference& reference) {
  std::array<const Picture*, kMaxKnowledge> out{};
  if (!is_told(reference)) return out;
  for (size_t j = 0; j < pictures_.size(); ++j) {
    out[j] = pictures_[j].get();
    const SceneAdjustment wanted = reference.adjustments[j];
    if (out[j] == nullptr || wanted.none()) continue;
    if (!(wanted == adjustments_[j])) adjusted_[j] = adjusted(*pictures_[j], wanted);
    adjustments_[j] = wanted;
    out[j] = &adjusted_[j];
  }
  return out;
}

std::vector<PictureName> KnownScene::lacking() const {
  std::vector<PictureName> names;
  for (size_t j = 0; j < pictures_.size(); ++j) {
    if (pictures_[j] == nullptr) names.push_back(unit_.pictures[j]);
  }
  return names;
}

}  // namespace crlsc
