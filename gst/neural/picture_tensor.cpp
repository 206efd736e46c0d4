// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/picture_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace crlsc::neural {
namespace {

torch::Tensor normalised(const torch::Tensor& bytes) { return bytes.to(torch::kFloat32).sub_(128).div_(128); }

torch::Tensor rounded(const torch::Tensor& values) {
  return values.mul(128).add_(128).round_().clamp_(0, 255).to(torch::kUInt8).contiguous();
}

// Rounds half to even, as nearbyint() does: floats of this size have no room for fractions.
void to_samples(const float* values, size_t count, uint8_t* samples) {
  constexpr float kNoFractions = 12582912;  // 1.5 * 2^23
  for (size_t i = 0; i < count; ++i) {
    const float v = std::min(std::max(values[i] * 128 + 128, 0.0F), 255.0F);
    samples[i] = static_cast<uint8_t>(static_cast<int>((v + kNoFractions) - kNoFractions));
  }
}

// Where a plane's part of a packed pixel begins, and the side of its square.
struct PackedPlane {
  int first;
  int side;
};

PackedPlane packed_plane(int plane, int factor) {
  if (plane == 0) return {0, factor};
  return {factor * factor + (plane - 1) * factor * factor / 4, factor / 2};
}

// Calls f(row of samples, row of packed values, count) for each line of each square of `box`, whose pixels at 1/factor
// lie at `values`.
template <class Sample, class Value, class PlaneOf, class Function>
void each_line(const Picture& picture, PlaneOf plane_of, const CellBox& box, int factor, Value* values, Function f) {
  const int depth = factor * factor * 3 / 2;
  const int per_cell = kCellSize / factor;
  for (int p = 0; p < 3; ++p) {
    const auto [first, side] = packed_plane(p, factor);
    const ptrdiff_t stride = picture.plane_width(p);
    Sample* const plane = plane_of(p);
    for (int y = 0; y < box.rows * per_cell; ++y) {
      for (int r = 0; r < side; ++r) {
        Sample* samples = plane + stride * ((box.row * per_cell + y) * side + r) + box.column * per_cell * side;
        Value* value = values + ptrdiff_t{y} * box.cols * per_cell * depth + first + r * side;
        for (int x = 0; x < box.cols * per_cell; ++x, samples += side, value += depth) f(samples, value, side);
      }
    }
  }
}

}  // namespace

PictureTensor to_tensor(const std::vector<const Picture*>& pictures) {
  const int64_t n = static_cast<int64_t>(pictures.size());
  const int64_t w = pictures.at(0)->width();
  const int64_t h = pictures[0]->height();
  auto luma = torch::empty({n, 1, h, w}, torch::kUInt8);
  auto chroma = torch::empty({n, 2, h / 2, w / 2}, torch::kUInt8);
  for (int64_t i = 0; i < n; ++i) {
    const Picture& p = *pictures[static_cast<size_t>(i)];
    // U and V lie behind each other in a Picture, as in the tensor.
    std::memcpy(luma.data_ptr<uint8_t>() + i * w * h, p.plane(0), static_cast<size_t>(w * h));
    std::memcpy(chroma.data_ptr<uint8_t>() + i * w * h / 2, p.plane(1), static_cast<size_t>(w * h / 2));
  }
  return {normalised(luma), normalised(chroma)};
}

void to_pictures(const PictureTensor& tensor, std::vector<Picture>& out) {
  const auto luma = rounded(tensor.luma);
  const auto chroma = rounded(tensor.chroma);
  const int64_t w = luma.size(3);
  const int64_t h = luma.size(2);
  out.resize(static_cast<size_t>(luma.size(0)));
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i].width() != w || out[i].height() != h) out[i] = Picture(static_cast<int>(w), static_cast<int>(h));
    const auto at = static_cast<int64_t>(i) * w * h;
    std::memcpy(out[i].plane(0), luma.data_ptr<uint8_t>() + at, static_cast<size_t>(w * h));
    std::memcpy(out[i].plane(1), chroma.data_ptr<uint8_t>() + at / 2, static_cast<size_t>(w * h / 2));
  }
}

torch::Tensor pack(const Picture& picture, const CellBox& box, int factor) {
  const int per_cell = kCellSize / factor;
  auto out = torch::empty({1, factor * factor * 3 / 2, per_cell * box.rows, per_cell * box.cols},
                          torch::MemoryFormat::ChannelsLast);
  each_line<const uint8_t>(
      picture, [&](int p) { return picture.plane(p); }, box, factor, out.data_ptr<float>(),
      [](const uint8_t* samples, float* values, int count) {
        for (int i = 0; i < count; ++i) values[i] = static_cast<float>(samples[i] - 128) / 128;
      });
  return out;
}

void unpack(const torch::Tensor& packed4, int64_t item, const CellBox& box, Picture& out) {
  constexpr int kFactor = 4;
  const auto values = packed4[item].unsqueeze(0).contiguous(torch::MemoryFormat::ChannelsLast);
  std::vector<uint8_t> samples(static_cast<size_t>(values.numel()));
  to_samples(values.data_ptr<float>(), samples.size(), samples.data());
  each_line<uint8_t>(
      out, [&](int p) { return out.plane(p); }, box, kFactor, samples.data(),
      [](uint8_t* to, const uint8_t* from, int count) { std::copy_n(from, count, to); });
}

}  // namespace crlsc::neural
