// SPDX-License-Identifier: LGPL-2.1-or-later
// Tables of priors: read from model files, counted from grids.
#include <set>

#include "core/model/model_file.h"
#include "unit/model/model_testing.h"
#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

struct Tensors {
  std::vector<Bytes> bytes;
  std::vector<TensorView> views;
  void add(const std::string& name, const std::vector<uint16_t>& values) {
    Bytes data;
    for (const uint16_t v : values) {
      data.push_back(static_cast<uint8_t>(v));
      data.push_back(static_cast<uint8_t>(v >> 8));
    }
    bytes.push_back(std::move(data));
    views.push_back({name, DType::kU16, {static_cast<int64_t>(values.size())}, {}});
  }
  std::vector<TensorView> finished() {
    for (size_t i = 0; i < views.size(); ++i) views[i].data = bytes[i];
    return views;
  }
};

// A model file that holds these tables.
class PriorFile {
 public:
  explicit PriorFile(Tensors tables, const TokenLayout& layout = test_layout()) {
    tables.add("weights", {1});
    Metadata metadata = layout_metadata(layout);
    metadata["backend"] = "probe";
    save_model(folder_.file("m"), tables.finished(), metadata);
    file_ = std::make_unique<ModelFile>(folder_.file("m"));
  }
  PriorFile(const std::string& name, const std::vector<uint16_t>& values, const TokenLayout& layout = test_layout())
      : PriorFile(one(name, values), layout) {}
  const ModelFile& operator*() const { return *file_; }

 private:
  static Tensors one(const std::string& name, const std::vector<uint16_t>& values) {
    Tensors t;
    t.add(name, values);
    return t;
  }
  TempFolder folder_;
  std::unique_ptr<ModelFile> file_;
};

PriorFile file_of(const PriorCounter& counter, const TokenLayout& layout = test_layout()) {
  Tensors tensors;
  for (const PriorCounter::Table& table : counter.tables()) tensors.add(table.name, table.values);
  return PriorFile(std::move(tensors), layout);
}

// Eight picks of one symbol go through the nodes on its way and no others.
TEST(Priors, TablesSayHowManyDecisionsTheyComeFrom) {
  const TokenLayout layout{4, {}, {}, 1, 1};
  PriorCounter counter(layout);
  TokenGrid grid(8, 1, layout);
  for (Cell& cell : grid.cells) cell = {true, 0, Reference::kGrey, {}};
  for (size_t i = 0; i < grid.cells.size(); ++i) grid.structure_at(i)[0] = 3;
  counter.add(grid, {0, 1});
  for (const auto& table : counter.tables()) {
    ASSERT_EQ(table.seen.size(), table.values.size()) << table.name;
    double sum = 0;
    for (const double seen : table.seen) sum += seen;
    if (table.name == "priors.coded") {
      EXPECT_EQ(sum, 8);
    }
    if (table.name == "priors.motion.x") {
      EXPECT_EQ(sum, 0);
    }
    if (table.name != "priors.structure.grey.0") continue;
    EXPECT_NEAR(table.seen[0], 0, 1e-9);  // parts 0 and 1
    EXPECT_NEAR(table.seen[1], 8, 1e-9);
    EXPECT_NEAR(table.seen[2], 8, 1e-9);
  }
}

size_t coded_size(const TokenGrid& grid, const TokenContexts& priors, const TokenLayout& layout = test_layout()) {
  size_t sum = 0;
  for (const Bytes& unit : encode_slice(grid, layout, {0, grid.rows()}, priors)) sum += unit.size();
  return sum;
}

PriorCounter& counted(PriorCounter& counter, uint32_t first_seed, const Mix& mix,
                      const TokenLayout& layout = test_layout()) {
  for (uint32_t seed = first_seed; seed < first_seed + 10; ++seed) {
    counter.add(random_grid(layout, 12, 9, mix, seed), {0, 9});
  }
  return counter;
}

const char* const kLayouts[] = {"usual", "classes", "scalar", "split", "scalar-split"};

TEST(Priors, NamesAndSizesOfTheTables) {
  const PriorCounter counter(test_layout());
  std::map<std::string, size_t> sizes;
  for (const auto& table : counter.tables()) sizes[table.name] = table.values.size();
  const std::map<std::string, size_t> expected = {
      {"priors.active", 5},
      {"priors.coded", 3},
      {"priors.other_reference", 3},
      {"priors.motion.x", 24},
      {"priors.motion.y", 24},
      {"priors.structure.picture.0", 63},
      {"priors.structure.grey.0", 63},
      {"priors.detail0.present.0", 3},
      {"priors.detail0.nonzero.0", 6},
      {"priors.detail0.code.0", 30},
      {"priors.detail1.present.0", 3},
      {"priors.detail1.nonzero.0", 6},
      {"priors.detail1.code.0", 14},
      {"priors.detail2.present.0", 3},
      {"priors.detail2.nonzero.0", 6},
      {"priors.detail2.code.0", 14},
  };
  EXPECT_EQ(sizes, expected);
}

TEST(Priors, TablesOfSplitCells) {
  std::map<std::string, size_t> sizes;
  for (const auto& table : PriorCounter(layout_named("split")).tables()) sizes[table.name] = table.values.size();
  EXPECT_EQ(sizes["priors.split"], 3U);
  EXPECT_EQ(sizes["priors.block_motion.x"], 24U);
  EXPECT_EQ(sizes["priors.block_motion.y"], 24U);
}

TEST(Priors, NamesAndSizesOfTheTablesOfCoefficients) {
  const TokenLayout layout = layout_named("scalar");
  std::map<std::string, size_t> sizes;
  for (const auto& table : PriorCounter(layout).tables()) sizes[table.name] = table.values.size();
  std::map<std::string, size_t> expected = {{"priors.active", 5},
                                            {"priors.coded", 3},
                                            {"priors.other_reference", 3},
                                            {"priors.motion.x", 24},
                                            {"priors.motion.y", 24}};
  for (int last = 0; last <= layout.gain_levels; ++last) {
    for (const char* base : {"picture.", "grey."}) expected["priors.gain." + (base + std::to_string(last))] = 7;
  }
  const auto expect_block = [&expected](const std::string& name, size_t coefficients) {
    for (int i = 0; i < 9; ++i) expected[name + ".end." + std::to_string(i)] = coefficients;
    expected[name + ".nonzero"] = 9 * coefficients;
    expected[name + ".beyond_one"] = 3 * coefficients;
    expected[name + ".beyond_two"] = 3;
    expected[name + ".rest"] = 24;
    for (int i = 0; i < 5; ++i) expected[name + ".sign." + std::to_string(i)] = 3;
  };
  for (const std::string c : {".0", ".1"}) {
    expect_block("priors.structure.picture" + c, 12);
    expect_block("priors.structure.grey" + c, 12);
    for (const auto& [stage, coefficients] : {std::pair{"0", 6U}, {"1", 10U}, {"2", 16U}}) {
      const std::string name = std::string("priors.detail") + stage;
      expected[name + ".present" + c] = 3;
      expect_block(name + ".levels" + c, coefficients);
    }
  }
  EXPECT_EQ(sizes, expected);
}

// A context that was met seldom gets what was met in others of its coefficient; without those, what is usual.
TEST(Priors, SeldomContextsBorrowFromTheirCoefficient) {
  const TokenLayout layout{0, {}, {}, 1, 1, 4, {}};
  PriorCounter counter(layout);
  TokenGrid grid(200, 1, layout);
  for (Cell& cell : grid.cells) cell = {true, 0, Reference::kGrey, {}};
  for (size_t i = 0; i < grid.cells.size(); ++i) grid.structure_at(i)[3] = 1;  // the last, so that three zeros are told
  counter.add(grid, {0, 1});
  const double percent = 0.01 * kProbabilityOne;
  for (const auto& table : counter.tables()) {
    if (table.name == "priors.structure.grey.0.nonzero") {
      EXPECT_LT(table.values[0], percent);
      for (size_t context = 1; context < 9; ++context) EXPECT_LT(table.values[context], 7 * percent) << context;
    }
    if (table.name == "priors.structure.picture.0.nonzero") {
      for (const uint16_t value : table.values) EXPECT_NEAR(value, 30 * percent, 5 * percent);
    }
  }
}

TEST(Priors, OneTableForEachGainBefore) {
  const PriorCounter counter(layout_named("gains"));
  std::map<std::string, size_t> sizes;
  for (const auto& table : counter.tables()) sizes[table.name] = table.values.size();
  for (int last = 0; last <= kMaxGainLevels; ++last) {
    for (const char* base : {"picture", "grey"}) {
      const std::string name = std::string("priors.gain.") + base + "." + std::to_string(last);
      EXPECT_EQ(sizes[name], size_t{kMaxGainLevels - 1}) << name;
    }
  }
}

TEST(Priors, TablesOfEachGainClass) {
  const PriorCounter counter(layout_named("classes"));
  std::map<std::string, size_t> sizes;
  for (const auto& table : counter.tables()) sizes[table.name] = table.values.size();
  for (const char* k : {"0", "1", "2"}) {
    EXPECT_EQ(sizes[std::string("priors.structure.grey.") + k], 15U);
    EXPECT_EQ(sizes[std::string("priors.detail1.present.") + k], 3U);
    EXPECT_EQ(sizes[std::string("priors.detail1.code.") + k], 6U);
  }
  EXPECT_EQ(sizes.count("priors.structure.grey.3"), 0U);
}

TEST(Priors, CountedTablesStayWithinFifteenBits) {
  for (const char* name : kLayouts) {
    const TokenLayout layout = layout_named(name);
    PriorCounter counter(layout);
    for (const auto& table : counted(counter, 0, mixes()[2], layout).tables()) {
      for (const uint16_t value : table.values) {
        EXPECT_GE(value, kMinProbability) << table.name;
        EXPECT_LE(value, kProbabilityOne - kMinProbability) << table.name;
      }
    }
  }
}

TEST(Priors, AModelWithoutTablesHasTheDefaults) {
  const TokenGrid grid = random_grid(test_layout(), 12, 9, mixes()[0], 50);
  const PriorFile file{Tensors{}};
  EXPECT_EQ(encode_slice(grid, test_layout(), {0, 9}, TokenContexts(*file)),
            encode_slice(grid, test_layout(), {0, 9}, TokenContexts(test_layout())));
}

class CountedPriors : public testing::TestWithParam<std::tuple<const char*, size_t>> {};

// Grids of the same kind that were not counted get smaller, too.
TEST_P(CountedPriors, MakeSuchGridsSmaller) {
  const TokenLayout layout = layout_named(std::get<0>(GetParam()));
  const Mix& mix = mixes()[std::get<1>(GetParam())];
  PriorCounter counter(layout);
  const PriorFile file = file_of(counted(counter, 0, mix, layout), layout);
  const TokenContexts own(*file);
  const TokenContexts defaults(layout);
  size_t with = 0;
  size_t without = 0;
  for (uint32_t seed = 0; seed < 12; ++seed) {
    const TokenGrid grid = random_grid(layout, 12, 9, mix, seed);
    with += coded_size(grid, own, layout);
    without += coded_size(grid, defaults, layout);
  }
  EXPECT_LE(with, without);
  // Even in a few hundred cells of random tokens, which cannot be foreseen.
  if (mix.name != "still") {
    EXPECT_LT(with, without);
  }
}

INSTANTIATE_TEST_SUITE_P(Priors, CountedPriors,
                         testing::Combine(testing::Values("usual", "scalar"),
                                          testing::Range(size_t{0}, mixes().size())),
                         [](const auto& param) {
                           return test_name(std::string(std::get<0>(param.param)) + "_" +
                                            mixes()[std::get<1>(param.param)].name);
                         });

TEST(Priors, WrittenAndReadWithTheSameTablesIsTheSame) {
  for (const char* name : kLayouts) {
    const TokenLayout layout = layout_named(name);
    PriorCounter counter(layout);
    const PriorFile file = file_of(counted(counter, 0, mixes()[0], layout), layout);
    const TokenContexts priors(*file);
    const TokenGrid grid = random_grid(layout, 12, 9, mixes()[0], 60);
    TokenGrid read(12, 9, layout);
    ASSERT_TRUE(decode_slice(encode_slice(grid, layout, {0, 9}, priors), layout, {0, 9}, priors, read));
    EXPECT_TRUE(same_tokens(read, grid)) << name;
  }
}

// Nothing lies below a structure block, so that most of its tables of ends are never used.
bool has_no_use(const std::string& name) {
  if (name.compare(0, 17, "priors.structure.") != 0) return false;
  const size_t end = name.find(".end.");
  return end != std::string::npos && (name.back() - '0') % 3 != 0;
}

// Every table that is counted is also read: alone and strange it changes the bits.
TEST(Priors, EveryTableIsUsed) {
  for (const char* name : kLayouts) {
    const TokenLayout layout = layout_named(name);
    const TokenGrid grid = random_grid(layout, 20, 15, mixes()[0], 61);
    const auto defaults = encode_slice(grid, layout, {0, 15}, TokenContexts(layout));
    for (const auto& table : PriorCounter(layout).tables()) {
      const PriorFile file(table.name, std::vector<uint16_t>(table.values.size(), 1000), layout);
      EXPECT_EQ(encode_slice(grid, layout, {0, 15}, TokenContexts(*file)) != defaults, !has_no_use(table.name))
          << table.name;
    }
  }
}

class TablesOf : public testing::TestWithParam<const char*> {
 protected:
  // `file` cannot be read, and it says which table is to blame.
  static void expect_refused(const PriorFile& file, const std::string& table, const std::string& also = {}) {
    const auto failure = failure_of([&] { TokenContexts contexts(*file); });
    ASSERT_TRUE(failure) << table;
    EXPECT_EQ(failure->kind, ErrorKind::kRead);
    EXPECT_TRUE(failure->says(table) && failure->says(also)) << failure->text;
  }
  TokenLayout layout = layout_named(GetParam());
};

TEST_P(TablesOf, WrongSizesAreRefusedByName) {
  for (const auto& table : PriorCounter(layout).tables()) {
    for (const size_t size : {table.values.size() - 1, table.values.size() + 1}) {
      expect_refused({table.name, std::vector<uint16_t>(size, 1000), layout}, table.name,
                     std::to_string(table.values.size()));
    }
  }
}

TEST_P(TablesOf, ValuesBeyondFifteenBitsAreRefused) {
  for (const auto& table : PriorCounter(layout).tables()) {
    std::vector<uint16_t> values = table.values;
    values.back() = 32768;
    expect_refused({table.name, values, layout}, table.name);
  }
}

INSTANTIATE_TEST_SUITE_P(Priors, TablesOf, testing::Values("usual", "scalar"));

TEST(Priors, OtherTypesAreRefused) {
  const TempFolder folder;
  Metadata metadata = layout_metadata(test_layout());
  metadata["backend"] = "probe";
  const Bytes bytes(10);
  save_model(folder.file("m"), {make_tensor("priors.active", DType::kI16, {5}, bytes)}, metadata);
  const auto failure = failure_of([&] { TokenContexts contexts{ModelFile(folder.file("m"))}; });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
}

// Like those of stages that there are not: nothing is ever read with them.
TEST(Priors, TablesThatTheLayoutHasNoUseForAreIgnored) {
  const TokenGrid grid = random_grid(test_layout(), 12, 9, mixes()[0], 80);
  const auto defaults = encode_slice(grid, test_layout(), {0, 9}, TokenContexts(test_layout()));
  for (const char* name : {"priors.gain.picture.0", "priors.gain.grey.1", "priors.structure.grey.1",
                           "priors.detail3.code.0", "priors.strange"}) {
    for (const uint16_t value : {uint16_t{1000}, uint16_t{40000}}) {
      const PriorFile file(name, std::vector<uint16_t>(5, value));
      EXPECT_EQ(encode_slice(grid, test_layout(), {0, 9}, TokenContexts(*file)), defaults) << name;
    }
  }
}

TEST(Priors, WithoutGainLevelsInTheMetadataTablesOfGainsAreIgnored) {
  const TempFolder folder;
  Metadata metadata = layout_metadata(test_layout());
  metadata.erase("gain_levels");
  metadata["backend"] = "probe";
  const Bytes bytes(10);
  save_model(folder.file("m"), {make_tensor("priors.gain.picture.0", DType::kU16, {5}, bytes)}, metadata);
  const TokenContexts contexts{ModelFile(folder.file("m"))};
  EXPECT_TRUE(contexts.gain[0].empty() && contexts.gain[1].empty());
}

TEST(Priors, CountingASliceLooksAtItsRowsOnly) {
  TokenGrid grid = random_grid(test_layout(), 8, 8, mixes()[0], 70);
  PriorCounter first(test_layout());
  first.add(grid, {2, 4});
  const TokenGrid other = random_grid(test_layout(), 8, 8, mixes()[0], 71);
  std::copy_n(other.cells.begin(), 16, grid.cells.begin());
  PriorCounter second(test_layout());
  second.add(grid, {2, 4});
  ASSERT_EQ(first.tables().size(), second.tables().size());
  for (size_t i = 0; i < first.tables().size(); ++i) EXPECT_EQ(first.tables()[i].values, second.tables()[i].values);
}

}  // namespace
}  // namespace crlsc
