// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/video.h"

#include <filesystem>
#include <opencv2/videoio.hpp>

#include "core/error.h"
#include "knowledge/pictures.h"

namespace crlsc::tools {
namespace {

class OpenCvReader : public VideoReader {
 public:
  explicit OpenCvReader(const std::string& path) : capture_(path) {
    if (!capture_.isOpened()) throw Error(ErrorKind::kRead, "\"" + path + "\" is no video that can be decoded");
  }
  bool read(Picture& picture) override {
    cv::Mat image;
    if (!capture_.read(image)) return false;
    picture = to_i420(image);
    return true;
  }
  double frames_per_second() const override {
    const double rate = capture_.get(cv::CAP_PROP_FPS);
    return rate > 0 ? rate : 25;
  }
  size_t frames() const override {
    const double count = capture_.get(cv::CAP_PROP_FRAME_COUNT);
    return count > 0 && count < 1e12 ? static_cast<size_t>(count) : 0;
  }

 private:
  cv::VideoCapture capture_;
};

}  // namespace

std::unique_ptr<VideoReader> open_video(const std::string& path) {
  if (path != "-" && !std::filesystem::exists(path)) {
    throw Error(ErrorKind::kNotFound, "\"" + path + "\" does not exist");
  }
  const bool y4m = path == "-" || std::filesystem::path(path).extension() == ".y4m";
  if (y4m) return open_y4m(path);
  return std::make_unique<OpenCvReader>(path);
}

}  // namespace crlsc::tools
