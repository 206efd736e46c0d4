// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/winograd.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "neural/winograd_kernels.h"

namespace crlsc::neural {
namespace {

constexpr auto kChannelsLast = torch::MemoryFormat::ChannelsLast;
constexpr int64_t kBand = 3 * kWinogradRows;  // tiles whose points and products fit into a core's cache
constexpr double kMostWork = 1.6;             // of tiles, for each place of the map

const WinogradKernels& choose_kernels() {
#ifdef CRLSC_X86_KERNELS
  const char* const most = std::getenv("ATEN_CPU_CAPABILITY");  // as torch understands it
  const bool avx2 = most == nullptr || std::strcmp(most, "default") != 0;
  const bool avx512 = avx2 && (most == nullptr || std::strcmp(most, "avx2") != 0);
  if (avx512 && __builtin_cpu_supports("avx512f")) return kWinogradAvx512;
  if (avx2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kWinogradAvx2;
#endif
  return kWinogradBaseline;
}

const WinogradKernels& kernels() {
  static const WinogradKernels& chosen = choose_kernels();
  return chosen;
}

int64_t tiles_across(int64_t size) { return (size + kWinogradTile - 1) / kWinogradTile; }

int64_t blocks_of(int64_t channels) { return (channels + kWinogradLanes - 1) / kWinogradLanes; }

// The tiles of maps [B, channels, H, W], one after the other.
class Tiles {
 public:
  explicit Tiles(const torch::Tensor& maps)
      : cols_(tiles_across(maps.size(3))),
        each_(tiles_across(maps.size(2)) * cols_),
        count_(maps.size(0) * each_),
        map_(maps.size(1) * maps.size(2) * maps.size(3)),
        tile_{0, 0, maps.size(2), maps.size(3), maps.size(1)} {}

  int64_t count() const { return count_; }
  // Of the map that tile n belongs to.
  int64_t offset(int64_t n) const { return n / each_ * map_; }
  WinogradTile at(int64_t n) const {
    WinogradTile tile = tile_;
    tile.y = n % each_ / cols_ * kWinogradTile;
    tile.x = n % cols_ * kWinogradTile;
    return tile;
  }

 private:
  int64_t cols_, each_, count_, map_;
  WinogradTile tile_;
};

}  // namespace

bool WinogradFilters::suit(int64_t in, int64_t out) { return in >= kWinogradLanes && out >= kWinogradLanes; }

bool WinogradFilters::pay(int64_t height, int64_t width) {
  const auto tiled = static_cast<double>(tiles_across(height) * tiles_across(width) * kWinogradTile * kWinogradTile);
  return tiled <= kMostWork * static_cast<double>(height * width);
}

WinogradFilters::WinogradFilters(const torch::Tensor& weight, const torch::Tensor& bias)
    : in_(weight.size(1)), out_(weight.size(0)), bias_(static_cast<size_t>(out_)) {
  const auto g = torch::tensor({1.0 / 4, 0.0, 0.0,             //
                                -1.0 / 6, -1.0 / 6, -1.0 / 6,  //
                                -1.0 / 6, 1.0 / 6, -1.0 / 6,   //
                                1.0 / 24, 1.0 / 12, 1.0 / 6,   //
                                1.0 / 24, -1.0 / 12, 1.0 / 6,  //
                                0.0, 0.0, 1.0},
                               torch::kFloat64)
                     .view({kWinogradSide, 3});
  const auto points = torch::einsum("ia,ocab,jb->ijco", {g, weight.detach().to(torch::kFloat64), g});
  const int64_t blocks = blocks_of(out_);
  auto padded = torch::zeros({kWinogradPoints, in_, blocks * kWinogradLanes});
  padded.narrow(2, 0, out_).copy_(points.reshape({kWinogradPoints, in_, out_}));
  const auto ordered = padded.view({kWinogradPoints, in_, blocks, kWinogradLanes}).permute({0, 2, 1, 3}).contiguous();
  filters_.assign(ordered.data_ptr<float>(), ordered.data_ptr<float>() + ordered.numel());
  if (!bias.defined()) return;
  const auto offsets = bias.detach().to(torch::kFloat32).contiguous();
  std::copy_n(offsets.data_ptr<float>(), bias_.size(), bias_.begin());
}

torch::Tensor WinogradFilters::convolve(const torch::Tensor& any, float slope, const torch::Tensor& added) const {
  const auto x = any.contiguous(kChannelsLast);
  auto out = torch::empty({x.size(0), out_, x.size(2), x.size(3)}, x.options(), kChannelsLast);
  const auto more = added.defined() ? added.contiguous(kChannelsLast) : added;
  const int64_t blocks = blocks_of(out_);
  const int64_t width = blocks * kWinogradLanes;
  const Tiles from(x);
  const Tiles to(out);
  const WinogradKernels& kernel = kernels();
  at::parallel_for(0, (to.count() + kBand - 1) / kBand, 1, [&](int64_t begin, int64_t end) {
    auto points = torch::empty({kWinogradPoints, kBand, in_});
    auto products = torch::empty({kWinogradPoints, kBand, width});
    auto* const rows = points.data_ptr<float>();
    auto* const results = products.data_ptr<float>();
    for (int64_t first = begin * kBand; first < std::min(end * kBand, to.count()); first += kBand) {
      const int64_t count = std::min(kBand, to.count() - first);
      for (int64_t n = 0; n < count; ++n) {
        kernel.transform_input(x.data_ptr<float>() + from.offset(first + n), from.at(first + n), rows + n * in_,
                               kBand * in_);
      }
      for (int64_t p = 0; p < kWinogradPoints; ++p) {
        for (int64_t n = 0; n < count; n += kWinogradRows) {
          kernel.multiply(rows + (p * kBand + n) * in_, in_, filters_.data() + p * in_ * width, blocks,
                          results + (p * kBand + n) * width);
        }
      }
      for (int64_t n = 0; n < count; ++n) {
        const int64_t offset = to.offset(first + n);
        const WinogradFinish finish{bias_.data(), slope, more.defined() ? more.data_ptr<float>() + offset : nullptr};
        kernel.transform_output(results + n * width, kBand * width, to.at(first + n), finish,
                                out.data_ptr<float>() + offset);
      }
    }
  });
  return out;
}

}  // namespace crlsc::neural
