// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/picture_tensor.h"

#include <cstring>

namespace crlsc::neural {
namespace {

torch::Tensor normalised(const torch::Tensor& bytes) { return bytes.to(torch::kFloat32).sub_(128).div_(128); }

torch::Tensor rounded(const torch::Tensor& values) {
  return values.mul(128).add_(128).round_().clamp_(0, 255).to(torch::kUInt8).contiguous();
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

}  // namespace crlsc::neural
