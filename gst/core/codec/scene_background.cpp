// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/scene_background.h"

#include <algorithm>
#include <utility>

#include "core/area_resize.h"

namespace crlsc {
namespace {

constexpr int kScale = 4;                      // samples of a picture along one of its thumbnail
constexpr int kCellSide = kCellSize / kScale;  // of a cell in a thumbnail
constexpr size_t kLooks = 8;                   // pictures that are compared with their median

Picture thumbnail_of(const PictureView& picture) {
  return resize_area(picture, (picture.width() + kScale - 1) / kScale, (picture.height() + kScale - 1) / kScale);
}

struct Difference {
  int squares = 0;
  int samples = 0;
};

// Adds up one cell, cut to the picture, of one plane.
void add_difference(const Picture& a, const Picture& b, int plane, int column, int row, Difference& sum) {
  const int side = plane == 0 ? kCellSide : kCellSide / 2;
  const int width = a.plane_width(plane);
  const int right = std::min(width, (column + 1) * side);
  const int bottom = std::min(a.plane_height(plane), (row + 1) * side);
  for (int y = row * side; y < bottom; ++y) {
    for (int x = column * side; x < right; ++x) {
      const int d = a.plane(plane)[y * width + x] - b.plane(plane)[y * width + x];
      sum.squares += d * d;
      ++sum.samples;
    }
  }
}

int cells_along(int side) { return (side + kCellSide - 1) / kCellSide; }
int cells_of(const Picture& thumbnail) { return cells_along(thumbnail.width()) * cells_along(thumbnail.height()); }

// How many cells of two thumbnails of one size differ.
int count_differences(const Picture& a, const Picture& b) {
  int count = 0;
  for (int row = 0; row < cells_along(a.height()); ++row) {
    for (int column = 0; column < cells_along(a.width()); ++column) {
      Difference sum;
      for (int p = 0; p < 3; ++p) add_difference(a, b, p, column, row, sum);
      count += sum.squares > SceneBackground::kClearSquare * sum.samples ? 1 : 0;
    }
  }
  return count;
}

}  // namespace

size_t SceneBackground::remember(Picture thumbnail) {
  if (known_.size() == kMostKnown) known_.erase(known_.begin());
  known_.push_back({next_number_, std::move(thumbnail)});
  return next_number_++;
}

size_t SceneBackground::know(const PictureView& background) {
  if (known_.size() < kMostKnown) known_.insert(known_.begin(), {next_number_, thumbnail_of(background)});
  return next_number_++;
}

void SceneBackground::forget(size_t number) {
  const auto is_it = [number](const Known& k) { return k.number == number; };
  known_.erase(std::remove_if(known_.begin(), known_.end(), is_it), known_.end());
}

bool SceneBackground::is_at_rest(const Picture& thumbnail) const {
  const std::vector<Picture>& pictures = median_.pictures();
  const size_t looks = std::min(kLooks, pictures.size());
  int differences = 0;
  for (size_t i = 0; i < looks; ++i) {
    differences += count_differences(thumbnail_of(pictures[i * pictures.size() / looks].view()), thumbnail);
  }
  return 2 * differences <= static_cast<int>(looks) * cells_of(thumbnail);
}

bool SceneBackground::is_like(const Picture& known, const Picture& thumbnail, bool sure) const {
  if (known.width() != thumbnail.width() || known.height() != thumbnail.height()) return false;
  const int clear = std::max(kFewestCells, cells_of(thumbnail) / kClearCells);
  return count_differences(known, thumbnail) < (sure ? clear : kUnsure * clear);
}

std::optional<FoundScene> SceneBackground::conclude(bool early) {
  std::optional<FoundScene> found;
  const bool sure = !early && median_.pictures().size() >= kSurePictures;
  if (is_settled()) {
    Picture background = median_.median();
    Picture thumbnail = thumbnail_of(background.view());
    if (is_at_rest(thumbnail)) {
      found.emplace();
      found->begin = median_.begin();
      found->end = median_.end();
      const auto known = std::find_if(known_.begin(), known_.end(),
                                      [&](const Known& k) { return is_like(k.thumbnail, thumbnail, sure); });
      if (early && known != known_.end()) return std::nullopt;
      if (known != known_.end()) {
        found->number = known->number;
        std::rotate(known, known + 1, known_.end());
      } else {
        found->number = remember(std::move(thumbnail));
        found->background = std::move(background);
      }
    }
  }
  if (!early || found) median_.clear();
  return found;
}

std::optional<FoundScene> SceneBackground::next(const PictureView& picture, double seconds) {
  time_ += std::max(0.0, seconds);
  const bool cut = change_.next(picture);
  std::optional<FoundScene> found;
  if (!median_.pictures().empty()) {
    const Picture& first = median_.pictures().front();
    const bool resized = first.width() != picture.width() || first.height() != picture.height();
    const double age = time_ - median_.begin();
    if (cut || resized || (is_settled() && age >= window_)) {
      found = conclude(false);
      fresh_ = cut || resized;
    } else if (fresh_ && is_settled() && age >= first_) {
      found = conclude(true);
      fresh_ = false;
    }
  }
  median_.add(picture, time_);
  return found;
}

}  // namespace crlsc
