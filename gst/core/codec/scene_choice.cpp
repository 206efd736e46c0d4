// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/scene_choice.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/codec/scene_adjustment.h"
#include "core/codec/scene_fit.h"
#include "core/codec/square_error.h"
#include "core/token/grid.h"

namespace crlsc {
namespace {

// What a picture must take off the error that is left, to be worth the bits of naming it.
constexpr double kWorth = 0.1;
constexpr double kPause = 5;  // seconds until the choice is made anew although nothing calls for it

struct Candidate {
  ScenePicture scene;
  std::vector<uint32_t> errors;  // of each cell
};

uint64_t left_by(const std::vector<uint32_t>& before, const std::vector<uint32_t>& errors) {
  uint64_t sum = 0;
  for (size_t i = 0; i < before.size(); ++i) sum += std::min(before[i], errors[i]);
  return sum;
}

}  // namespace

std::vector<ScenePicture> choose_scene(const Picture& current, const SceneMemory& memory) {
  const int cols = current.width() / kCellSize;
  const int cells = cols * (current.height() / kCellSize);
  std::vector<uint32_t> nearest;
  for (int i = 0; i < cells; ++i) nearest.push_back(cell_deviation(current, i % cols, i / cols));
  std::vector<Candidate> candidates;
  SeenPicture seen(current);
  for (const auto& [name, picture] : memory) {
    if (picture->width() != current.width() || picture->height() != current.height()) continue;
    Candidate c{{name, picture}, {}};
    const SceneAdjustment fitted = SceneFit().next(seen, *picture);
    const Picture now = fitted.none() ? *picture : adjusted(*picture, fitted);
    for (int i = 0; i < cells; ++i) c.errors.push_back(cell_error(current, now, i % cols, i / cols));
    candidates.push_back(std::move(c));
  }
  std::vector<ScenePicture> chosen;
  uint64_t left = left_by(nearest, nearest);
  while (chosen.size() < kMaxKnowledge && !candidates.empty()) {
    const auto best = std::min_element(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
      return left_by(nearest, a.errors) < left_by(nearest, b.errors);
    });
    const uint64_t then = left_by(nearest, best->errors);
    if (static_cast<double>(then) >= (1 - kWorth) * static_cast<double>(left)) break;
    for (size_t i = 0; i < nearest.size(); ++i) nearest[i] = std::min(nearest[i], best->errors[i]);
    left = then;
    chosen.push_back(best->scene);
    candidates.erase(best);
  }
  return chosen;
}

void SceneFollower::add(const ScenePicture& picture) {
  memory_[picture.name] = picture.picture;
  age_ = kPause;
}

void SceneFollower::forget(const PictureName& name) {
  memory_.erase(name);
  age_ = kPause;
}

std::optional<std::vector<ScenePicture>> SceneFollower::next(const PictureView& picture, double seconds) {
  if (memory_.empty() && names_.empty()) return std::nullopt;
  if (suspended_ > 0) {
    suspended_ -= seconds;
    age_ = kPause;
    if (std::exchange(names_, {}).empty()) return std::nullopt;
    return std::vector<ScenePicture>();
  }
  age_ += seconds;
  if (!change_.next(picture) && age_ < kPause) return std::nullopt;
  age_ = 0;
  std::vector<ScenePicture> scene = choose_scene(pad_to_cells(picture), memory_);
  std::vector<PictureName> names;
  for (const ScenePicture& s : scene) names.push_back(s.name);
  std::sort(names.begin(), names.end());
  if (names == names_) return std::nullopt;
  names_ = std::move(names);
  return scene;
}

}  // namespace crlsc
