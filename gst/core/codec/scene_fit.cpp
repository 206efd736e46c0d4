// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/scene_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/codec/prediction.h"
#include "core/codec/square_error.h"

namespace crlsc {
namespace {

constexpr int kUnit = 128;        // a gain of 1
constexpr double kSeen = 0.6;     // share of the cells in front of which nothing stands, at least
constexpr int kEnoughCells = 64;  // that are looked at
constexpr double kWorth = 0.9;    // of the error that is left without an adjustment
constexpr double kAsWell = 1.05;  // of the error that a new adjustment leaves
constexpr double kGoodEnough = 4 * kCellSize * kCellSize;  // squared error of a cell that needs none
constexpr double kHardlyBetter = kCellSize * kCellSize;    // squared error of a cell for which nothing is changed
constexpr int kLightRounds = 8;
constexpr int kPause = 10;  // pictures until a search for something better, although the last result fits as it did

using Table = std::array<uint8_t, 256>;

int8_t bounded(double v) { return static_cast<int8_t>(std::lround(std::clamp(v, -127.0, 127.0))); }

bool as_well(double error, double other) { return error <= kAsWell * other + kHardlyBetter; }

// A sparse sample of the cells of two pictures.
class Comparison {
 public:
  Comparison(const Picture& current, const Picture& picture)
      : current_(current), picture_(picture), scratch_(current.width(), current.height()) {
    const int cols = current.width() / kCellSize;
    const int rows = current.height() / kCellSize;
    const int step = std::max(1, static_cast<int>(std::sqrt(cols * rows / kEnoughCells)));
    for (int row = step / 2; row < rows; row += step) {
      for (int column = step / 2; column < cols; column += step) cells_.push_back({column, row});
    }
  }

  // Mean squared error of luma over the cells that fit best, of a cell.
  double error(SceneAdjustment a) {
    const Table light = light_table(a);
    std::vector<double> errors;
    for (const Place& cell : cells_) errors.push_back(cell_error(cell, a, light));
    return mean_of_seen(errors);
  }

  // Gain and offset that suit most cells, with the shift of `a`: a line through the means, without those far from it.
  SceneAdjustment fit_light(SceneAdjustment a) {
    std::vector<Means> means;
    for (const Place& cell : cells_) means.push_back({mean(fetch(cell, a), cell), mean(current_, cell)});
    double gain = median_ratio(means);
    double offset = 0;
    for (int round = 0; round < kLightRounds; ++round) {
      std::sort(means.begin(), means.end(), [gain, offset](const Means& p, const Means& q) {
        return std::abs(gain * p.there + offset - p.here) < std::abs(gain * q.there + offset - q.here);
      });
      const size_t count = seen(means.size());
      double x = 0;
      double y = 0;
      for (size_t i = 0; i < count; ++i) {
        x += means[i].there / static_cast<double>(count);
        y += means[i].here / static_cast<double>(count);
      }
      double xx = 0;
      double xy = 0;
      for (size_t i = 0; i < count; ++i) {
        xx += (means[i].there - x) * (means[i].there - x);
        xy += (means[i].there - x) * (means[i].here - y);
      }
      if (xx > static_cast<double>(count)) gain = xy / xx;
      offset = y - gain * x;
    }
    return {a.dx, a.dy, bounded(kUnit * (gain - 1)), bounded(offset)};
  }

  // The best shift within half a sample of that of `a`.
  SceneAdjustment refine(SceneAdjustment a) {
    double least = error(a);
    const SceneAdjustment centre = a;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        if (dx == 0 && dy == 0) continue;
        const SceneAdjustment b{bounded(centre.dx + dx), bounded(centre.dy + dy), a.gain, a.offset};
        const double now = error(b);
        if (now >= least) continue;
        least = now;
        a = b;
      }
    }
    return a;
  }

 private:
  struct Place {
    int column;
    int row;
  };
  struct Means {
    double there;
    double here;
  };

  static size_t seen(size_t count) {
    return std::max<size_t>(1, static_cast<size_t>(kSeen * static_cast<double>(count)));
  }

  static double median_ratio(const std::vector<Means>& means) {
    std::vector<double> ratios;
    for (const Means& m : means) ratios.push_back((m.here + 1) / (m.there + 1));
    const auto middle = ratios.begin() + static_cast<ptrdiff_t>(ratios.size() / 2);
    std::nth_element(ratios.begin(), middle, ratios.end());
    return *middle;
  }

  static double mean_of_seen(std::vector<double>& errors) {
    const size_t count = seen(errors.size());
    std::nth_element(errors.begin(), errors.begin() + static_cast<ptrdiff_t>(count) - 1, errors.end());
    double sum = 0;
    for (size_t i = 0; i < count; ++i) sum += errors[i];
    return sum / static_cast<double>(count);
  }

  // The picture in which the cell lies shifted at its place.
  const Picture& fetch(Place cell, SceneAdjustment a) {
    if (a.dx == 0 && a.dy == 0) return picture_;
    predict_block(picture_, {a.dx, a.dy}, cell.column * kCellSize, cell.row * kCellSize, kCellSize, scratch_);
    return scratch_;
  }

  const uint8_t* luma(const Picture& from, Place cell, int line) const {
    return from.plane(0) + static_cast<ptrdiff_t>(from.width()) * (cell.row * kCellSize + line) +
           cell.column * kCellSize;
  }

  double cell_error(Place cell, SceneAdjustment a, const Table& light) {
    const Picture& from = fetch(cell, a);
    int sum = 0;
    for (int line = 0; line < kCellSize; ++line) {
      const uint8_t* here = luma(current_, cell, line);
      const uint8_t* there = luma(from, cell, line);
      for (int i = 0; i < kCellSize; ++i) {
        const int d = here[i] - light[there[i]];
        sum += d * d;
      }
    }
    return sum;
  }

  double mean(const Picture& from, Place cell) const {
    int sum = 0;
    for (int line = 0; line < kCellSize; ++line) {
      const uint8_t* p = luma(from, cell, line);
      for (int i = 0; i < kCellSize; ++i) sum += p[i];
    }
    return static_cast<double>(sum) / (kCellSize * kCellSize);
  }

  const Picture& current_;
  const Picture& picture_;
  Picture scratch_;
  std::vector<Place> cells_;
};

}  // namespace

SceneAdjustment SceneFit::next(SeenPicture& seen, const Picture& picture) {
  Comparison comparison(seen.picture(), picture);
  const double without = comparison.error({});
  if (without <= kGoodEnough) return last_ = {};
  const double as_before = last_.none() ? without : comparison.error(last_);
  if (left_ >= 0 && since_ < kPause && as_well(as_before, left_)) {
    ++since_;
    return last_;
  }
  since_ = 0;
  if (!pyramid_) pyramid_.emplace(picture);
  const MotionVector shift = find_shift(seen.pyramid(), *pyramid_);
  const SceneAdjustment shifted{bounded(shift.dx), bounded(shift.dy), 0, 0};
  // The light is fitted where the picture lies, then the last half sample in that light.
  SceneAdjustment found = comparison.refine(comparison.fit_light(shifted));
  left_ = comparison.error(found);
  const auto prefer = [&](SceneAdjustment other) {
    const double error = comparison.error(other);
    if (!as_well(error, left_)) return;
    found = other;
    left_ = error;
  };
  prefer({found.dx, found.dy, 0, 0});
  if (!last_.none()) prefer(last_);
  if (left_ > kWorth * without) {
    found = {};
    left_ = without;
  }
  return last_ = found;
}

}  // namespace crlsc
