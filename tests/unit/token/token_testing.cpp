// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit/token/token_testing.h"

#include <algorithm>
#include <stdexcept>

namespace crlsc {
namespace {

using Random = std::mt19937;

int below(Random& random, int n) { return static_cast<int>(random() % static_cast<uint32_t>(n)); }

MotionVector random_motion(Random& random, int largest) {
  const int span = 2 * largest + 1;
  return {static_cast<int16_t>(below(random, span) - largest), static_cast<int16_t>(below(random, span) - largest)};
}

CellMotion random_cell_motion(Random& random, const Mix& mix, bool split) {
  CellMotion motion = random_motion(random, mix.largest_motion);
  if (!split || below(random, 2) == 0) return motion;
  for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
    if (below(random, 2) == 0) motion[b] = random_motion(random, mix.largest_motion);
  }
  return motion;
}

Reference random_knowledge(Random& random) {
  return static_cast<Reference>(static_cast<int>(Reference::kKnowledge0) + below(random, kMaxKnowledge));
}

Cell random_cell(Random& random, const Mix& mix, const TokenLayout& layout) {
  Cell cell;
  int pick = below(
      random, mix.still + mix.moved_copy + mix.other_copy + mix.coded_previous + mix.coded_grey + mix.coded_knowledge);
  const auto takes = [&pick](int share) {
    pick -= share;
    return pick < 0;
  };
  if (takes(mix.still)) return cell;
  if (takes(mix.moved_copy)) {
    cell.motion = random_cell_motion(random, mix, layout.split_motion);
    return cell;
  }
  if (takes(mix.other_copy)) {
    cell.reference = below(random, 2) == 0 ? Reference::kGrey : random_knowledge(random);
    return cell;
  }
  cell.coded = true;
  cell.stages = static_cast<uint8_t>(mix.all_stages ? layout.stages() : below(random, layout.stages() + 1));
  if (takes(mix.coded_previous)) {
    if (below(random, 3) != 0) cell.motion = random_cell_motion(random, mix, layout.split_motion);
  } else {
    cell.reference = takes(mix.coded_grey) ? Reference::kGrey : random_knowledge(random);
  }
  return cell;
}

// Calls visit(tokens, count, stage) for the cell's structure (stage -1) and then each block of its first `stages`.
template <class Grid, class Visit>
void for_tokens(Grid& grid, int cell, int stages, Visit visit) {
  visit(grid.structure_at(static_cast<size_t>(cell)), grid.structure_tokens(), -1);
  for (int stage = 0; stage < stages; ++stage) {
    for (int t = 0; t < 4; ++t) {
      const int y = 2 * (cell / grid.cols()) + t / 2;
      const int x = 2 * (cell % grid.cols()) + t % 2;
      visit(grid.detail_at(stage, x, y), grid.detail_tokens(stage), stage);
    }
  }
}

// One more than the largest token of a vector quantiser.
int codes_of(const TokenLayout& layout, int stage) {
  return stage < 0 ? layout.structure_codes : layout.detail_codes[static_cast<size_t>(stage)];
}

void random_tokens(Random& random, const TokenLayout& layout, int stage, int16_t* tokens, int count) {
  if (layout.scalar()) return random_levels(random, tokens, count);
  *tokens = static_cast<int16_t>(stage >= 0 && below(random, 3) == 0 ? 0 : below(random, codes_of(layout, stage)));
}

bool valid_token(int token, const TokenLayout& layout, int stage) {
  return layout.scalar() ? std::abs(token) <= kMaxLevel : token >= 0 && token < codes_of(layout, stage);
}

// All tokens of a cell that take part.
std::vector<int> tokens_of(const TokenGrid& grid, int cell) {
  std::vector<int> all;
  for_tokens(grid, cell, grid.cells[static_cast<size_t>(cell)].stages,
             [&all](const int16_t* tokens, int count, int) { all.insert(all.end(), tokens, tokens + count); });
  return all;
}

std::string place(const TokenGrid& grid, int cell) {
  return "cell (" + std::to_string(cell % grid.cols()) + ", " + std::to_string(cell / grid.cols()) + ")";
}

bool valid_cell(const Cell& cell, const TokenLayout& layout) {
  const int reference = static_cast<int>(cell.reference);
  if (reference >= static_cast<int>(Reference::kKnowledge0) + kMaxKnowledge) return false;
  if (cell.reference != Reference::kPrevious && cell.motion != CellMotion()) return false;
  if (cell.motion.split() && !layout.split_motion) return false;
  for (size_t b = 0; b < CellMotion::kBlocks; ++b) {
    if (std::abs(cell.motion[b].dx) > kMaxMotion || std::abs(cell.motion[b].dy) > kMaxMotion) return false;
  }
  if (cell.coded && cell.gain >= layout.gain_levels) return false;
  return cell.stages <= (cell.coded ? layout.stages() : 0);
}

}  // namespace

std::string test_name(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

TokenLayout test_layout() { return layout_named("usual"); }

TokenLayout layout_named(const std::string& name) {
  if (name == "usual") return {64, {32, 16, 16}, {1, 2, 2}};
  if (name == "no-detail") return {16, {}, {}};
  if (name == "two-codes") return {2, {2, 2}, {1, 2}};
  if (name == "large") return {4096, {4096, 3}, {1, 1}};
  if (name == "six-stages") return {16, {4, 5, 6, 7, 8, 9}, {1, 1, 2, 2, 3, 3}};
  if (name == "gap") return {16, {8, 8, 8}, {1, 3, 3}};
  if (name == "gains") return {16, {8, 8}, {1, 2}, kMaxGainLevels};
  if (name == "classes") return {16, {8, 8}, {1, 2}, 6, 3};
  if (name == "two-gains") return {16, {8}, {1}, 2};
  if (name == "scalar") return {0, {}, {1, 2, 2}, kMaxGainLevels, 2, 12, {6, 10, 16}};
  if (name == "scalar-smallest") return {0, {}, {1, 1}, 1, 1, 1, {1, 2}};
  if (name == "scalar-largest") return {0, {}, {1, 3}, 2, 2, kMaxCoefficients, {kMaxCoefficients, 3}};
  if (name == "split") return {16, {8}, {1}, 1, 1, 0, {}, true};
  if (name == "scalar-split") return {0, {}, {1, 2}, kMaxGainLevels, 2, 12, {6, 10}, true};
  if (name == "scalar-no-detail") return {0, {}, {}, 1, 1, 20, {}};
  throw std::invalid_argument(name);
}

const std::vector<Mix>& mixes() {
  static const std::vector<Mix> kMixes = {
      {"even"},
      {"still", 1, 0, 0, 0, 0, 0},
      {"mostly-still", 60, 1, 1, 1, 1, 1},
      {"first-picture", 0, 0, 0, 0, 1, 0},
      {"panning", 0, 4, 0, 1, 0, 0, 12},
      {"far-motion", 0, 1, 0, 1, 0, 0, kMaxMotion},
      {"knowledge", 1, 0, 3, 0, 0, 3},
      {"all-stages", 1, 1, 0, 3, 1, 1, 30, true},
  };
  return kMixes;
}

void random_levels(std::mt19937& random, int16_t* levels, int count) {
  std::fill(levels, levels + count, int16_t{0});
  const int end = below(random, count + 1);
  const int sparse = 1 + below(random, 4);
  for (int i = 0; i < end; ++i) {
    const int most = below(random, 40) == 0 ? kMaxLevel : 1 + below(random, 4);
    if (below(random, sparse) == 0) levels[i] = static_cast<int16_t>(below(random, 2 * most + 1) - most);
  }
}

TokenGrid random_grid(const TokenLayout& layout, int cols, int rows, const Mix& mix, uint32_t seed) {
  Random random(seed);
  TokenGrid grid(cols, rows, layout);
  for (int i = 0; i < grid.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    grid.cells[at] = random_cell(random, mix, layout);
    // Also where they take no part: nobody may look at them there.
    if (layout.gain_levels > 1) grid.cells[at].gain = static_cast<uint8_t>(below(random, layout.gain_levels));
    for_tokens(grid, i, layout.stages(),
               [&](int16_t* tokens, int count, int stage) { random_tokens(random, layout, stage, tokens, count); });
  }
  return grid;
}

TokenGrid up_to_layer(const TokenGrid& grid, const TokenLayout& layout, int layer) {
  TokenGrid result = grid;
  for (Cell& cell : result.cells) {
    cell.stages = static_cast<uint8_t>(std::min<int>(cell.stages, layout.stages_up_to(layer)));
  }
  return result;
}

testing::AssertionResult same_tokens(const TokenGrid& a, const TokenGrid& b, Slice slice) {
  if (a.cols() != b.cols() || a.rows() != b.rows()) return testing::AssertionFailure() << "sizes differ";
  for (int i = slice.first_row * a.cols(); i < (slice.first_row + slice.rows) * a.cols(); ++i) {
    const auto at = static_cast<size_t>(i);
    const Cell& x = a.cells[at];
    const Cell& y = b.cells[at];
    if (x.coded != y.coded || x.stages != y.stages || x.reference != y.reference || x.motion != y.motion) {
      return testing::AssertionFailure() << place(a, i) << " differs: coded " << x.coded << '/' << y.coded
                                         << ", stages " << +x.stages << '/' << +y.stages << ", motion "
                                         << x.motion[0].dx << ',' << x.motion[0].dy << '/' << y.motion[0].dx << ','
                                         << y.motion[0].dy;
    }
    if (!x.coded) continue;
    if (x.gain != y.gain) return testing::AssertionFailure() << place(a, i) << ": gain " << +x.gain << '/' << +y.gain;
    if (tokens_of(a, i) != tokens_of(b, i)) return testing::AssertionFailure() << place(a, i) << ": tokens differ";
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult same_tokens(const TokenGrid& a, const TokenGrid& b) {
  return same_tokens(a, b, {0, a.rows()});
}

testing::AssertionResult valid(const TokenGrid& grid, const TokenLayout& layout, Slice slice) {
  for (int i = slice.first_row * grid.cols(); i < (slice.first_row + slice.rows) * grid.cols(); ++i) {
    const auto at = static_cast<size_t>(i);
    const Cell& cell = grid.cells[at];
    if (!valid_cell(cell, layout)) return testing::AssertionFailure() << place(grid, i) << " is not valid";
    if (!cell.coded) continue;
    bool all = true;
    for_tokens(grid, i, cell.stages, [&](const int16_t* tokens, int count, int stage) {
      all = all && std::all_of(tokens, tokens + count, [&](int t) { return valid_token(t, layout, stage); });
    });
    if (!all) return testing::AssertionFailure() << place(grid, i) << " has a token out of range";
  }
  return testing::AssertionSuccess();
}

std::vector<Bytes> encode_slice(const TokenGrid& grid, const TokenLayout& layout, Slice slice,
                                const TokenContexts& priors) {
  std::vector<Bytes> layers;
  for (int layer = 0; layer < layout.layers(); ++layer) {
    layers.push_back(encode_layer(grid, layout, slice, layer, priors));
  }
  return layers;
}

bool decode_slice(const std::vector<Bytes>& layers, const TokenLayout& layout, Slice slice, const TokenContexts& priors,
                  TokenGrid& grid) {
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    if (!decode_layer(layers[layer], layout, slice, static_cast<int>(layer), priors, grid)) return false;
  }
  return true;
}

}  // namespace crlsc
