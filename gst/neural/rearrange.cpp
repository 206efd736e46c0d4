// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/rearrange.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace crlsc::neural {
namespace {

constexpr auto kChannelsLast = torch::MemoryFormat::ChannelsLast;

// Makes of each place four, left to right and down: f(its channels, which of the four, where that one's go).
template <class T, class Function>
void spread_places(const torch::Tensor& in, torch::Tensor& out, Function f) {
  const int64_t depth = in.size(1);
  const int64_t width = in.size(3);
  const T* src = in.data_ptr<T>();
  T* dst = out.data_ptr<T>();
  for (int64_t line = 0; line < in.size(0) * in.size(2); ++line) {
    for (int64_t i = 0; i < 2; ++i) {
      for (int64_t x = 0; x < width; ++x) {
        for (int64_t j = 0; j < 2; ++j, dst += depth / 4) f(src + (line * width + x) * depth, 2 * i + j, dst);
      }
    }
  }
}

template <class T>
void gather_places(const torch::Tensor& in, torch::Tensor& out) {
  const int64_t channels = in.size(1);
  const int64_t width = out.size(3);
  const T* src = in.data_ptr<T>();
  T* dst = out.data_ptr<T>();
  for (int64_t line = 0; line < out.size(0) * out.size(2); ++line) {
    const T* upper = src + line * 4 * width * channels;
    const T* lower = upper + 2 * width * channels;
    for (int64_t x = 0; x < width; ++x, upper += 2 * channels, lower += 2 * channels) {
      for (int64_t c = 0; c < channels; ++c) {
        *dst++ = upper[c];
        *dst++ = upper[channels + c];
        *dst++ = lower[c];
        *dst++ = lower[channels + c];
      }
    }
  }
}

// A plane of a square of side x side values as its four quarters: quarter `part`, row by row.
template <int side, class T>
T* copy_quarter(const T* plane, int64_t part, T* to) {
  constexpr int kHalf = side / 2;
  const T* from = plane + part / 2 * kHalf * side + part % 2 * kHalf;
  for (int row = 0; row < kHalf; ++row, from += side, to += kHalf) std::copy_n(from, kHalf, to);
  return to;
}

// Channels of packed(8), see PictureTensor.
template <class T>
void copy_quarters(const T* channels, int64_t part, T* to) {
  to = copy_quarter<8>(channels, part, to);
  to = copy_quarter<4>(channels + 64, part, to);
  copy_quarter<4>(channels + 80, part, to);
}

template <class Spread>
torch::Tensor spread(const torch::Tensor& any, Spread spread_into) {
  const auto x = any.contiguous(kChannelsLast);
  auto out = torch::empty({x.size(0), x.size(1) / 4, 2 * x.size(2), 2 * x.size(3)}, x.options(), kChannelsLast);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "spread", [&] { spread_into(scalar_t(), x, out); });
  return out;
}

// The order of channels with which pixel_shuffle(x, 2) does what halved() shall.
std::vector<int64_t> halving_order() {
  std::vector<int64_t> channels(96);
  std::iota(channels.begin(), channels.end(), 0);
  std::vector<int64_t> order(channels.size());
  std::vector<int64_t> quarter(channels.size() / 4);
  for (int64_t part = 0; part < 4; ++part) {
    copy_quarters(channels.data(), part, quarter.data());
    for (size_t c = 0; c < quarter.size(); ++c) order[4 * c + static_cast<size_t>(part)] = quarter[c];
  }
  return order;
}

}  // namespace

torch::Tensor depth_to_space(const torch::Tensor& x) {
  if (at::GradMode::is_enabled()) return torch::pixel_shuffle(x, 2);
  return spread(x, [](auto type, const torch::Tensor& in, torch::Tensor& out) {
    using T = decltype(type);
    spread_places<T>(in, out, [channels = in.size(1) / 4](const T* from, int64_t part, T* to) {
      for (int64_t c = 0; c < channels; ++c) to[c] = from[4 * c + part];
    });
  });
}

torch::Tensor space_to_depth(const torch::Tensor& any) {
  if (at::GradMode::is_enabled()) return torch::pixel_unshuffle(any, 2);
  const auto x = any.contiguous(kChannelsLast);
  auto out = torch::empty({x.size(0), 4 * x.size(1), x.size(2) / 2, x.size(3) / 2}, x.options(), kChannelsLast);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "gather_places",
                                 [&] { gather_places<scalar_t>(x, out); });
  return out;
}

torch::Tensor halved(const torch::Tensor& packed8) {
  if (!at::GradMode::is_enabled()) {
    return spread(packed8, [](auto type, const torch::Tensor& in, torch::Tensor& out) {
      using T = decltype(type);
      spread_places<T>(in, out, copy_quarters<T>);
    });
  }
  static const std::vector<int64_t> order = halving_order();
  return torch::pixel_shuffle(packed8.index_select(1, torch::tensor(order)), 2);
}

}  // namespace crlsc::neural
