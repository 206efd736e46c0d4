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

PriorFile file_of(const PriorCounter& counter) {
  Tensors tensors;
  for (const PriorCounter::Table& table : counter.tables()) tensors.add(table.name, table.values);
  return PriorFile(std::move(tensors));
}

size_t coded_size(const TokenGrid& grid, const TokenContexts& priors) {
  size_t sum = 0;
  for (const Bytes& unit : encode_slice(grid, test_layout(), {0, grid.rows()}, priors)) sum += unit.size();
  return sum;
}

PriorCounter& counted(PriorCounter& counter, uint32_t first_seed, const Mix& mix) {
  for (uint32_t seed = first_seed; seed < first_seed + 10; ++seed) {
    counter.add(random_grid(test_layout(), 12, 9, mix, seed), {0, 9});
  }
  return counter;
}

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
  PriorCounter counter(test_layout());
  for (const auto& table : counted(counter, 0, mixes()[2]).tables()) {
    for (const uint16_t value : table.values) {
      EXPECT_GE(value, kMinProbability) << table.name;
      EXPECT_LE(value, kProbabilityOne - kMinProbability) << table.name;
    }
  }
}

TEST(Priors, AModelWithoutTablesHasTheDefaults) {
  const TokenGrid grid = random_grid(test_layout(), 12, 9, mixes()[0], 50);
  const PriorFile file{Tensors{}};
  EXPECT_EQ(encode_slice(grid, test_layout(), {0, 9}, TokenContexts(*file)),
            encode_slice(grid, test_layout(), {0, 9}, TokenContexts(test_layout())));
}

class CountedPriors : public testing::TestWithParam<size_t> {};

// Grids of the same kind that were not counted get smaller, too.
TEST_P(CountedPriors, MakeSuchGridsSmaller) {
  const Mix& mix = mixes()[GetParam()];
  PriorCounter counter(test_layout());
  const PriorFile file = file_of(counted(counter, 0, mix));
  const TokenContexts own(*file);
  const TokenContexts defaults(test_layout());
  size_t with = 0;
  size_t without = 0;
  for (uint32_t seed = 0; seed < 12; ++seed) {
    const TokenGrid grid = random_grid(test_layout(), 12, 9, mix, seed);
    with += coded_size(grid, own);
    without += coded_size(grid, defaults);
  }
  EXPECT_LE(with, without);
  // Even in a few hundred cells of random tokens, which cannot be foreseen.
  if (mix.name != "still") {
    EXPECT_LT(with, without);
  }
}

INSTANTIATE_TEST_SUITE_P(Priors, CountedPriors, testing::Range(size_t{0}, mixes().size()),
                         [](const auto& param) { return test_name(mixes()[param.param].name); });

TEST(Priors, WrittenAndReadWithTheSameTablesIsTheSame) {
  PriorCounter counter(test_layout());
  const PriorFile file = file_of(counted(counter, 0, mixes()[0]));
  const TokenContexts priors(*file);
  const TokenGrid grid = random_grid(test_layout(), 12, 9, mixes()[0], 60);
  TokenGrid read(12, 9, 3);
  ASSERT_TRUE(decode_slice(encode_slice(grid, test_layout(), {0, 9}, priors), test_layout(), {0, 9}, priors, read));
  EXPECT_TRUE(same_tokens(read, grid));
}

// Every table that is counted is also read: alone and strange it changes the bits.
TEST(Priors, EveryTableIsUsed) {
  for (const char* name : {"usual", "classes"}) {
    const TokenLayout layout = layout_named(name);
    const TokenGrid grid = random_grid(layout, 20, 15, mixes()[0], 61);
    const auto defaults = encode_slice(grid, layout, {0, 15}, TokenContexts(layout));
    for (const auto& table : PriorCounter(layout).tables()) {
      const PriorFile file(table.name, std::vector<uint16_t>(table.values.size(), 1000), layout);
      EXPECT_NE(encode_slice(grid, layout, {0, 15}, TokenContexts(*file)), defaults) << table.name;
    }
  }
}

TEST(Priors, WrongSizesAreRefusedByName) {
  for (const auto& table : PriorCounter(test_layout()).tables()) {
    for (const size_t size : {table.values.size() - 1, table.values.size() + 1}) {
      const PriorFile file(table.name, std::vector<uint16_t>(size, 1000));
      const auto failure = failure_of([&] { TokenContexts contexts(*file); });
      ASSERT_TRUE(failure) << table.name;
      EXPECT_EQ(failure->kind, ErrorKind::kRead);
      EXPECT_TRUE(failure->says(table.name)) << failure->text;
      EXPECT_TRUE(failure->says(std::to_string(table.values.size()))) << failure->text;
    }
  }
}

TEST(Priors, ValuesBeyondFifteenBitsAreRefused) {
  for (const auto& table : PriorCounter(test_layout()).tables()) {
    std::vector<uint16_t> values = table.values;
    values.back() = 32768;
    const PriorFile file(table.name, values);
    const auto failure = failure_of([&] { TokenContexts contexts(*file); });
    ASSERT_TRUE(failure) << table.name;
    EXPECT_EQ(failure->kind, ErrorKind::kRead);
    EXPECT_TRUE(failure->says(table.name)) << failure->text;
  }
}

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
