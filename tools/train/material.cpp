// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/material.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "core/error.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
namespace {

using Random = std::mt19937_64;

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}
bool chance(Random& random, double p) { return uniform(random, 0, 1) < p; }
int pick(Random& random, size_t n) { return static_cast<int>(random() % n); }

cv::Mat fit(const cv::Mat& image, int max_side) {
  const int side = std::min(image.cols, image.rows);
  if (side <= max_side) return image.clone();
  const double scale = static_cast<double>(max_side) / side;
  cv::Mat out;
  cv::resize(image, out, {}, scale, scale, cv::INTER_AREA);
  return out;
}

bool has_extension(const fs::path& path, std::initializer_list<const char*> list) {
  std::string e = path.extension().string();
  std::transform(e.begin(), e.end(), e.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(list.begin(), list.end(), [&](const char* x) { return e == x; });
}

std::vector<cv::Mat> read_clip(const fs::path& path, int max_side, int max_frames) {
  cv::VideoCapture capture(path.string());
  std::vector<cv::Mat> frames;
  const double total = capture.get(cv::CAP_PROP_FRAME_COUNT);
  // Long clips are kept as runs from all over: neighbours must stay neighbours.
  constexpr int kRun = 48;
  const int stride = total > max_frames ? static_cast<int>(std::ceil(total / max_frames)) : 1;
  cv::Mat image;
  for (int i = 0; capture.read(image) && static_cast<int>(frames.size()) < max_frames; ++i) {
    if ((i / kRun) % stride == 0) frames.push_back(fit(image, max_side));
  }
  return frames;
}

}  // namespace

Material Material::load(const std::vector<std::string>& folders, const std::vector<std::string>& exclude, int max_side,
                        int max_frames) {
  Material m;
  for (const std::string& folder : folders) {
    if (!fs::exists(folder)) {
      throw Error(ErrorKind::kNotFound, "training data \"" + folder + "\" does not exist; check --data");
    }
    std::vector<fs::path> files;
    if (fs::is_regular_file(folder)) files.push_back(folder);
    if (fs::is_directory(folder)) {
      for (const auto& entry : fs::recursive_directory_iterator(folder)) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      const std::string name = file.string();
      if (std::any_of(exclude.begin(), exclude.end(),
                      [&](const std::string& x) { return name.find(x) != std::string::npos; })) {
        continue;
      }
      if (has_extension(file, {".jpg", ".jpeg", ".png", ".webp"})) {
        const cv::Mat image = cv::imread(name, cv::IMREAD_COLOR);
        if (!image.empty()) m.stills.push_back(fit(image, max_side));
      } else if (has_extension(file, {".mp4", ".avi", ".mkv", ".webm", ".mov"})) {
        auto frames = read_clip(file, max_side, max_frames);
        if (frames.size() > 8) m.clips.push_back(std::move(frames));
      }
    }
  }
  if (m.stills.empty() && m.clips.empty()) {
    throw Error(ErrorKind::kRead, "no picture or video could be read below the folders given with --data");
  }
  return m;
}

struct SequenceGenerator::Scene {
  virtual ~Scene() = default;
  virtual cv::Mat render(Random& random) = 0;  // size x size BGR, then one step on
};

// A camera path over a still: centre, zoom and angle with constant speeds plus tremble.
struct Camera {
  double x, y, zoom, angle;
  double vx = 0, vy = 0, vzoom = 0, vangle = 0;
  double tremble = 0;

  void step(Random& random) {
    x += vx + uniform(random, -tremble, tremble);
    y += vy + uniform(random, -tremble, tremble);
    zoom *= 1 + vzoom;
    angle += vangle;
  }
  // Maps destination to source pixels; `size` is the side of the destination.
  cv::Matx23d matrix(double size) const {
    const double c = std::cos(angle) * zoom;
    const double s = std::sin(angle) * zoom;
    return {c, -s, x - (c - s) * size / 2, s, c, y - (s + c) * size / 2};
  }
};

struct SequenceGenerator::SyntheticScene : Scene {
  struct Patch {
    const cv::Mat* image;
    cv::Mat mask;  // size x size of the patch, 8 bit, soft edge
    Camera texture;
    double x, y, vx, vy;
  };

  int size;
  const cv::Mat* background;
  Camera camera;
  std::vector<Patch> patches;
  double noise = 0, flicker = 0;

  SyntheticScene(const Material& material, int side, Random& random) : size(side) {
    background = &material.stills[static_cast<size_t>(pick(random, material.stills.size()))];
    camera = place(*background, random);
    if (chance(random, 0.45)) move(camera, random);
    const int count = static_cast<int>(uniform(random, 0, 3.4));
    for (int i = 0; i < count; ++i) add_patch(material, random);
    if (chance(random, 0.25)) noise = uniform(random, 0.5, 2);
    if (chance(random, 0.2)) flicker = uniform(random, 0, 5);
  }

  Camera place(const cv::Mat& image, Random& random) const {
    const double room = static_cast<double>(std::min(image.cols, image.rows)) / size;
    Camera c{};
    c.zoom = std::clamp(std::exp(uniform(random, std::log(0.6), std::log(std::max(room, 0.7)))), 0.4, 4.0);
    const double half = size * c.zoom / 2;
    c.x = uniform(random, std::min(half, image.cols / 2.0), std::max(image.cols - half, image.cols / 2.0));
    c.y = uniform(random, std::min(half, image.rows / 2.0), std::max(image.rows - half, image.rows / 2.0));
    c.angle = chance(random, 0.2) ? uniform(random, -0.3, 0.3) : 0;
    return c;
  }

  static void move(Camera& c, Random& random) {
    const double speed = std::exp(uniform(random, std::log(0.2), std::log(7.0)));
    const double direction = uniform(random, 0, 2 * CV_PI);
    c.vx = speed * std::cos(direction) * c.zoom;
    c.vy = speed * std::sin(direction) * c.zoom;
    if (chance(random, 0.4)) c.vzoom = uniform(random, -0.02, 0.02);
    if (chance(random, 0.2)) c.vangle = uniform(random, -0.02, 0.02);
    if (chance(random, 0.3)) c.tremble = uniform(random, 0, 1);
  }

  void add_patch(const Material& material, Random& random) {
    Patch p;
    p.image = &material.stills[static_cast<size_t>(pick(random, material.stills.size()))];
    const int side = static_cast<int>(uniform(random, size * 0.12, size * 0.6)) & ~1;
    p.mask = cv::Mat::zeros(side, side, CV_8UC1);
    if (chance(random, 0.5)) {
      cv::ellipse(p.mask, {side / 2, side / 2},
                  {side / 2 - 2, static_cast<int>((side / 2.0 - 2) * uniform(random, 0.35, 1))},
                  uniform(random, 0, 180), 0, 360, 255, cv::FILLED);
    } else {
      std::vector<cv::Point> corners;
      for (int k = 0; k < 6; ++k) {
        const double a = 2 * CV_PI * (k + uniform(random, 0, 0.8)) / 6;
        const double r = uniform(random, 0.5, 1) * (side / 2.0 - 2);
        corners.emplace_back(static_cast<int>(side / 2.0 + r * std::cos(a)),
                             static_cast<int>(side / 2.0 + r * std::sin(a)));
      }
      cv::fillPoly(p.mask, std::vector<std::vector<cv::Point>>{corners}, 255);
    }
    cv::GaussianBlur(p.mask, p.mask, {3, 3}, 0);
    p.texture = place(*p.image, random);
    if (chance(random, 0.3)) move(p.texture, random);
    p.x = uniform(random, -side / 2.0, size - side / 2.0);
    p.y = uniform(random, -side / 2.0, size - side / 2.0);
    p.vx = uniform(random, -5, 5);
    p.vy = uniform(random, -3, 3);
    patches.push_back(std::move(p));
  }

  cv::Mat sample(const cv::Mat& image, const Camera& c, int side, double scale) const {
    Camera s = c;
    s.zoom *= scale;
    cv::Mat out;
    cv::warpAffine(image, out, cv::Mat(s.matrix(side)), {side, side}, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                   cv::BORDER_REFLECT_101);
    return out;
  }

  void paste(cv::Mat& frame, const Patch& p) const {
    const int side = p.mask.cols;
    const cv::Rect place_in_frame(static_cast<int>(std::lround(p.x)), static_cast<int>(std::lround(p.y)), side, side);
    const cv::Rect visible = place_in_frame & cv::Rect(0, 0, size, size);
    if (visible.empty()) return;
    const cv::Rect part(visible.x - place_in_frame.x, visible.y - place_in_frame.y, visible.width, visible.height);
    const cv::Mat texture = sample(*p.image, p.texture, side, 1);
    cv::Mat alpha;
    cv::cvtColor(p.mask(part), alpha, cv::COLOR_GRAY2BGR);
    cv::Mat over;
    cv::Mat under;
    cv::multiply(texture(part), alpha, over, 1.0 / 255);
    cv::multiply(frame(visible), cv::Scalar::all(255) - alpha, under, 1.0 / 255);
    frame(visible) = over + under;
  }

  cv::Mat render(Random& random) override {
    cv::Mat frame = sample(*background, camera, size, 1);
    for (Patch& p : patches) {
      paste(frame, p);
      p.x += p.vx;
      p.y += p.vy;
      p.texture.step(random);
      if (p.x < -p.mask.cols || p.x > size) p.vx = -p.vx;
      if (p.y < -p.mask.rows || p.y > size) p.vy = -p.vy;
    }
    camera.step(random);
    if (flicker > 0) {
      frame.convertTo(frame, -1, 1 + uniform(random, -flicker, flicker) / 200, uniform(random, -flicker, flicker));
    }
    if (noise > 0) {
      cv::Mat grain(frame.size(), CV_16SC3);
      cv::RNG rng(random());
      rng.fill(grain, cv::RNG::NORMAL, 0, noise);
      cv::add(frame, grain, frame, cv::noArray(), CV_8U);
    }
    return frame;
  }
};

struct SequenceGenerator::ClipScene : Scene {
  const std::vector<cv::Mat>& frames;
  int size, position, stride, direction = 1;
  cv::Rect crop;
  bool mirrored;

  ClipScene(const std::vector<cv::Mat>& clip, int side, Random& random)
      : frames(clip), size(side), position(pick(random, clip.size())), stride(1 + pick(random, 4)) {
    const cv::Mat& f = clip[0];
    const int most = std::min(f.cols, f.rows);
    const int wanted = static_cast<int>(side * std::exp(uniform(random, std::log(0.8), std::log(2.2))));
    const int cut = std::min(wanted, most);
    crop = cv::Rect(pick(random, static_cast<size_t>(f.cols - cut + 1)),
                    pick(random, static_cast<size_t>(f.rows - cut + 1)), cut, cut);
    mirrored = chance(random, 0.5);
    if (chance(random, 0.5)) direction = -1;
  }

  cv::Mat render(Random&) override {
    cv::Mat out;
    cv::resize(frames[static_cast<size_t>(position)](crop), out, {size, size}, 0, 0,
               crop.width > size ? cv::INTER_AREA : cv::INTER_LINEAR);
    if (mirrored) cv::flip(out, out, 1);
    const int last = static_cast<int>(frames.size()) - 1;
    if (position + direction * stride < 0 || position + direction * stride > last) direction = -direction;
    position = std::clamp(position + direction * stride, 0, last);
    return out;
  }
};

SequenceGenerator::SequenceGenerator(const Material& material, int size, uint64_t seed, bool repeat)
    : material_(material), size_(size), seed_(seed), repeat_(repeat), random_(seed) {}
SequenceGenerator::~SequenceGenerator() = default;

std::unique_ptr<SequenceGenerator::Scene> SequenceGenerator::new_scene() {
  const bool real = material_.stills.empty() || (!material_.clips.empty() && chance(random_, 0.45));
  if (real) {
    return std::make_unique<ClipScene>(material_.clips[static_cast<size_t>(pick(random_, material_.clips.size()))],
                                       size_, random_);
  }
  return std::make_unique<SyntheticScene>(material_, size_, random_);
}

SequenceGenerator::Frame SequenceGenerator::next() {
  Frame frame;
  if (frames_left_-- == 0) {
    if (repeat_) random_.seed(seed_);
    scene_ = new_scene();
    frames_left_ = 3 + pick(random_, 14);
    frame.first = true;
  }
  frame.picture = to_picture(scene_->render(random_));
  return frame;
}

Picture to_picture(const cv::Mat& bgr) {
  cv::Mat yuv;
  cv::cvtColor(bgr, yuv, cv::COLOR_BGR2YUV_I420);
  Picture out(bgr.cols, bgr.rows);
  std::memcpy(out.plane(0), yuv.data, out.data().size());
  return out;
}

cv::Mat to_bgr(const Picture& picture) {
  const cv::Mat yuv(picture.height() * 3 / 2, picture.width(), CV_8UC1, const_cast<uint8_t*>(picture.plane(0)));
  cv::Mat out;
  cv::cvtColor(yuv, out, cv::COLOR_YUV2BGR_I420);
  return out;
}

}  // namespace crlsc::tools
