// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/loss_tracker.h"

#include <algorithm>
#include <utility>

#include "core/codec/motion_reach.h"

namespace crlsc {
namespace {

constexpr uint32_t kUnknownDamage = UINT32_MAX / 4;

uint32_t sum(uint32_t a, uint32_t b) { return std::min(a, kUnknownDamage) + std::min(b, kUnknownDamage); }

}  // namespace

LossTracker::LossTracker(int cols, int rows, TokenLayout layout)
    : cols_(cols),
      rows_(rows),
      layout_(std::move(layout)),
      before_(static_cast<size_t>(cols) * static_cast<size_t>(rows)),
      damage_(before_.size()) {}

LossTracker LossTracker::resized(int cols, int rows) const {
  LossTracker next(cols, rows, layout_);
  const bool larger = cols_ < cols || rows_ < rows;
  const int fine_cols = larger ? cols : cols_;
  const int coarse_cols = larger ? cols_ : cols;
  for (int i = 0; i < std::max(cols * rows, cols_ * rows_); ++i) {
    const auto fine = static_cast<size_t>(i);
    const auto coarse = static_cast<size_t>(i / fine_cols / 2 * coarse_cols + i % fine_cols / 2);
    uint32_t& to = next.before_[larger ? fine : coarse];
    to = std::max(to, damage()[larger ? coarse : fine]);
  }
  next.stale_ = true;
  return next;
}

void LossTracker::sent(int number, const TokenGrid& grid, const std::vector<uint32_t>& changes) {
  if (pictures_.size() == kMostLostPictures) {
    before_ = follow(before_, pictures_.front());
    pictures_.pop_front();
  }
  pictures_.push_back({number, grid.cells, changes, std::vector<uint8_t>(static_cast<size_t>(rows_), kMaxLayers)});
  if (!stale_) damage_ = follow(damage_, pictures_.back());
}

void LossTracker::lost(const PictureLoss& loss) {
  const int end = loss.rows == 0 ? rows_ : std::min(loss.first_row + loss.rows, rows_);
  for (SentPicture& picture : pictures_) {
    if ((picture.number - loss.first + kPictureNumbers) % kPictureNumbers >= loss.pictures) continue;
    for (int row = loss.first_row; row < end; ++row) {
      uint8_t& missing = picture.missing[static_cast<size_t>(row)];
      missing = std::min(missing, static_cast<uint8_t>(loss.layer));
    }
  }
  if (loss.pictures == kMostLostPictures) std::fill(before_.begin(), before_.end(), kUnknownDamage);
  stale_ = true;
}

const std::vector<uint32_t>& LossTracker::damage() const {
  if (stale_) {
    damage_ = before_;
    for (const SentPicture& picture : pictures_) damage_ = follow(damage_, picture);
    stale_ = false;
  }
  return damage_;
}

std::vector<int> LossTracker::due(int count) const {
  using Entry = std::pair<uint32_t, int>;
  std::vector<Entry> cells;
  for (size_t i = 0; i < damage().size(); ++i) {
    if (damage_[i] >= kSmall) cells.emplace_back(damage_[i], static_cast<int>(i));
  }
  std::sort(cells.begin(), cells.end(), [](const Entry& a, const Entry& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  cells.resize(std::min(cells.size(), static_cast<size_t>(std::max(count, 0))));
  std::vector<int> chosen;
  for (const Entry& e : cells) chosen.push_back(e.second);
  return chosen;
}

// The damage after a picture, given that before it. Receivers show the picture before where nothing came.
std::vector<uint32_t> LossTracker::follow(const std::vector<uint32_t>& damage, const SentPicture& sent) const {
  std::vector<uint32_t> next(damage.size());
  for (int row = 0; row < rows_; ++row) {
    const int missing = sent.missing[static_cast<size_t>(row)];
    for (int column = 0; column < cols_; ++column) {
      const size_t i = static_cast<size_t>(row) * static_cast<size_t>(cols_) + static_cast<size_t>(column);
      const Cell& cell = sent.cells[i];
      if (missing == 0) {
        next[i] = sum(damage[i], sent.changes[i]);
        continue;
      }
      if (cell.reference == Reference::kPrevious) next[i] = damage_of_sources(damage, cell, column, row);
      if (cell.coded && cell.stages > layout_.stages_up_to(missing - 1)) {
        // Without its detail, what is drawn on grey is coarse even if it changes nothing.
        const uint32_t least = cell.reference == Reference::kPrevious ? 0 : kSmall;
        next[i] = sum(next[i], std::max(sent.changes[i], least));
      }
    }
  }
  return next;
}

// On average, of the worst that each of its blocks reads.
uint32_t LossTracker::damage_of_sources(const std::vector<uint32_t>& damage, const Cell& cell, int column,
                                        int row) const {
  uint64_t total = 0;
  for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
    const CellSpan x = cells_read(2 * column + static_cast<int>(b % 2), cell.motion[b].dx, cols_);
    const CellSpan y = cells_read(2 * row + static_cast<int>(b / 2), cell.motion[b].dy, rows_);
    uint32_t worst = 0;
    for (int r = y.first; r <= y.last; ++r) {
      for (int c = x.first; c <= x.last; ++c) {
        worst = std::max(worst, damage[static_cast<size_t>(r) * static_cast<size_t>(cols_) + static_cast<size_t>(c)]);
      }
    }
    total += worst;
  }
  return static_cast<uint32_t>(total / CellMotion::kBlocks);
}

}  // namespace crlsc
