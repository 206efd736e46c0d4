// SPDX-License-Identifier: LGPL-2.1-or-later
// Where contexts start: from a model's tables, or from what suits any stream; and how such tables are counted.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include "core/entropy/cost.h"
#include "core/error.h"
#include "core/model/model_file.h"
#include "core/token/token_coder.h"
#include "core/token/token_walk.h"

namespace crlsc {
namespace {

template <size_t N>
void fill(std::array<AdaptiveBit, N>& contexts, const std::array<int, N>& percent) {
  for (size_t i = 0; i < N; ++i) contexts[i] = AdaptiveBit(percent[i] * kProbabilityOne / 100);
}

// One table of a model file; empty if the file has none of this name.
std::vector<uint16_t> table(const ModelFile& file, const std::string& name, size_t size) {
  const auto found = file.priors().find(name);
  if (found == file.priors().end()) return {};
  const std::vector<uint16_t>& values = found->second;
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kRead, "model \"" + file.path() + "\": table \"priors." + name + "\" " + what);
  };
  if (values.size() != size) fail("must hold " + std::to_string(size) + " values");
  if (std::any_of(values.begin(), values.end(), [](uint16_t v) { return v >= kProbabilityOne; })) {
    fail("exceeds 32767");
  }
  return values;
}

template <size_t N>
void load(std::array<AdaptiveBit, N>& contexts, const ModelFile& file, const std::string& name) {
  const auto values = table(file, name, N);
  for (size_t i = 0; i < values.size(); ++i) contexts[i] = AdaptiveBit(values[i]);
}

void load(BitTree& tree, const ModelFile& file, const std::string& name) {
  const auto values = table(file, name, static_cast<size_t>(tree.symbols()) - 1);
  if (!values.empty()) tree = BitTree(tree.symbols(), values);
}

template <size_t N>
void load(std::vector<std::array<AdaptiveBit, N>>& rows, const ModelFile& file, const std::string& name) {
  const auto values = table(file, name, rows.size() * N);
  for (size_t i = 0; i < values.size(); ++i) rows[i / N][i % N] = AdaptiveBit(values[i]);
}

void load(SignedExpGolomb& number, const ModelFile& file, const std::string& name) {
  const auto values = table(file, name, SignedExpGolomb::kContexts);
  if (!values.empty()) number = SignedExpGolomb(values);
}

void load(CoefficientContexts& c, const ModelFile& file, const std::string& name) {
  if (c.coefficients() == 0) return;
  for (size_t i = 0; i < c.end.size(); ++i) load(c.end[i], file, name + ".end." + std::to_string(i));
  load(c.nonzero, file, name + ".nonzero");
  load(c.beyond_one, file, name + ".beyond_one");
  load(c.beyond_two, file, name + ".beyond_two");
  load(c.rest, file, name + ".rest");
  for (size_t i = 0; i < c.sign.size(); ++i) load(c.sign[i], file, name + ".sign." + std::to_string(i));
}

const char* const kAxes[] = {"x", "y"};
const char* const kBases[] = {"picture", "grey"};

std::string base_name(const char* table, size_t base, size_t index) {
  return std::string(table) + "." + kBases[base] + "." + std::to_string(index);
}

std::string detail_name(size_t stage, const char* table, size_t gain_class) {
  return "detail" + std::to_string(stage) + "." + table + "." + std::to_string(gain_class);
}

TokenContexts::Detail likely_detail(int codes, int coefficients) {
  // A stage of two codes is told by its nonzero bit alone; the tree still needs two leaves.
  TokenContexts::Detail d{{}, CoefficientContexts(coefficients), {}, BitTree(std::max(codes - 1, 2)), codes == 2};
  fill(d.present, {30, 55, 75});
  fill(d.nonzero, {50, 60, 75, 60, 70, 80});
  return d;
}

// Of a symbol: seen a little even if never seen.
constexpr double kUnseen = 0.2;

uint16_t probability(double ones, double all) {
  // Half a count each way keeps what was never seen possible.
  const double p = (ones + 0.5) / (all + 1);
  return static_cast<uint16_t>(clamp_probability(static_cast<int>(p * kProbabilityOne)));
}

}  // namespace

TokenContexts::TokenContexts(const TokenLayout& layout)
    : knowledge(kProbabilityOne / 2),
      knowledge_index(kMaxKnowledge),
      prediction(std::make_shared<const LevelPrediction>()) {
  fill(active, {2, 25, 45, 65, 80});
  fill(coded, {50, 70, 85});
  fill(other_reference, {5, 40, 80});
  fill(split, {15, 30, 50});
  const auto classes = static_cast<size_t>(layout.gain_classes);
  for (size_t base = 0; base < 2; ++base) {
    if (layout.scalar()) {
      structure_levels[base].assign(classes, CoefficientContexts(layout.structure_coefficients));
    } else {
      structure[base].assign(classes, BitTree(layout.structure_codes));
    }
  }
  if (layout.gain_levels > 1) {
    for (auto& trees : gain) trees.assign(static_cast<size_t>(layout.gain_levels) + 1, BitTree(layout.gain_levels));
  }
  for (int codes : layout.detail_codes) detail.emplace_back(classes, likely_detail(codes, 0));
  for (int coefficients : layout.detail_coefficients) detail.emplace_back(classes, likely_detail(0, coefficients));
}

TokenContexts::TokenContexts(const ModelFile& file) : TokenContexts(file.layout()) {
  prediction = std::make_shared<const LevelPrediction>(file);
  load(active, file, "active");
  load(coded, file, "coded");
  load(other_reference, file, "other_reference");
  load(split, file, "split");
  for (size_t i = 0; i < 2; ++i) {
    load(motion[i], file, std::string("motion.") + kAxes[i]);
    load(block_motion[i], file, std::string("block_motion.") + kAxes[i]);
    for (size_t k = 0; k < structure[i].size(); ++k) load(structure[i][k], file, base_name("structure", i, k));
    for (size_t k = 0; k < structure_levels[i].size(); ++k) {
      load(structure_levels[i][k], file, base_name("structure", i, k));
    }
    for (size_t last = 0; last < gain[i].size(); ++last) load(gain[i][last], file, base_name("gain", i, last));
  }
  for (size_t s = 0; s < detail.size(); ++s) {
    for (size_t k = 0; k < detail[s].size(); ++k) {
      load(detail[s][k].present, file, detail_name(s, "present", k));
      if (file.layout().scalar()) {
        load(detail[s][k].levels, file, detail_name(s, "levels", k));
        continue;
      }
      load(detail[s][k].nonzero, file, detail_name(s, "nonzero", k));
      load(detail[s][k].code, file, detail_name(s, "code", k));
    }
  }
}

// Counts by the address of the context that a decision is coded with; the contexts themselves stay as they are.
struct PriorCounter::State {
  State(const TokenLayout& l, LevelPrediction prediction) : layout(l), contexts(l) {
    contexts.prediction = std::make_shared<const LevelPrediction>(std::move(prediction));
  }
  TokenLayout layout;
  TokenContexts contexts;
  std::map<const AdaptiveBit*, std::array<double, 2>> bits;
  std::map<const BitTree*, std::vector<double>> symbols;
  std::map<const SignedExpGolomb*, std::map<int, double>> numbers;

  bool bit(AdaptiveBit& c, bool value) {
    bits[&c][value ? 1 : 0] += 1;
    return value;
  }
  int symbol(BitTree& c, int value) {
    auto& counts = symbols[&c];
    counts.resize(static_cast<size_t>(c.symbols()));
    counts[static_cast<size_t>(value)] += 1;
    return value;
  }
  int number(SignedExpGolomb& c, int value) {
    numbers[&c][value] += 1;
    return value;
  }

  template <size_t N>
  Table flags(const std::string& name, const std::array<AdaptiveBit, N>& list) const {
    Table t{"priors." + name};
    for (const AdaptiveBit& c : list) {
      const auto it = bits.find(&c);
      const auto n = it == bits.end() ? std::array<double, 2>{} : it->second;
      t.add(probability(n[1], n[0] + n[1]), n[0] + n[1]);
    }
    return t;
  }

  // Where a context was met seldom, what its whole row says counts, too.
  template <size_t N>
  Table rows(const std::string& name, const std::vector<std::array<AdaptiveBit, N>>& list) const {
    constexpr double kBorrowed = 8;
    Table t{"priors." + name};
    for (const auto& row : list) {
      std::array<double, 2> all{0.7, 0.3};
      std::array<std::array<double, 2>, N> each{};
      for (size_t i = 0; i < N; ++i) {
        const auto it = bits.find(&row[i]);
        if (it != bits.end()) each[i] = it->second;
        for (size_t v = 0; v < 2; ++v) all[v] += each[i][v];
      }
      for (const auto& n : each) {
        const double borrowed = kBorrowed * all[1] / (all[0] + all[1]);
        t.add(probability(n[1] + borrowed, n[0] + n[1] + kBorrowed), n[0] + n[1]);
      }
    }
    return t;
  }

  void add_levels(const std::string& name, const CoefficientContexts& c, std::vector<Table>& out) const {
    for (size_t i = 0; i < c.end.size(); ++i) out.push_back(tree(name + ".end." + std::to_string(i), c.end[i]));
    out.push_back(rows(name + ".nonzero", c.nonzero));
    out.push_back(rows(name + ".beyond_one", c.beyond_one));
    out.push_back(flags(name + ".beyond_two", c.beyond_two));
    out.push_back(number(name + ".rest", c.rest));
    for (size_t i = 0; i < c.sign.size(); ++i) out.push_back(flags(name + ".sign." + std::to_string(i), c.sign[i]));
  }

  Table tree(const std::string& name, const BitTree& tree) const {
    const auto nodes = static_cast<size_t>(tree.symbols()) - 1;
    Table t{"priors." + name, std::vector<uint16_t>(nodes), std::vector<double>(nodes)};
    const auto it = symbols.find(&tree);
    std::vector<double> counts(static_cast<size_t>(tree.symbols()), kUnseen);
    if (it != symbols.end()) {
      for (size_t i = 0; i < counts.size(); ++i) counts[i] += it->second[i];
    }
    spread(counts, 0, tree.symbols(), t);
    return t;
  }

  // Node mid - 1 parts lo..hi - 1 (bit_tree.h). Returns the sum of the counts.
  static double spread(const std::vector<double>& counts, int lo, int hi, Table& t) {
    if (hi - lo == 1) return counts[static_cast<size_t>(lo)];
    const int mid = lo + (hi - lo) / 2;
    const double low = spread(counts, lo, mid, t);
    const double high = spread(counts, mid, hi, t);
    const auto node = static_cast<size_t>(mid) - 1;
    t.values[node] = static_cast<uint16_t>(clamp_probability(static_cast<int>(high / (low + high) * kProbabilityOne)));
    t.seen[node] = low + high - kUnseen * (hi - lo);
    return low + high;
  }

  Table number(const std::string& name, const SignedExpGolomb& contexts_of) const {
    std::array<std::array<double, 2>, SignedExpGolomb::kContexts> n{};
    const auto it = numbers.find(&contexts_of);
    if (it != numbers.end()) {
      for (const auto& [value, count] : it->second) count_number(value, count, n);
    }
    Table t{"priors." + name};
    for (const auto& c : n) t.add(probability(c[1], c[0] + c[1]), c[0] + c[1]);
    return t;
  }

  static void count_number(int value, double count, std::array<std::array<double, 2>, SignedExpGolomb::kContexts>& n) {
    const unsigned m = static_cast<unsigned>(std::abs(value)) + 1;
    int k = 0;
    while ((m >> (k + 1)) != 0) ++k;
    for (int i = 0; i < k; ++i) n[static_cast<size_t>(i)][1] += count;
    if (k < SignedExpGolomb::kClasses) n[static_cast<size_t>(k)][0] += count;
    if (k > 0 && k < SignedExpGolomb::kClasses) {
      n[static_cast<size_t>(SignedExpGolomb::kClasses - 1 + k)][(m >> (k - 1)) & 1] += count;
    }
    if (value != 0) n[SignedExpGolomb::kContexts - 1][value < 0 ? 1 : 0] += count;
  }
};

void PriorCounter::Table::add(uint16_t value, double decisions) {
  values.push_back(value);
  seen.push_back(decisions);
}

PriorCounter::PriorCounter(const TokenLayout& layout, LevelPrediction prediction)
    : state_(std::make_unique<State>(layout, std::move(prediction))) {}
PriorCounter::~PriorCounter() = default;

void PriorCounter::add(const TokenGrid& grid, Slice slice) {
  TokenGrid copy = grid;
  for (int layer = 0; layer < state_->layout.layers(); ++layer) {
    walk_layer(*state_, state_->contexts, copy, state_->layout, slice, layer);
  }
}

std::vector<PriorCounter::Table> PriorCounter::tables() const {
  const State& s = *state_;
  const TokenContexts& c = s.contexts;
  std::vector<Table> out{s.flags("active", c.active), s.flags("coded", c.coded),
                         s.flags("other_reference", c.other_reference)};
  if (s.layout.split_motion) out.push_back(s.flags("split", c.split));
  for (size_t i = 0; i < 2; ++i) {
    out.push_back(s.number(std::string("motion.") + kAxes[i], c.motion[i]));
    if (s.layout.split_motion) out.push_back(s.number(std::string("block_motion.") + kAxes[i], c.block_motion[i]));
    for (size_t k = 0; k < c.structure[i].size(); ++k) {
      out.push_back(s.tree(base_name("structure", i, k), c.structure[i][k]));
    }
    for (size_t k = 0; k < c.structure_levels[i].size(); ++k) {
      s.add_levels(base_name("structure", i, k), c.structure_levels[i][k], out);
    }
    for (size_t last = 0; last < c.gain[i].size(); ++last) {
      out.push_back(s.tree(base_name("gain", i, last), c.gain[i][last]));
    }
  }
  for (size_t i = 0; i < c.detail.size(); ++i) {
    for (size_t k = 0; k < c.detail[i].size(); ++k) {
      out.push_back(s.flags(detail_name(i, "present", k), c.detail[i][k].present));
      if (s.layout.scalar()) {
        s.add_levels(detail_name(i, "levels", k), c.detail[i][k].levels, out);
        continue;
      }
      out.push_back(s.flags(detail_name(i, "nonzero", k), c.detail[i][k].nonzero));
      out.push_back(s.tree(detail_name(i, "code", k), c.detail[i][k].code));
    }
  }
  return out;
}

TokenCosts::TokenCosts(const TokenContexts& priors, const TokenLayout& layout)
    : layout_(layout), prediction_(priors.prediction) {
  for (size_t axis = 0; axis < 2; ++axis) {
    for (int v = -SignedExpGolomb::kMaxMagnitude; v <= SignedExpGolomb::kMaxMagnitude; ++v) {
      motion_[axis].push_back(priors.motion[axis].cost(v));
      block_motion_[axis].push_back(priors.block_motion[axis].cost(v));
    }
  }
  if (layout.split_motion) {
    split_ = cost(priors.split[1], true);
    not_split_ = cost(priors.split[0], false);
  }
  for (size_t base = 0; base < 2; ++base) {
    for (const CoefficientContexts& c : priors.structure_levels[base]) {
      structure_levels_[base].emplace_back(c, surroundings(1, 0));
    }
    for (const BitTree& tree : priors.structure[base]) {
      structure_[base].emplace_back();
      for (int t = 0; t < layout.structure_codes; ++t) structure_[base].back().push_back(tree.cost(t));
    }
    for (int level = 0; level < layout.gain_levels; ++level) {
      gain_[base].push_back(priors.gain[base].empty() ? 0
                                                      : priors.gain[base][static_cast<size_t>(level) + 1].cost(level));
    }
  }
  detail_.resize(static_cast<size_t>(layout.gain_classes));
  detail_levels_.resize(detail_.size());
  present_.resize(detail_.size());
  for (size_t s = 0; s < priors.detail.size(); ++s) {
    for (size_t k = 0; k < detail_.size(); ++k) {
      const TokenContexts::Detail& d = priors.detail[s][k];
      present_[k].push_back({cost(d.present[1], false), cost(d.present[1], true)});
      if (layout.scalar()) {
        detail_levels_[k].emplace_back(d.levels, surroundings(1, 1));
        continue;
      }
      std::vector<int> costs{cost(d.nonzero[1], false)};
      for (int t = 1; t < layout.detail_codes[s]; ++t) {
        costs.push_back(cost(d.nonzero[1], true) + (d.only_one ? 0 : d.code.cost(t - 1)));
      }
      detail_[k].push_back(costs);
    }
  }
  const int active = cost(priors.active[2], true);
  const int other = cost(priors.other_reference[0], true);
  const std::array<int, 3> reference = {cost(priors.other_reference[0], false), other + cost(priors.knowledge, false),
                                        other + cost(priors.knowledge, true) + 2 * kCostPerBit};
  for (size_t r = 0; r < reference.size(); ++r) {
    coded_[r] = active + cost(priors.coded[1], true) + reference[r];
    copied_[r] = active + cost(priors.coded[1], false) + reference[r];
  }
}

TokenCosts TokenCosts::on_knowledge(const TokenContexts& priors, const TokenLayout& layout) {
  constexpr int kCells = 64;
  const auto learnt = [](AdaptiveBit context, bool bit) {
    for (int i = 0; i < kCells; ++i) context.update(bit);
    return context;
  };
  const AdaptiveBit active = learnt(priors.active.back(), true);
  const AdaptiveBit coded = learnt(priors.coded.front(), false);
  const AdaptiveBit other = learnt(priors.other_reference.back(), true);
  const AdaptiveBit knowledge = learnt(priors.knowledge, true);  // and of the same picture
  TokenCosts out(priors, layout);
  out.still_ = cost(active, false);
  const std::array<int, 3> reference = {cost(other, false), cost(other, true) + cost(knowledge, false),
                                        cost(other, true) + cost(knowledge, true)};
  for (size_t r = 0; r < reference.size(); ++r) {
    out.coded_[r] = cost(active, true) + cost(coded, true) + reference[r];
    out.copied_[r] = cost(active, true) + cost(coded, false) + reference[r];
  }
  return out;
}

int TokenCosts::stages(int gain, int stages) const {
  const auto& present = present_[gain_class(gain)];
  int sum = 0;
  for (int s = 0; s < stages; ++s) sum += present[static_cast<size_t>(s)][1];
  if (stages < static_cast<int>(present.size())) sum += present[static_cast<size_t>(stages)][0];
  return sum;
}

int TokenCosts::motion(const TokenGrid& grid, int column, int row) const {
  const Slice whole{0, grid.rows()};
  const CellMotion& motion = grid.cells[static_cast<size_t>(row) * grid.cols() + column].motion;
  if (!motion.split()) {
    const MotionVector p = predict_motion(grid, whole, column, row);
    return this->motion(motion[0].dx - p.dx, motion[0].dy - p.dy);
  }
  int sum = split_;
  for (size_t i = 0; i < CellMotion::kBlocks; ++i) {
    const MotionVector p = predict_block_motion(grid, whole, column, row, i);
    sum += block_motion(motion[i].dx - p.dx, motion[i].dy - p.dy);
  }
  return sum;
}

void TokenCosts::predict_structure(const TokenGrid& grid, size_t cell, int16_t* levels) const {
  const auto cols = static_cast<size_t>(grid.cols());
  prediction_->predict(grid, {0, grid.rows()}, static_cast<int>(cell % cols), static_cast<int>(cell / cols), levels);
}

int TokenCosts::structure(const TokenGrid& grid, size_t cell) const {
  const bool grey = grid.cells[cell].reference == Reference::kGrey;
  const int16_t* tokens = grid.structure_at(cell);
  const int gain = grid.cells[cell].gain;
  if (!layout_.scalar()) return structure(grey, gain, *tokens);
  std::array<int16_t, kMaxCoefficients> change;
  predict_structure(grid, cell, change.data());
  for (size_t i = 0; i < static_cast<size_t>(grid.structure_tokens()); ++i) {
    change[i] = static_cast<int16_t>(tokens[i] - change[i]);
  }
  return structure_levels(grey, gain).block(change.data());
}

int TokenCosts::detail(const TokenGrid& grid, size_t cell, int stage) const {
  const int column = static_cast<int>(cell) % grid.cols();
  const int row = static_cast<int>(cell) / grid.cols();
  const int gain = grid.cells[cell].gain;
  int sum = 0;
  for (int t = 0; t < 4; ++t) {
    const int16_t* tokens = grid.detail_at(stage, 2 * column + t % 2, 2 * row + t / 2);
    sum += layout_.scalar() ? detail_levels(gain, stage).block(tokens) : detail(gain, stage, *tokens);
  }
  return sum;
}

int TokenCosts::coded(Reference reference) const {
  return coded_[std::min<size_t>(static_cast<size_t>(reference), coded_.size() - 1)];
}

int TokenCosts::copied(Reference reference) const {
  return copied_[std::min<size_t>(static_cast<size_t>(reference), copied_.size() - 1)];
}

}  // namespace crlsc
