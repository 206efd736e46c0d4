// SPDX-License-Identifier: LGPL-2.1-or-later
// Backgrounds of the scenes that a stream of pictures shows, to be kept as pictures of a scene memory.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "core/codec/picture_median.h"
#include "core/codec/scene_change.h"
#include "core/picture.h"

namespace crlsc {

struct FoundScene {
  size_t number = 0;                  // the same each time that the scene is found
  std::optional<Picture> background;  // as large as the pictures; nothing if the scene was known
  double begin = 0;                   // first and last picture, in seconds since the first one of all
  double end = 0;
};

// Watches the scene for a while (a window), takes the median of what it has shown (PictureMedian), and compares it with
// the backgrounds that are known: what differs clearly from all of them is a new scene. A cut (SceneChange) ends the
// window. Needs the memory of a PictureMedian, and a sixteenth of a picture for each known scene.
class SceneBackground {
 public:
  // A background is settled if it comes from so many pictures, a second or more apart: what passes through covers a
  // place for a second or two, and even who waits for four is gone. Scenes shorter than that, nine seconds at least,
  // are left out: to refer to them costs more than it gives.
  static constexpr size_t kSettledPictures = 10;
  // A window of live video: long enough for people who stand and talk, and a car that was parked is known after half
  // of it.
  static constexpr double kLiveWindow = 60;
  // The first window of live video, which makes a scene known that was not yet: what receivers lack they should get
  // soon, and who lingers in it is gone from the next one.
  static constexpr double kFirstWindow = 20;
  static constexpr double kWholeScene = std::numeric_limits<double>::infinity();

  // What is compared are means of 4x4 samples, in which neither noise nor grain counts. A cell differs if they are
  // apart by ten levels (root of the mean square): more than light changes from one minute to the next, less than
  // what an object does that comes or goes.
  static constexpr int kClearSquare = 10 * 10;
  // So many cells make another scene: one of kClearCells, at least kFewestCells; 3 of the 300 of 320x240. Of less than
  // kSurePictures, kUnsure times as many, since people who linger are still in them.
  static constexpr int kClearCells = 100;
  static constexpr int kFewestCells = 2;
  static constexpr size_t kSurePictures = 20;
  static constexpr int kUnsure = 4;
  // Most scenes that are known at a time; those that were not found for the longest time are forgotten.
  static constexpr size_t kMostKnown = 64;

  // `window` in seconds: a stream that never ends is looked at again and again; with kWholeScene, a scene gives one
  // background when it ends. At the start and behind cuts, a scene that is not known is looked at after `first` seconds
  // already, if that is less.
  explicit SceneBackground(double window = kLiveWindow, double first = kWholeScene) : window_(window), first_(first) {}

  // From now on a scene with this background is known; it counts as found before all others that are. To be told in the
  // order from the one that was seen last: what comes when kMostKnown are known is not kept. Returns its number.
  size_t know(const PictureView& background);
  // The scene will be new again.
  void forget(size_t number);

  // Looks at the next picture, `seconds` after the one before. Gives the scene whose window has ended before it, if its
  // background is settled and the camera was at rest: at least half of all cells look like the background.
  std::optional<FoundScene> next(const PictureView& picture, double seconds);
  // The same at the end of the stream; the next picture starts another scene.
  std::optional<FoundScene> finish() { return conclude(false); }

 private:
  struct Known {
    size_t number = 0;
    Picture thumbnail;
  };

  bool is_settled() const { return median_.pictures().size() >= kSettledPictures; }
  bool is_at_rest(const Picture& thumbnail) const;
  bool is_like(const Picture& known, const Picture& thumbnail, bool sure) const;
  // Ends the window; with `early`, only if that makes a new scene known.
  std::optional<FoundScene> conclude(bool early);
  size_t remember(Picture thumbnail);

  double window_;
  double first_;
  bool fresh_ = true;  // the window is the first of its scene
  double time_ = 0;    // of the latest picture
  PictureMedian median_;
  SceneChange change_;
  std::vector<Known> known_;  // the one found last is the last one
  size_t next_number_ = 0;
};

}  // namespace crlsc
