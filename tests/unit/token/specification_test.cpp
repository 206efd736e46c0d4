// SPDX-License-Identifier: LGPL-2.1-or-later
// Holds the examples of docs/bitstream.md on tokens against the code.
#include <fstream>
#include <iomanip>
#include <map>
#include <sstream>

#include "core/bitstream/unit.h"
#include "core/codec/token_unit.h"
#include "core/model/model_file.h"
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
  grid.cells[1].motion = {3, -2};
  grid.cells[2] = {true, 1, Reference::kPrevious, {3, -2}};
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

TEST(TokenSpecification, AccessUnitOfTheExample) {
  const TokenLayout layout = test_layout();
  Bytes unit;
  for (int layer = 0; layer < 3; ++layer) {
    const Bytes bits = encode_layer(grid_of_the_example(), layout, kWhole, layer, TokenContexts(layout));
    append_token_unit(unit, {layer, false, kWhole, 3, 3, bits}, 2);
  }
  EXPECT_EQ(hex(example("token-access-unit")), hex(unit));
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

TEST(TokenSpecification, HashOfTheExample) {
  TokenHash hash;
  hash.add(grid_of_the_example());
  const Sha256::Digest digest = hash.finish();
  EXPECT_EQ(hex(example("token-hash")), hex({digest.data(), digest.size()}));
}

TEST(TokenSpecification, HashOfAModel) {
  const std::string text = specification();
  const size_t from = text.find("backend=reference\n");
  ASSERT_NE(from, std::string::npos);
  const std::string lines = text.substr(from, text.find("```", from) - from);
  const Sha256::Digest digest = Sha256::of(Bytes(lines.begin(), lines.end()));
  EXPECT_EQ(hex(example("model-hash")), hex({digest.data(), digest.size()}));
  EXPECT_EQ(model_hash({}, "reference", test_layout()), to_hex(digest));
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
        "| `priors.detail<s>.present.<c>` | 3 | " + percent(contexts.detail[1][0].present),
        "| `priors.detail<s>.nonzero.<c>` | 6 | " + percent(contexts.detail[1][0].nonzero)}) {
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
  for (const auto& motion : contexts.motion) EXPECT_EQ(motion.cost(0), SignedExpGolomb().cost(0));
}

}  // namespace
}  // namespace crlsc
