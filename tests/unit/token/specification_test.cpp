// SPDX-License-Identifier: LGPL-2.1-or-later
// Holds the examples of docs/bitstream.md on tokens against the code.
#include <fstream>
#include <iomanip>
#include <map>
#include <sstream>

#include "core/bitstream/unit.h"
#include "core/codec/token_unit.h"
#include "core/model/model_file.h"
#include "core/token/gain.h"
#include "core/token/token_hash.h"
#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

Bytes parse_hex(const std::string& text) {
  std::istringstream words(text);
  Bytes bytes;
  for (std::string word; words >> word;) bytes.push_back(static_cast<uint8_t>(std::stoi(word, nullptr, 16)));
  return bytes;
}

std::string hex(ByteView bytes) {
  std::ostringstream text;
  for (uint8_t byte : bytes) text << std::uppercase << std::hex << std::setw(2) << std::setfill('0') << +byte << ' ';
  return text.str();
}

std::string specification() {
  std::ifstream file(BITSTREAM_SPECIFICATION);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The ```hex block behind <!-- example: NAME -->.
Bytes example(const std::string& name) {
  const std::string text = specification();
  const std::string opening = "<!-- example: " + name + " -->\n```hex\n";
  const size_t start = text.find(opening);
  if (start == std::string::npos) throw std::runtime_error("docs/bitstream.md has no example " + name);
  const size_t from = start + opening.size();
  return parse_hex(text.substr(from, text.find("```", from) - from));
}

TokenGrid grid_of_the_example() {
  TokenGrid grid(3, 2, 3);
  grid.cells[1].motion = MotionVector{3, -2};
  grid.cells[2] = {true, 1, Reference::kPrevious, MotionVector{3, -2}};
  grid.cells[3] = {true, 3, Reference::kGrey, {}};
  grid.cells[4].reference = static_cast<Reference>(static_cast<int>(Reference::kKnowledge0) + 2);
  grid.cells[5] = {true, 0, Reference::kKnowledge0, {}};
  grid.structure = {0, 0, 5, 12, 0, 0};
  const auto set = [&grid](size_t stage, int column, int row, const std::array<int16_t, 4>& tokens) {
    for (int t = 0; t < 4; ++t) {
      grid.detail[stage][static_cast<size_t>((2 * row + t / 2) * 6 + 2 * column + t % 2)] =
          tokens[static_cast<size_t>(t)];
    }
  };
  set(0, 2, 0, {7, 0, 0, 1});
  set(0, 0, 1, {1, 2, 0, 31});
  set(1, 0, 1, {0, 15, 3, 0});
  set(2, 0, 1, {0, 0, 9, 0});
  return grid;
}

const Slice kWhole{0, 2};

TEST(TokenSpecification, StillUnit) {
  const TokenLayout layout = test_layout();
  const Bytes bits = encode_layer(TokenGrid(20, 15, 3), layout, {0, 15}, 0, TokenContexts(layout));
  EXPECT_TRUE(bits.empty());
  Bytes unit;
  append_token_unit(unit, {0, false, {0, 15}, 17, 1, bits}, 15);
  EXPECT_EQ(hex(example("token-unit-still")), hex(unit));
  const Bytes written = example("token-unit-still");
  const AccessUnitView view = parse_access_unit(written);
  ASSERT_EQ(view.units.size(), 1U);
  EXPECT_EQ(parse_token_unit(view.units[0], 15)->picture_number, 17);
}

TEST(TokenSpecification, UnitThatNamesAScene) {
  Bytes unit;
  append_token_unit(unit, {0, false, {0, 15}, 17, 1, {}, SceneReference{9, {}}}, 15);
  EXPECT_EQ(hex(example("token-unit-scene")), hex(unit));
}

TEST(TokenSpecification, UnitThatAdjustsPictures) {
  SceneReference scene{9, {}};
  scene.adjustments[2] = {3, -1, -12, 5};
  Bytes unit;
  append_token_unit(unit, {0, false, {0, 15}, 17, 1, {}, scene}, 15);
  EXPECT_EQ(hex(example("token-unit-adjusted")), hex(unit));
}

TEST(TokenSpecification, LayersOfTheExample) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  for (int layer = 0; layer < 3; ++layer) {
    EXPECT_EQ(hex(example("token-layer-" + std::to_string(layer))),
              hex(encode_layer(grid_of_the_example(), layout, kWhole, layer, priors)));
  }
}

TEST(TokenSpecification, ReadingTheExample) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  TokenGrid grid(3, 2, 3);
  for (int layer = 0; layer < 3; ++layer) {
    ASSERT_TRUE(decode_layer(example("token-layer-" + std::to_string(layer)), layout, kWhole, layer, priors, grid));
  }
  EXPECT_TRUE(same_tokens(grid, grid_of_the_example()));
}

TEST(TokenSpecification, ASplitCell) {
  TokenLayout layout = test_layout();
  layout.split_motion = true;
  TokenGrid grid(2, 1, layout);
  grid.cells[0].motion = MotionVector{3, -2};
  grid.cells[1].motion = MotionVector{3, -2};
  grid.cells[1].motion[1] = {4, -2};
  grid.cells[1].motion[3] = {-1, 0};
  const TokenContexts priors(layout);
  EXPECT_EQ(hex(example("token-layer-split")), hex(encode_layer(grid, layout, {0, 1}, 0, priors)));
  TokenGrid read(2, 1, layout);
  ASSERT_TRUE(decode_layer(example("token-layer-split"), layout, {0, 1}, 0, priors, read));
  EXPECT_TRUE(same_tokens(read, grid));
}

TEST(TokenSpecification, AccessUnitOfTheExample) {
  const TokenLayout layout = test_layout();
  Bytes unit;
  for (int layer = 0; layer < 3; ++layer) {
    const Bytes bits = encode_layer(grid_of_the_example(), layout, kWhole, layer, TokenContexts(layout));
    append_token_unit(unit, {layer, false, kWhole, 3, 3, bits}, 2);
  }
  EXPECT_EQ(hex(example("token-access-unit")), hex(unit));
}

TEST(TokenSpecification, JoinedAccessUnitOfTheExample) {
  const TokenLayout layout = test_layout();
  const TokenContexts priors(layout);
  const Bytes bits = encode_joined(grid_of_the_example(), layout, kWhole, 3, priors);
  Bytes unit;
  append_token_unit(unit, {0, false, kWhole, 3, 3, bits, {}, true}, 2);
  EXPECT_EQ(hex(example("token-access-unit-joined")), hex(unit));
  for (int layers = 1; layers <= 3; ++layers) {
    TokenGrid grid(3, 2, layout);
    ASSERT_TRUE(decode_joined(bits, layout, kWhole, layers, priors, grid));
    EXPECT_TRUE(same_tokens(grid, up_to_layer(grid_of_the_example(), layout, layers - 1)));
  }
}

TokenLayout layout_with_gains() {
  TokenLayout layout = test_layout();
  layout.gain_levels = 4;
  layout.gain_classes = 2;
  return layout;
}

TokenGrid grid_with_gains() {
  TokenGrid grid = grid_of_the_example();
  grid.cells[2].gain = 1;
  grid.cells[3].gain = 3;
  grid.cells[5].gain = 2;
  return grid;
}

std::string gain_example(int layer) { return "token-gain-layer-" + std::to_string(layer); }

TEST(TokenSpecification, LayersOfTheExampleWithGains) {
  const TokenLayout layout = layout_with_gains();
  for (int layer = 0; layer < 3; ++layer) {
    EXPECT_EQ(hex(example(gain_example(layer))),
              hex(encode_layer(grid_with_gains(), layout, kWhole, layer, TokenContexts(layout))));
  }
}

TEST(TokenSpecification, ReadingTheExampleWithGains) {
  const TokenLayout layout = layout_with_gains();
  const TokenContexts priors(layout);
  TokenGrid grid(3, 2, 3);
  for (int layer = 0; layer < 3; ++layer) {
    ASSERT_TRUE(decode_layer(example(gain_example(layer)), layout, kWhole, layer, priors, grid));
  }
  EXPECT_TRUE(same_tokens(grid, grid_with_gains()));
  TokenHash hash;
  hash.add(grid);
  const Sha256::Digest digest = hash.finish();
  EXPECT_EQ(hex(example("token-gain-hash")), hex({digest.data(), digest.size()}));
}

struct Walker {
  RangeEncoder range;
  bool bit(AdaptiveBit& c, bool value) {
    range.bit(c, value);
    return value;
  }
  int symbol(BitTree& c, int value) {
    c.encode(range, value);
    return value;
  }
  int number(SignedExpGolomb& c, int value) {
    c.encode(range, value);
    return value;
  }
};

TEST(TokenSpecification, Coefficients) {
  CoefficientContexts contexts(8);
  Walker walker;
  CoefficientView left;
  std::vector<std::vector<int16_t>> blocks = {{4, 0, -1, 1, 0, 0, 0, 0}, {3, -2, 0, 0, 0, 0, 0, 0}, {}};
  blocks[2] = {0, 0, 0, 0, 0, 0, 0, -kMaxLevel};
  for (auto& block : blocks) {
    walk_coefficients(walker, contexts, surroundings(left.nonzero(), 0), left, {}, block.data());
    left = {block.data(), 8};
  }
  EXPECT_EQ(hex(example("coefficients")), hex(walker.range.finish()));
}

TEST(TokenSpecification, Gains) {
  std::string vector = "| vector quantiser |";
  std::string scalar = "| scalar quantiser |";
  for (int level = 0; level < kMaxGainLevels; ++level) {
    vector += " " + std::to_string(gain_value(level)) + " |";
    scalar += " " + std::to_string(step_value(level)) + " |";
  }
  EXPECT_NE(specification().find(vector + "\n" + scalar + "\n"), std::string::npos) << vector << scalar;
}

TokenLayout layout_with_coefficients() { return {0, {}, {1, 2}, 8, 2, 6, {4, 8}}; }

TokenGrid grid_with_coefficients() {
  TokenGrid grid(3, 2, layout_with_coefficients());
  grid.cells = grid_of_the_example().cells;
  grid.cells[2].gain = 1;
  grid.cells[3].gain = 3;
  grid.cells[3].stages = 2;
  grid.cells[5].gain = 4;
  const auto set = [](int16_t* tokens, const std::vector<int16_t>& levels) {
    std::copy(levels.begin(), levels.end(), tokens);
  };
  set(grid.structure_at(2), {3, 0, -1, 0, 0, 0});
  set(grid.detail_at(0, 4, 0), {1, 0, 0, 0});
  set(grid.detail_at(0, 4, 1), {-2, 1, 0, 1});
  set(grid.structure_at(3), {-40, 12, 5, 0, -1, 1});
  set(grid.detail_at(0, 0, 2), {2, -1, 0, 0});
  set(grid.detail_at(0, 0, 3), {3, 0, 0, -1});
  set(grid.detail_at(0, 1, 3), {1, 1, 1, 1});
  set(grid.detail_at(1, 1, 2), {1, 0, 0, 0, -1, 0, 0, 0});
  set(grid.detail_at(1, 0, 3), {0, 0, 0, 0, 0, 0, 0, 5});
  set(grid.detail_at(1, 1, 3), {2047, 0, 0, 0, 0, 0, 0, 0});
  return grid;
}

std::string scalar_example(int layer) { return "token-scalar-layer-" + std::to_string(layer); }

TEST(TokenSpecification, LayersOfTheExampleWithCoefficients) {
  const TokenLayout layout = layout_with_coefficients();
  for (int layer = 0; layer < 3; ++layer) {
    EXPECT_EQ(hex(example(scalar_example(layer))),
              hex(encode_layer(grid_with_coefficients(), layout, kWhole, layer, TokenContexts(layout))));
  }
}

TEST(TokenSpecification, ReadingTheExampleWithCoefficients) {
  const TokenLayout layout = layout_with_coefficients();
  const TokenContexts priors(layout);
  TokenGrid grid(3, 2, layout);
  for (int layer = 0; layer < 3; ++layer) {
    ASSERT_TRUE(decode_layer(example(scalar_example(layer)), layout, kWhole, layer, priors, grid));
  }
  EXPECT_TRUE(same_tokens(grid, grid_with_coefficients()));
  TokenHash hash;
  hash.add(grid);
  const Sha256::Digest digest = hash.finish();
  EXPECT_EQ(hex(example("token-scalar-hash")), hex({digest.data(), digest.size()}));
}

TEST(TokenSpecification, HashOfTheExample) {
  TokenHash hash;
  hash.add(grid_of_the_example());
  const Sha256::Digest digest = hash.finish();
  EXPECT_EQ(hex(example("token-hash")), hex({digest.data(), digest.size()}));
}

// The lines of a model in the text, and the hash that stands behind them.
void expect_model_hash(const std::string& backend, const TokenLayout& layout, const std::string& name) {
  const std::string text = specification();
  const size_t from = text.find("backend=" + backend + "\n");
  ASSERT_NE(from, std::string::npos);
  const std::string lines = text.substr(from, text.find("```", from) - from);
  const Sha256::Digest digest = Sha256::of(Bytes(lines.begin(), lines.end()));
  EXPECT_EQ(hex(example(name)), hex({digest.data(), digest.size()}));
  EXPECT_EQ(model_hash({}, backend, layout), to_hex(digest));
}

TEST(TokenSpecification, HashOfAModel) {
  expect_model_hash("reference", test_layout(), "model-hash");
  expect_model_hash("other", layout_with_coefficients(), "model-hash-scalar");
  TokenLayout split = layout_with_coefficients();
  split.split_motion = true;
  expect_model_hash("split", split, "model-hash-split");
  split.deblocking = true;
  expect_model_hash("smooth", split, "model-hash-deblocking");
}

// What all contexts of a table have in common.
template <class Rows>
std::string percent_of(const Rows& rows) {
  const int p = rows[0][0].probability();
  for (const auto& row : rows) {
    for (const AdaptiveBit& bit : row) EXPECT_EQ(bit.probability(), p);
  }
  return std::to_string((p * 100 + kProbabilityOne / 2) / kProbabilityOne) + " %";
}

// The defaults of the table "Priors" are those of the code.
TEST(TokenSpecification, DefaultPriors) {
  const TokenContexts contexts(test_layout());
  const auto percent = [](const auto& list) {
    std::string text;
    for (const AdaptiveBit& bit : list) {
      text += std::to_string((bit.probability() * 100 + kProbabilityOne / 2) / kProbabilityOne) + " ";
    }
    return text + "% |";
  };
  const std::string text = specification();
  for (const std::string& row :
       {"| `priors.active` | 5 | " + percent(contexts.active), "| `priors.coded` | 3 | " + percent(contexts.coded),
        "| `priors.other_reference` | 3 | " + percent(contexts.other_reference),
        "| `priors.detail<s>.present.<c>`, c = 0..C - 1 | 3 | " + percent(contexts.detail[1][0].present),
        "| `priors.detail<s>.nonzero.<c>` | 6 | " + percent(contexts.detail[1][0].nonzero)}) {
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
  for (const CoefficientContexts& levels : {TokenContexts(layout_with_coefficients()).structure_levels[0][1],
                                            TokenContexts(layout_with_coefficients()).detail[1][0].levels}) {
    const std::string rows[] = {"nonzero` | 9 N, those of coefficient 0 first | " + percent_of(levels.nonzero),
                                "beyond_one` | 3 N, those of coefficient 0 first | " + percent_of(levels.beyond_one),
                                "beyond_two` | 3 | " + percent_of(std::vector{levels.beyond_two})};
    for (const std::string& row : rows) {
      EXPECT_NE(text.find("| `priors.<block>." + row + " |"), std::string::npos) << row;
    }
    for (const BitTree& end : levels.end) {
      const int n = levels.coefficients();
      for (int symbol = 0; symbol <= n; ++symbol) EXPECT_EQ(end.cost(symbol), BitTree(n + 1).cost(symbol));
    }
    for (const auto& signs : levels.sign) {
      for (const AdaptiveBit& sign : signs) EXPECT_EQ(sign.probability(), 16384);
    }
    EXPECT_EQ(levels.rest.cost(100), SignedExpGolomb().cost(100));
  }
  for (const auto& motion : contexts.motion) EXPECT_EQ(motion.cost(0), SignedExpGolomb().cost(0));
}

}  // namespace
}  // namespace crlsc
