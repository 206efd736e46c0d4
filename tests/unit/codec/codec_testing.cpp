// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit/codec/codec_testing.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <stdexcept>

namespace crlsc {
namespace {

TestModel load(const char* path) {
  setenv("CRLSC_BACKEND_PATH", CRLSC_SUPPORT_FOLDER, 1);
  return acquire_model(path, 1);
}

uint32_t hash(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t h = a * 0x9E3779B1U ^ b * 0x85EBCA77U ^ c * 0xC2B2AE3DU;
  h ^= h >> 15;
  h *= 0x2C1B3C6DU;
  h ^= h >> 12;
  h *= 0x297A2D39U;
  return h ^ h >> 15;
}

// Noise at places (x, y) / 2^shift, bilinear in between; 0..255.
int smooth(int x, int y, int shift, uint32_t seed) {
  const int side = 1 << shift;
  const int fx = x & (side - 1);
  const int fy = y & (side - 1);
  const auto at = [&](int dx, int dy) {
    return static_cast<int>(
        hash(static_cast<uint32_t>((x >> shift) + dx), static_cast<uint32_t>((y >> shift) + dy), seed) & 255);
  };
  const int top = at(0, 0) * (side - fx) + at(1, 0) * fx;
  const int bottom = at(0, 1) * (side - fx) + at(1, 1) * fx;
  return (top * (side - fy) + bottom * fy) >> (2 * shift);
}

int scene(int plane, int x, int y, uint32_t seed) {
  if (plane > 0) return 96 + smooth(x, y, 5, seed + static_cast<uint32_t>(plane)) / 4;
  return 40 + smooth(x, y, 6, seed) / 2 + smooth(x, y, 3, seed + 9) / 6;
}

// There and back again over 0..range.
int wander(int distance, int range) {
  if (range <= 0) return 0;
  const int d = distance % (2 * range);
  return d < range ? d : 2 * range - d;
}

constexpr int kBlockSide = 36;

struct Block {
  int x, y;
};

int sample(const Clip& clip, int number, int plane, int x, int y, Block block) {
  const int scale = plane == 0 ? 1 : 2;
  uint32_t seed = clip.seed;
  if (clip.kind == Clip::Kind::kPan) return scene(plane, x + number * 4 / scale, y + number * 2 / scale, seed);
  if (clip.kind == Clip::Kind::kCuts) seed += static_cast<uint32_t>(number / 12) * 100;
  int value = scene(plane, x, y, seed);
  if (clip.kind == Clip::Kind::kNoise) {
    const uint32_t h =
        hash(static_cast<uint32_t>(number * 4 + plane), static_cast<uint32_t>(x), static_cast<uint32_t>(y));
    return std::clamp(value + static_cast<int>(h % 97) - 48, 0, 255);
  }
  const int bx = x * scale - block.x;
  const int by = y * scale - block.y;
  if (clip.kind != Clip::Kind::kStill && bx >= 0 && by >= 0 && bx < kBlockSide && by < kBlockSide) {
    value = plane == 0 ? 230 - smooth(bx, by, 3, seed + 77) / 2 : 150 - 40 * (plane - 1);
  }
  return std::clamp(value, 0, 255);
}

template <class Visit>
void for_luma(const PictureView& a, const PictureView& b, Visit visit) {
  for (int y = 0; y < a.height(); ++y) {
    for (int x = 0; x < a.width(); ++x) {
      visit(x, y, a.planes[0].data[y * a.planes[0].stride + x], b.planes[0].data[y * b.planes[0].stride + x]);
    }
  }
}

}  // namespace

TestModel test_model() {
  static const auto kModel = load(CRLSC_SUPPORT_FOLDER "/test-model.safetensors");
  return kModel;
}

TestModel other_model() {
  static const auto kModel = load(CRLSC_SUPPORT_FOLDER "/test-model-other.safetensors");
  return kModel;
}

TestModel scalar_model() {
  static const auto kModel = load(CRLSC_SUPPORT_FOLDER "/test-scalar.safetensors");
  return kModel;
}

TestModel full_model() {
  static const auto kModel = load(CRLSC_SUPPORT_FOLDER "/test-full.safetensors");
  return kModel;
}

TestModel deblocking_model() {
  static const auto kModel = load(CRLSC_SUPPORT_FOLDER "/test-deblocking.safetensors");
  return kModel;
}

TestModel post_filter_model() {
  static const auto kModel = load(CRLSC_SUPPORT_FOLDER "/test-post-filter.safetensors");
  return kModel;
}

TestModel model_named(const std::string& name) {
  if (name == "vector") return test_model();
  if (name == "scalar") return scalar_model();
  if (name == "full") return full_model();
  if (name == "deblocking") return deblocking_model();
  throw std::invalid_argument(name);
}

Picture Clip::picture(int number) const {
  Picture picture(width, height);
  const Block block{wander(7 + 3 * number, width - kBlockSide), wander(11 + 2 * number, height - kBlockSide)};
  for (int p = 0; p < 3; ++p) {
    uint8_t* out = picture.plane(p);
    for (int y = 0; y < picture.plane_height(p); ++y) {
      for (int x = 0; x < picture.plane_width(p); ++x) {
        *out++ = static_cast<uint8_t>(sample(*this, number, p, x, y, block));
      }
    }
  }
  return picture;
}

Clip::Kind kind_named(const std::string& name) {
  if (name == "still") return Clip::Kind::kStill;
  if (name == "block") return Clip::Kind::kBlock;
  if (name == "pan") return Clip::Kind::kPan;
  if (name == "noise") return Clip::Kind::kNoise;
  if (name == "cuts") return Clip::Kind::kCuts;
  throw std::invalid_argument(name);
}

Picture random_picture(int width, int height, uint32_t seed, bool extreme) {
  std::mt19937 random(seed);
  Picture picture(width, height);
  for (int p = 0; p < 3; ++p) {
    for (int i = 0; i < picture.plane_width(p) * picture.plane_height(p); ++i) {
      picture.plane(p)[i] = static_cast<uint8_t>(extreme ? (random() % 2) * 255 : random());
    }
  }
  return picture;
}

EncoderConfig config_for(const Clip& clip, int bitrate, int frames_per_second) {
  EncoderConfig config;
  config.sequence.width = clip.width;
  config.sequence.height = clip.height;
  config.sequence.framerate_num = static_cast<uint32_t>(frames_per_second);
  config.bitrate = bitrate;
  config.min_unit_size = 0;  // layers on their own, to be lost
  return config;
}

void encode_clip(const Clip& clip, const EncoderConfig& config, int count, const OnPicture& on_picture,
                 const TestModel& model) {
  Encoder encoder(model, config);
  const double interval = 1.0 / config.sequence.framerate_num;
  for (int n = 0; n < count; ++n) {
    const EncodedPicture coded = encoder.encode(clip.picture(n).view(), n == 0 ? 0 : interval, false);
    on_picture(n, coded, encoder);
  }
}

std::vector<Bytes> encode_clip(const Clip& clip, const EncoderConfig& config, int count, const TestModel& model) {
  std::vector<Bytes> stream;
  encode_clip(
      clip, config, count,
      [&stream](int, const EncodedPicture& coded, const Encoder&) { stream.push_back(coded.bytes); }, model);
  return stream;
}

Bytes samples(const PictureView& view) {
  Bytes bytes;
  for (const PlaneView& plane : view.planes) {
    for (int y = 0; y < plane.height; ++y) {
      bytes.insert(bytes.end(), plane.data + y * plane.stride, plane.data + y * plane.stride + plane.width);
    }
  }
  return bytes;
}

double psnr(const PictureView& a, const PictureView& b) {
  double sum = 0;
  for_luma(a, b, [&sum](int, int, int p, int q) { sum += (p - q) * (p - q); });
  const double mean = sum / (static_cast<double>(a.width()) * a.height());
  return mean < 1e-5 ? 99.0 : 10 * std::log10(255.0 * 255.0 / mean);
}

double ssim(const PictureView& a, const PictureView& b) {
  constexpr int kSide = 8;
  struct Sums {
    double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
  };
  const int cols = (a.width() + kSide - 1) / kSide;
  std::vector<Sums> blocks(static_cast<size_t>(cols * ((a.height() + kSide - 1) / kSide)));
  for_luma(a, b, [&](int x, int y, int p, int q) {
    Sums& s = blocks[static_cast<size_t>(y / kSide * cols + x / kSide)];
    s.n += 1;
    s.a += p;
    s.b += q;
    s.aa += p * p;
    s.bb += q * q;
    s.ab += p * q;
  });
  double total = 0;
  for (const Sums& s : blocks) {
    const double ma = s.a / s.n;
    const double mb = s.b / s.n;
    const double va = s.aa / s.n - ma * ma;
    const double vb = s.bb / s.n - mb * mb;
    const double covariance = s.ab / s.n - ma * mb;
    constexpr double kC1 = 6.5025;
    constexpr double kC2 = 58.5225;
    total += (2 * ma * mb + kC1) * (2 * covariance + kC2) / ((ma * ma + mb * mb + kC1) * (va + vb + kC2));
  }
  return total / static_cast<double>(blocks.size());
}

std::vector<Bytes> split_units(const Bytes& access_unit) {
  std::vector<Bytes> units;
  for (const UnitView& unit : parse_access_unit(access_unit).units) {
    units.emplace_back(unit.bytes.begin(), unit.bytes.end());
  }
  return units;
}

Bytes join_units(const std::vector<Bytes>& units, unsigned chosen) {
  Bytes bytes;
  for (size_t i = 0; i < units.size(); ++i) {
    if ((chosen >> i & 1) != 0) bytes.insert(bytes.end(), units[i].begin(), units[i].end());
  }
  return bytes;
}

double worst_window(const std::vector<int64_t>& bits, double frames_per_second, double rate) {
  const auto window = static_cast<size_t>(std::lround(5 * frames_per_second));
  double worst = 0;
  for (auto start = static_cast<size_t>(std::lround(frames_per_second)); start + window <= bits.size(); ++start) {
    double sum = 0;
    for (size_t i = start; i < start + window; ++i) sum += static_cast<double>(bits[i]);
    worst = std::max(worst, sum / (5 * rate));
  }
  return worst;
}

}  // namespace crlsc
