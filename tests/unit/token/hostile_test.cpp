// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes give a valid grid, in bounded time.
#include <algorithm>
#include <chrono>

#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

using Random = std::mt19937;

Bytes random_bytes(Random& random, size_t size) {
  Bytes bytes(size);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
  return bytes;
}

Bytes mutated(Bytes bytes, Random& random) {
  const int changes = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < changes; ++i) {
    const size_t at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(at), static_cast<uint8_t>(random()));
        break;
      case 1:
        bytes.resize(at);
        break;
      default:
        if (!bytes.empty()) bytes[at] ^= static_cast<uint8_t>(1U << random() % 8);
    }
  }
  return bytes;
}

// Reads all layers whatever the answer is; the grid has to be valid in any case.
testing::AssertionResult survives(const std::vector<Bytes>& layers, const TokenLayout& layout, Slice slice,
                                  const TokenContexts& priors, TokenGrid& grid) {
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    decode_layer(layers[layer], layout, slice, static_cast<int>(layer), priors, grid);
    testing::AssertionResult result = valid(grid, layout, slice);
    if (!result) return result << " after layer " << layer;
  }
  return testing::AssertionSuccess();
}

class Hostile : public testing::TestWithParam<std::string> {};

TEST_P(Hostile, RandomBytes) {
  const TokenLayout layout = layout_named(GetParam());
  const TokenContexts priors(layout);
  Random random(1);
  TokenGrid grid(6, 5, layout);
  for (int i = 0; i < 3000; ++i) {
    std::vector<Bytes> layers;
    for (int layer = 0; layer < layout.layers(); ++layer) layers.push_back(random_bytes(random, random() % 60));
    ASSERT_TRUE(survives(layers, layout, {1, 3}, priors, grid)) << i;
  }
}

TEST_P(Hostile, MutatedUnits) {
  const TokenLayout layout = layout_named(GetParam());
  const TokenContexts priors(layout);
  Random random(2);
  TokenGrid grid(6, 5, layout);
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const Mix& mix = mixes()[seed % mixes().size()];
    const std::vector<Bytes> units = encode_slice(random_grid(layout, 6, 5, mix, seed), layout, {0, 5}, priors);
    for (int i = 0; i < 350; ++i) {
      std::vector<Bytes> layers = units;
      for (Bytes& layer : layers) layer = mutated(layer, random);
      ASSERT_TRUE(survives(layers, layout, {0, 5}, priors, grid)) << seed << ", " << i;
    }
  }
}

TEST_P(Hostile, ConstantBytes) {
  const TokenLayout layout = layout_named(GetParam());
  const TokenContexts priors(layout);
  TokenGrid grid(6, 5, layout);
  for (int value = 0; value < 256; ++value) {
    const std::vector<Bytes> layers(static_cast<size_t>(layout.layers()), Bytes(40, static_cast<uint8_t>(value)));
    ASSERT_TRUE(survives(layers, layout, {0, 5}, priors, grid)) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, Hostile,
                         testing::Values("usual", "no-detail", "two-codes", "large", "six-stages", "gap", "gains",
                                         "classes", "scalar", "scalar-smallest", "scalar-largest", "scalar-no-detail",
                                         "split", "scalar-split"),
                         [](const auto& param) { return test_name(param.param); });

TEST(HostileLayer, AddedUpMotionStaysWithinBounds) {
  // Vectors that grow from cell to cell: each differs by +4094 from its prediction.
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  TokenContexts contexts = priors;
  RangeEncoder range;
  for (int i = 0; i < 12; ++i) {
    const unsigned around = i == 0 ? 0 : 1;
    range.bit(contexts.active[around], true);
    range.bit(contexts.coded[0], false);
    range.bit(contexts.other_reference[0], false);
    contexts.motion[0].encode(range, SignedExpGolomb::kMaxMagnitude);
    contexts.motion[1].encode(range, -SignedExpGolomb::kMaxMagnitude);
  }
  TokenGrid grid(12, 1, layout);
  ASSERT_TRUE(decode_layer(range.finish(), layout, {0, 1}, 0, priors, grid));
  for (const Cell& cell : grid.cells) EXPECT_EQ(cell.motion, (MotionVector{kMaxMotion, -kMaxMotion}));
}

TEST(HostileLayer, NoBytesAreAStillSlice) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  TokenGrid grid = random_grid(layout, 20, 15, mixes()[0], 3);
  EXPECT_TRUE(decode_layer({}, layout, {0, 15}, 0, priors, grid));
  EXPECT_TRUE(same_tokens(grid, TokenGrid(20, 15, layout)));
}

TEST(HostileLayer, CutUnitsAreRefused) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const TokenGrid grid = random_grid(layout, 30, 20, mixes()[3], 4);
  const Bytes bits = encode_layer(grid, layout, {0, 20}, 0, priors);
  TokenGrid read(30, 20, layout);
  // Zeros read as unlikely bits soon add up to more than any encoder leaves away.
  EXPECT_FALSE(decode_layer(ByteView(bits).sub(0, bits.size() / 4), layout, {0, 20}, 0, priors, read));
  EXPECT_TRUE(valid(read, layout, {0, 20}));
}

TEST(HostileLayer, BytesTooManyDoNoHarm) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const TokenGrid grid = random_grid(layout, 6, 5, mixes()[0], 5);
  std::vector<Bytes> units = encode_slice(grid, layout, {0, 5}, priors);
  TokenGrid read(6, 5, layout);
  units[0].insert(units[0].end(), 1000, 0);
  EXPECT_TRUE(decode_layer(units[0], layout, {0, 5}, 0, priors, read));
  EXPECT_TRUE(same_tokens(read, up_to_layer(grid, layout, 0)));
}

TEST(HostileLayer, TheLargestPictureTakesBoundedTime) {
  const TokenLayout layout = layout_named("six-stages");
  const TokenContexts priors(layout);
  Random random(6);
  TokenGrid grid(120, 68, layout);
  const std::vector<Bytes> layers(static_cast<size_t>(layout.layers()), random_bytes(random, 65535));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(survives(layers, layout, {0, 68}, priors, grid));
  // Some 300,000 decisions; the bound leaves room for sanitizers and busy machines.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace crlsc
