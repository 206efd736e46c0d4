// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/rearrange.h"

#include <vector>

namespace crlsc::neural {
namespace {

constexpr auto kChannelsLast = torch::MemoryFormat::ChannelsLast;

// Channel `from[4 c + 2 i + j]` of place (y, x) goes to channel c of place (2 y + i, 2 x + j).
template <class T>
void spread_channels(const torch::Tensor& in, const std::vector<int64_t>& from, torch::Tensor& out) {
  const int64_t depth = in.size(1);
  const int64_t channels = depth / 4;
  const int64_t width = in.size(3);
  const T* src = in.data_ptr<T>();
  T* dst = out.data_ptr<T>();
  for (int64_t line = 0; line < in.size(0) * in.size(2); ++line) {
    for (int64_t i = 0; i < 2; ++i) {
      for (int64_t x = 0; x < width; ++x) {
        const T* place = src + (line * width + x) * depth;
        for (int64_t j = 0; j < 2; ++j) {
          for (int64_t c = 0; c < channels; ++c) *dst++ = place[from[static_cast<size_t>(4 * c + 2 * i + j)]];
        }
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

torch::Tensor spread_by(const torch::Tensor& any, const std::vector<int64_t>& from) {
  const auto x = any.contiguous(kChannelsLast);
  auto out = torch::empty({x.size(0), x.size(1) / 4, 2 * x.size(2), 2 * x.size(3)}, x.options(), kChannelsLast);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "spread_channels",
                                 [&] { spread_channels<scalar_t>(x, from, out); });
  return out;
}

std::vector<int64_t> counting(int64_t channels) {
  std::vector<int64_t> all(static_cast<size_t>(channels));
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  return all;
}

// Where halved() takes its channels from, in the order of spread_channels().
std::vector<int64_t> halving_order() {
  std::vector<int64_t> from;
  auto add_plane = [&from](int64_t first, int side) {
    const int half = side / 2;
    for (int i = 0; i < half * half * 4; ++i) {
      const int inner = i / 4;
      const int y = i / 2 % 2 * half + inner / half;
      const int x = i % 2 * half + inner % half;
      from.push_back(first + y * side + x);
    }
  };
  add_plane(0, 8);
  add_plane(64, 4);
  add_plane(80, 4);
  return from;
}

}  // namespace

torch::Tensor depth_to_space(const torch::Tensor& x) {
  return at::GradMode::is_enabled() ? torch::pixel_shuffle(x, 2) : spread_by(x, counting(x.size(1)));
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
  static const std::vector<int64_t> order = halving_order();
  if (!at::GradMode::is_enabled()) return spread_by(packed8, order);
  return torch::pixel_shuffle(packed8.index_select(1, torch::tensor(order)), 2);
}

}  // namespace crlsc::neural
