// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/y4m.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "core/error.h"

namespace crlsc::tools {
namespace {

constexpr int kMaxHeaderLine = 1024;

class Y4mReader : public VideoReader {
 public:
  explicit Y4mReader(const std::string& path) : path_(path) {
    file_ = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
    if (file_ == nullptr) throw Error(ErrorKind::kRead, "cannot open \"" + path + "\"");
    std::istringstream fields(line());
    std::string field;
    fields >> field;
    if (field != "YUV4MPEG2") throw Error(ErrorKind::kRead, "\"" + path + "\" is no YUV4MPEG2 file");
    long numerator = 25, denominator = 1;
    while (fields >> field) {
      if (field[0] == 'W') width_ = std::atoi(field.c_str() + 1);
      if (field[0] == 'H') height_ = std::atoi(field.c_str() + 1);
      if (field[0] == 'F') std::sscanf(field.c_str(), "F%ld:%ld", &numerator, &denominator);
      // C420p10 and the like have two bytes a sample.
      if (field[0] == 'C' && (field.compare(1, 3, "420") != 0 || field.compare(1, 5, "420p1") == 0)) {
        throw Error(ErrorKind::kRead, "\"" + path + "\" holds " + field.substr(1) + "; 420 of 8 bits is needed");
      }
    }
    if (width_ < 1 || height_ < 1 || width_ > 8192 || height_ > 8192 || numerator < 1 || denominator < 1) {
      throw Error(ErrorKind::kRead, "\"" + path + "\" has an impossible size or frame rate");
    }
    rate_ = static_cast<double>(numerator) / static_cast<double>(denominator);
    std::error_code none;
    const auto size = std::filesystem::file_size(path, none);
    if (!none) frames_ = static_cast<size_t>(size) / (std::strlen("FRAME\n") + Picture(width_, height_).data().size());
  }
  ~Y4mReader() override {
    if (file_ != stdin) std::fclose(file_);
  }

  bool read(Picture& picture) override {
    const std::string header = line();
    if (header.compare(0, 5, "FRAME") != 0) return false;
    if (picture.width() != width_ || picture.height() != height_) picture = Picture(width_, height_);
    const size_t size = picture.data().size();
    return std::fread(picture.plane(0), 1, size, file_) == size;
  }
  double frames_per_second() const override { return rate_; }
  size_t frames() const override { return frames_; }

 private:
  std::string line() {
    std::string out;
    for (int c = std::fgetc(file_); c != EOF && c != '\n' && out.size() < kMaxHeaderLine; c = std::fgetc(file_)) {
      out += static_cast<char>(c);
    }
    return out;
  }
  std::string path_;
  FILE* file_ = nullptr;
  int width_ = 0;
  int height_ = 0;
  double rate_ = 25;
  size_t frames_ = 0;
};

}  // namespace

std::unique_ptr<VideoReader> open_y4m(const std::string& path) { return std::make_unique<Y4mReader>(path); }

Y4mWriter::Y4mWriter(const std::string& path, int width, int height, double frames_per_second)
    : path_(path), file_(std::fopen(path.c_str(), "wb")) {
  if (file_ == nullptr) throw Error(ErrorKind::kWrite, "cannot write \"" + path + "\"");
  std::fprintf(static_cast<FILE*>(file_), "YUV4MPEG2 W%d H%d F%d:1000 Ip A1:1 C420jpeg\n", width, height,
               static_cast<int>(std::lround(frames_per_second * 1000)));
}

Y4mWriter::~Y4mWriter() { std::fclose(static_cast<FILE*>(file_)); }

void Y4mWriter::write(const PictureView& picture) {
  FILE* f = static_cast<FILE*>(file_);
  std::fputs("FRAME\n", f);
  for (const PlaneView& p : picture.planes) {
    for (int y = 0; y < p.height; ++y) {
      const auto width = static_cast<size_t>(p.width);
      if (std::fwrite(p.data + p.stride * y, 1, width, f) != width) {
        throw Error(ErrorKind::kWrite, "cannot write \"" + path_ + "\": disk full?");
      }
    }
  }
}

}  // namespace crlsc::tools
