// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/scene_shift.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace crlsc {
namespace {

constexpr int kLeastWidth = 96;  // of the smallest level
constexpr int kLeastHeight = 64;
constexpr int kRadius = 4;          // of the square whose mean is taken off
constexpr int16_t kMostApart = 24;  // more than this counts no more: something stands in front
constexpr int kLanes = 16;
constexpr int kMostLines = 128;    // that are compared
constexpr size_t kCandidates = 3;  // followed from level to level
constexpr int kFarthest = 60;      // samples, as adjustments hold 127 half samples

using Level = ShiftPyramid::Level;

Level halved(const Level& from) {
  Level out{from.width / 2, from.height / 2, {}};
  out.samples.resize(static_cast<size_t>(out.width) * static_cast<size_t>(out.height));
  for (int y = 0; y < out.height; ++y) {
    const uint8_t* a = from.row(2 * y);
    const uint8_t* b = from.row(2 * y + 1);
    uint8_t* to = out.samples.data() + static_cast<ptrdiff_t>(out.width) * y;
    for (int x = 0; x < out.width; ++x) {
      to[x] = static_cast<uint8_t>((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2);
    }
  }
  return out;
}

// Less the mean of the square around each sample, as far as it lies within the picture.
Level about_mean(const Level& from) {
  Level out = from;
  const auto width = static_cast<size_t>(from.width);
  std::vector<int> columns(width, 0);  // sums of the lines about y
  int lines = 0;
  const auto add = [&](int y, int sign) {
    if (y < 0 || y >= from.height) return;
    const uint8_t* line = from.row(y);
    for (size_t x = 0; x < width; ++x) columns[x] += sign * line[x];
    lines += sign;
  };
  for (int y = 0; y < kRadius; ++y) add(y, 1);
  for (int y = 0; y < from.height; ++y) {
    add(y + kRadius, 1);
    add(y - kRadius - 1, -1);
    const uint8_t* line = from.row(y);
    uint8_t* to = out.samples.data() + static_cast<ptrdiff_t>(from.width) * y;
    int sum = 0;
    for (int x = 0; x < std::min(kRadius, from.width); ++x) sum += columns[static_cast<size_t>(x)];
    for (int x = 0; x < from.width; ++x) {
      if (x + kRadius < from.width) sum += columns[static_cast<size_t>(x + kRadius)];
      if (x - kRadius - 1 >= 0) sum -= columns[static_cast<size_t>(x - kRadius - 1)];
      const int across = std::min(x + kRadius, from.width - 1) - std::max(x - kRadius, 0) + 1;
      to[x] = static_cast<uint8_t>(std::clamp(line[x] - sum / (across * lines) + 128, 0, 255));
    }
  }
  return out;
}

struct Candidate {
  int dx = 0;  // samples of the level
  int dy = 0;
  uint64_t error = 0;
};

// Sum of clipped differences of `count` samples, a multiple of kLanes.
uint64_t line_apart(const uint8_t* a, const uint8_t* b, int count) {
  uint16_t lanes[kLanes] = {};
  for (; count > 0; count -= kLanes, a += kLanes, b += kLanes) {
    for (int i = 0; i < kLanes; ++i) {
      const auto d = static_cast<int16_t>(a[i] - b[i]);  // 16 bits: compilers have instructions for what follows
      const auto size = static_cast<int16_t>(d < 0 ? -d : d);
      lanes[i] = static_cast<uint16_t>(lanes[i] + (size < kMostApart ? size : kMostApart));
    }
  }
  uint64_t sum = 0;
  for (const uint16_t lane : lanes) sum += lane;
  return sum;
}

// Sum of clipped differences of all that lies at least a margin within the level, of every `step`-th line.
uint64_t apart(const Level& current, const Level& picture, int dx, int dy, int margin_x, int margin_y) {
  const int step = std::max(1, (current.height - 2 * margin_y) / kMostLines);
  const int count = (current.width - 2 * margin_x) / kLanes * kLanes;
  uint64_t sum = 0;
  for (int y = margin_y; y < current.height - margin_y; y += step) {
    sum += line_apart(current.row(y) + margin_x, picture.row(y + dy) + margin_x + dx, count);
  }
  return sum;
}

void keep_best(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.error < b.error; });
  if (candidates.size() > kCandidates) candidates.resize(kCandidates);
}

// All shifts within reach that fit better than those about them.
std::vector<Candidate> search_all(const Level& current, const Level& picture) {
  constexpr int kSide = 2 * kShiftReach + 1;
  std::array<std::array<uint64_t, kSide>, kSide> errors;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      errors[static_cast<size_t>(y)][static_cast<size_t>(x)] =
          apart(current, picture, x - kShiftReach, y - kShiftReach, kShiftReach, kShiftReach);
    }
  }
  const auto at = [&](int x, int y) {
    const int inside_x = std::clamp(x, 0, kSide - 1);
    const int inside_y = std::clamp(y, 0, kSide - 1);
    return errors[static_cast<size_t>(inside_y)][static_cast<size_t>(inside_x)];
  };
  std::vector<Candidate> out{{0, 0, at(kShiftReach, kShiftReach)}};  // first of those that fit alike
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const uint64_t here = at(x, y);
      if (here > at(x - 1, y) || here > at(x + 1, y) || here > at(x, y - 1) || here > at(x, y + 1)) continue;
      if (x != kShiftReach || y != kShiftReach) out.push_back({x - kShiftReach, y - kShiftReach, here});
    }
  }
  keep_best(out);
  return out;
}

// The best about `c` and where it was.
Candidate refined(const Level& current, const Level& picture, Candidate c, int margin) {
  const int margin_x = std::min(margin, (current.width - kLanes) / 2);
  const int margin_y = std::min(margin, current.height / 4);
  const auto reach = [](int v, int most) { return std::clamp(v, -most, most); };
  Candidate best{reach(c.dx, margin_x), reach(c.dy, margin_y), 0};
  best.error = apart(current, picture, best.dx, best.dy, margin_x, margin_y);
  const Candidate centre = best;
  for (int y = -1; y <= 1; ++y) {
    for (int x = -1; x <= 1; ++x) {
      Candidate next{reach(centre.dx + x, margin_x), reach(centre.dy + y, margin_y), 0};
      next.error = apart(current, picture, next.dx, next.dy, margin_x, margin_y);
      if (next.error < best.error) best = next;
    }
  }
  return best;
}

}  // namespace

ShiftPyramid::ShiftPyramid(const Picture& picture) {
  const auto count = static_cast<ptrdiff_t>(picture.width()) * picture.height();
  Level level{picture.width(), picture.height(), {picture.plane(0), picture.plane(0) + count}};
  levels_.push_back(about_mean(level));
  while (level.width >= 2 * kLeastWidth && level.height >= 2 * kLeastHeight) {
    level = halved(level);
    levels_.push_back(about_mean(level));
  }
}

MotionVector find_shift(const ShiftPyramid& current, const ShiftPyramid& picture) {
  const auto& small = current.levels().back();
  if (small.width < 2 * kShiftReach + kLanes || small.height <= 2 * kShiftReach) return {};
  std::vector<Candidate> candidates = search_all(small, picture.levels().back());
  int margin = kShiftReach;
  for (size_t i = current.levels().size() - 1; i-- > 0;) {
    margin = std::min(2 * margin + 1, kFarthest);
    for (Candidate& c : candidates) {
      c = refined(current.levels()[i], picture.levels()[i], {2 * c.dx, 2 * c.dy, 0}, margin);
    }
    keep_best(candidates);
  }
  return {static_cast<int16_t>(2 * candidates.front().dx), static_cast<int16_t>(2 * candidates.front().dy)};
}

}  // namespace crlsc
