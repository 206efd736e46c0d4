// SPDX-License-Identifier: LGPL-2.1-or-later
// Convolutions by Winograd's filtering are those of the definition, but for rounding.
#include "neural/winograd.h"

#include <gtest/gtest.h>

#include "neural/convolution.h"

namespace crlsc::neural {
namespace {

constexpr double kSlope = 0.1;
constexpr double kRounding = 2e-4;  // of values of about one

struct Shape {
  int64_t batch, in, out, height, width;
};

class Winograd : public testing::TestWithParam<Shape> {};

torch::Tensor noise(const std::vector<int64_t>& sizes) {
  return torch::randn(sizes).contiguous(torch::MemoryFormat::ChannelsLast);
}

double distance(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST_P(Winograd, IsAConvolution) {
  const Shape s = GetParam();
  torch::manual_seed(1);
  const c10::InferenceMode inference;
  const auto x = noise({s.batch, s.in, s.height, s.width});
  const auto weight = torch::randn({s.out, s.in, 3, 3}) / (3 * std::sqrt(static_cast<double>(s.in)));
  const auto bias = torch::randn({s.out});
  const auto added = noise({s.batch, s.out, s.height, s.width});
  const auto exact = torch::conv2d(x.to(torch::kFloat64), weight.to(torch::kFloat64), bias.to(torch::kFloat64), 1, 1);
  const auto finished = torch::leaky_relu(exact, kSlope) + added;
  EXPECT_LT(distance(WinogradFilters(weight, bias).convolve(x, kSlope, added), finished), kRounding);
  EXPECT_LT(distance(WinogradFilters(weight, bias).convolve(x, 1, {}), exact), kRounding);
  const auto unbiased = exact - bias.view({1, -1, 1, 1});
  EXPECT_LT(distance(WinogradFilters(weight, {}).convolve(x.contiguous(), 1, {}), unbiased), kRounding);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Winograd,
                         testing::Values(Shape{1, 64, 64, 24, 40}, Shape{1, 16, 16, 1, 1}, Shape{2, 26, 48, 5, 7},
                                         Shape{3, 17, 31, 13, 4}, Shape{1, 96, 24, 90, 50}));

TEST(WinogradTiles, PayWhereTheMapIsLargeEnough) {
  EXPECT_TRUE(WinogradFilters::pay(24, 40));
  EXPECT_TRUE(WinogradFilters::pay(6, 8));
  EXPECT_FALSE(WinogradFilters::pay(5, 5));
  EXPECT_FALSE(WinogradFilters::pay(1, 40));
}

// Settled or not, a convolution gives the same, and learns on once it is not only used.
TEST(Settling, ChangesSpeedAlone) {
  torch::manual_seed(2);
  Convolution convolution(32, 32, 3);
  const auto x = noise({1, 32, 12, 12});
  const auto before = convolution->forward_with(x, kSlope, x).detach();
  convolution->settle();
  {
    const c10::InferenceMode inference;
    EXPECT_LT(distance(convolution->forward_with(x, kSlope, x), before), kRounding);
    EXPECT_LT(distance(convolution->forward(x), torch::conv2d(x, convolution->weight, convolution->bias, 1, 1)),
              kRounding);
  }
  convolution->forward(x).sum().backward();
  EXPECT_TRUE(convolution->weight.grad().defined());
}

}  // namespace
}  // namespace crlsc::neural
