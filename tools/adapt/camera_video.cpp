// SPDX-License-Identifier: LGPL-2.1-or-later
#include "adapt/camera_video.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/bitstream/sequence_header.h"
#include "core/error.h"
#include "eval/video.h"
#include "train/material.h"

namespace crlsc::tools {
namespace {

constexpr size_t kTrainingBytes = size_t{768} << 20;
constexpr size_t kHeldOutBytes = size_t{256} << 20;
constexpr size_t kMostHeldOut = 600;  // pictures
constexpr size_t kRun = 48;           // pictures that stay neighbours
constexpr size_t kMostPhases = 4;
constexpr size_t kLeastTraining = 20;
constexpr size_t kLeastHeldOut = 5;

// The same picture in another size, of even sides.
Picture scaled(const Picture& picture, int width, int height) {
  if (picture.width() == width && picture.height() == height) return picture;
  Picture out(width, height);
  for (int p = 0; p < 3; ++p) {
    const cv::Mat from(picture.plane_height(p), picture.plane_width(p), CV_8UC1,
                       const_cast<uint8_t*>(picture.plane(p)));
    cv::Mat to(out.plane_height(p), out.plane_width(p), CV_8UC1, out.plane(p));
    cv::resize(from, to, to.size(), 0, 0, cv::INTER_AREA);
  }
  return out;
}

// Leaves pictures out, so that no more than `rate` a second remain, after the first `skipped` ones.
class SlowReader {
 public:
  SlowReader(const std::string& path, double rate, size_t skipped = 0) : video_(open_video(path)) {
    own_rate_ = video_->frames_per_second();
    rate_ = std::min(rate, own_rate_);
    Picture picture;
    while (skipped-- > 0 && video_->read(picture)) {
    }
  }
  double rate() const { return rate_; }
  // How often the video can be read without reading a picture twice, by skipping one more each time.
  size_t phases() const { return static_cast<size_t>(own_rate_ / rate_ + 1e-6); }
  bool read(Picture& picture) {
    do {
      if (!video_->read(picture)) return false;
    } while (!due(read_++));
    return true;
  }

 private:
  // Whether a new period begins with picture `i`.
  bool due(int64_t i) const {
    const double ratio = rate_ / own_rate_;
    return i == 0 || std::floor(static_cast<double>(i) * ratio) > std::floor(static_cast<double>(i - 1) * ratio);
  }

  std::unique_ptr<VideoReader> video_;
  double own_rate_;
  double rate_;
  int64_t read_ = 0;
};

struct Length {
  size_t pictures = 0;
  int width = 0;
  int height = 0;
  double rate = 0;
  size_t phases = 1;
};

Length measure(const std::string& path, double rate) {
  SlowReader reader(path, rate);
  Length length;
  length.rate = reader.rate();
  length.phases = reader.phases();
  Picture picture;
  for (; reader.read(picture); ++length.pictures) {
    length.width = picture.width();
    length.height = picture.height();
  }
  return length;
}

// Takes one video after the other.
class Parting {
 public:
  Parting(const CameraOptions& options, int width, int height) : options_(options), width_(width), height_(height) {
    if (width < kMinWidth || width > kMaxWidth || height < kMinHeight || height > kMaxHeight) {
      throw Error(ErrorKind::kSettings, "pictures of " + std::to_string(width) + "x" + std::to_string(height) +
                                            " are beyond what streams can have; choose another --size");
    }
  }

  void add(const std::string& path, const Length& length, CameraVideo& out) const {
    const auto samples = static_cast<size_t>(width_) * static_cast<size_t>(height_);
    const auto training = static_cast<size_t>(static_cast<double>(length.pictures) * (1 - options_.held_out));
    if (training < kLeastTraining || length.pictures - training < kLeastHeldOut) {
      throw Error(ErrorKind::kRead, "the video '" + path + "' has " + std::to_string(length.pictures) +
                                        " pictures at this rate; at least " + std::to_string(kLeastTraining) +
                                        " are needed to learn from and " + std::to_string(kLeastHeldOut) +
                                        " in the part that is held out");
    }
    const size_t room = std::max<size_t>(kRun, kTrainingBytes / options_.videos.size() / (3 * samples));
    const size_t stride = (training + room - 1) / room;
    const size_t most =
        std::clamp(kHeldOutBytes / options_.videos.size() / (samples + samples / 2), kLeastHeldOut, kMostHeldOut);
    SlowReader reader(path, options_.rate);
    read_training(reader, training, stride, out.training);
    Picture picture;
    out.held_out.emplace_back();
    while (out.held_out.back().size() < most && reader.read(picture)) {
      out.held_out.back().push_back(scaled(picture, width_, height_));
    }
    for (size_t phase = 1; phase < std::min({length.phases, kMostPhases, room / training}); ++phase) {
      SlowReader between(path, options_.rate, phase);
      read_training(between, training, 1, out.between);
    }
  }

 private:
  // The next `count` pictures; of several runs one in `stride`.
  void read_training(SlowReader& reader, size_t count, size_t stride, std::vector<std::vector<cv::Mat>>& clips) const {
    Picture picture;
    for (size_t i = 0; i < count && reader.read(picture); ++i) {
      if (i / kRun % stride != 0) continue;
      if (i % kRun == 0 && (i == 0 || stride > 1)) clips.emplace_back();
      clips.back().push_back(to_bgr(scaled(picture, width_, height_)));
    }
  }

  const CameraOptions& options_;
  int width_;
  int height_;
};

}  // namespace

CameraVideo CameraVideo::load(const CameraOptions& options) {
  CameraVideo out;
  std::vector<Length> lengths;
  for (const std::string& path : options.videos) lengths.push_back(measure(path, options.rate));
  const Length& first = lengths.at(0);
  const Parting parting(options, options.width > 0 ? options.width : first.width & ~1,
                        options.height > 0 ? options.height : first.height & ~1);
  out.rate = first.rate;
  for (size_t i = 0; i < lengths.size(); ++i) parting.add(options.videos[i], lengths[i], out);
  return out;
}

NamedClip read_clip(const std::string& path, double rate, size_t most, int short_side) {
  SlowReader reader(path, rate);
  NamedClip clip{path, {}, reader.rate()};
  Picture picture;
  while (clip.pictures.size() < most && reader.read(picture)) {
    const double scale = std::min(1.0, static_cast<double>(short_side) / std::min(picture.width(), picture.height()));
    clip.pictures.push_back(scaled(picture, static_cast<int>(picture.width() * scale) & ~1,
                                   static_cast<int>(picture.height() * scale) & ~1));
  }
  if (clip.pictures.empty()) throw Error(ErrorKind::kRead, "'" + path + "' holds no picture");
  return clip;
}

size_t pictures_of(const std::vector<Clip>& clips) {
  size_t sum = 0;
  for (const Clip& clip : clips) sum += clip.size();
  return sum;
}

}  // namespace crlsc::tools
