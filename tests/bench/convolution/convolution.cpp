// SPDX-License-Identifier: LGPL-2.1-or-later
// The networks' convolutions as oneDNN makes them directly, and by Winograd's filtering: medians in one thread. Built
// on request only:
//   ninja -C build tests/bench/convolution/bench-convolution && build/tests/bench/convolution/bench-convolution
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "neural/winograd.h"

using namespace crlsc::neural;

namespace {

constexpr int kRuns = 301;

struct Shape {
  const char* where;
  int64_t in, out, height, width;
};

// Of a picture of 320x180.
constexpr Shape kShapes[] = {
    {"encoder, decoder at 1/8", 64, 64, 24, 40}, {"structure at 1/16", 96, 96, 12, 20},
    {"details at 1/8", 88, 64, 24, 40},          {"decoder's end at 1/4", 56, 32, 48, 80},
    {"decoder's end at 1/4", 32, 32, 48, 80},    {"decoder's end at 1/4", 32, 24, 48, 80},
    {"post-filter at 1/4", 48, 48, 48, 80},      {"XS, decoder at 1/8", 48, 48, 24, 40},
};

// Milliseconds.
template <class Function>
double median_time(Function f) {
  std::vector<double> times;
  for (int i = 0; i < kRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
  return times[kRuns / 2];
}

}  // namespace

int main() {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  std::printf(
      "| where | channels | map | direct, ms | Winograd, ms | ratio |\n| --- | --- | --- | --- | --- | --- |\n");
  for (const Shape& s : kShapes) {
    const auto x = torch::randn({1, s.in, s.height, s.width}).contiguous(torch::MemoryFormat::ChannelsLast);
    const auto weight = torch::randn({s.out, s.in, 3, 3});
    const auto bias = torch::randn({s.out});
    const WinogradFilters filters(weight, bias);
    const double direct = median_time([&] {
      return at::mkldnn_convolution(x, weight, bias, {1, 1}, {1, 1}, {1, 1}, 1);
    });
    const double winograd = median_time([&] { return filters.convolve(x, 1, {}); });
    std::printf("| %s | %d to %d | %dx%d | %.3f | %.3f | %.2f |\n", s.where, static_cast<int>(s.in),
                static_cast<int>(s.out), static_cast<int>(s.width), static_cast<int>(s.height), direct, winograd,
                winograd / direct);
  }
  return 0;
}
