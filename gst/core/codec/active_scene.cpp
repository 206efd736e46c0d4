// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/active_scene.h"

#include <string>
#include <utility>

#include "core/codec/square_error.h"
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
  fits_.assign(pictures_.size(), SceneFit());
  adjusted_.assign(pictures_.size(), std::nullopt);
  reference_ = {static_cast<uint8_t>((reference_.number + 1) % kSceneNumbers), {}};
  nearest_.clear();
  told_ = false;
}

void ActiveScene::adjust(const Picture& current, double price) {
  SeenPicture seen(current);
  for (size_t j = 0; j < pictures_.size(); ++j) {
    SceneAdjustment& last = reference_.adjustments[j];
    const SceneAdjustment now = fits_[j].next(seen, *pictures_[j].picture);
    if (now == last) continue;
    last = now;
    adjusted_[j].reset();
    if (!now.none()) adjusted_[j] = adjusted(*pictures_[j].picture, now);
  }
  find_nearest(current, price);
}

void ActiveScene::find_nearest(const Picture& current, double price) {
  nearest_.clear();
  if (pictures_.empty()) return;
  const int cols = current.width() / kCellSize;
  const int cells = cols * (current.height() / kCellSize);
  std::vector<std::vector<uint32_t>> errors(pictures_.size());
  size_t first = 0;  // the picture that most cells refer to
  uint64_t least = UINT64_MAX;
  for (size_t j = 0; j < pictures_.size(); ++j) {
    uint64_t sum = 0;
    for (int i = 0; i < cells; ++i) sum += errors[j].emplace_back(cell_error(current, picture(j), i % cols, i / cols));
    if (sum >= least) continue;
    least = sum;
    first = j;
  }
  for (size_t i = 0; i < static_cast<size_t>(cells); ++i) {
    Nearest nearest{first, errors[first][i]};
    for (size_t j = 0; j < pictures_.size(); ++j) {
      if (errors[j][i] < nearest.error && errors[j][i] + price < errors[first][i]) nearest = {j, errors[j][i]};
    }
    nearest_.push_back(nearest);
  }
}

SceneReference ActiveScene::reference(const TokenGrid& grid) const {
  SceneReference out{reference_.number, {}};
  for (const Cell& cell : grid.cells) {
    if (cell.reference < Reference::kKnowledge0) continue;
    const size_t j = static_cast<size_t>(cell.reference) - static_cast<size_t>(Reference::kKnowledge0);
    out.adjustments[j] = reference_.adjustments[j];
  }
  return out;
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
