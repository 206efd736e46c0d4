// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/model_delta.h"
#include "core/model/registry.h"
#include "unit/model/model_testing.h"

namespace crlsc {
namespace {

// A model of a matrix, a vector and a table; `seed` decides the vector's bytes, and `table` the table's.
void write_model(const std::string& path, uint8_t seed, uint8_t table = 9, const Metadata& extra = {}) {
  const Bytes matrix = {1, 2, 3, 4, 5, 6};
  const Bytes vector = {seed, 7};
  const Bytes priors = {table, 1};
  Metadata metadata = good_metadata();
  for (const auto& [key, value] : extra) metadata[key] = value;
  save_model(path,
             {make_tensor("a", DType::kU8, {2, 3}, matrix), make_tensor("b", DType::kF16, {1}, vector),
              make_tensor("priors.x", DType::kU16, {1}, priors)},
             metadata);
}

class Delta : public testing::Test {
 protected:
  Delta() {
    write_model(at("base"), 1, 9, {{"license", "CC0"}, {"note", "base"}});
    write_model(at("adapted"), 2, 8, {{"note", "not carried"}});
    save_delta(at("delta"), ModelFile(at("base")), ModelFile(at("adapted")), {{"license", "MIT"}});
  }
  std::string at(const std::string& name) const { return folder_.file(name); }
  std::string pair(const std::string& base = "base", const std::string& delta = "delta") const {
    return at(base) + "+" + at(delta);
  }
  // What opening the base with a delta of these tensors and metadata says.
  std::optional<Failure> open_with(const std::vector<TensorView>& tensors, const Metadata& changes,
                                   const std::string& without = "") const {
    Metadata metadata = SafetensorsFile(at("delta")).metadata();
    for (const auto& [key, value] : changes) metadata[key] = value;
    metadata.erase(without);
    write_safetensors(at("forged"), tensors, metadata);
    auto failure = failure_of([&] { ModelFile file(pair("base", "forged")); });
    if (failure) {
      EXPECT_TRUE(failure->says(at("forged"))) << failure->text;
    }
    return failure;
  }

  TempFolder folder_;
};

TEST_F(Delta, HoldsWhatDiffersAndNothingElse) {
  const SafetensorsFile file(at("delta"));
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.tensors()[0].name, "b");
  EXPECT_EQ(file.tensors()[1].name, "priors.x");
  EXPECT_EQ(file.metadata(), (Metadata{{"format", "crlsc-model-delta"},
                                       {"format_version", "1"},
                                       {"license", "MIT"},
                                       {"base_sha256", ModelFile(at("base")).hash()},
                                       {"sha256", ModelFile(at("adapted")).hash()}}));
}

TEST_F(Delta, OnItsBaseIsTheAdaptedModel) {
  const ModelFile adapted(at("adapted"));
  const ModelFile both(pair());
  EXPECT_EQ(both.path(), pair());
  EXPECT_EQ(both.hash(), adapted.hash());
  EXPECT_EQ(both.id(), adapted.id());
  ASSERT_EQ(both.tensors().size(), adapted.tensors().size());
  for (const TensorView& tensor : adapted.tensors()) {
    const TensorView& same = both.tensor(tensor.name, tensor.dtype, tensor.shape);
    EXPECT_TRUE(std::equal(tensor.data.begin(), tensor.data.end(), same.data.begin(), same.data.end())) << tensor.name;
  }
  EXPECT_EQ(both.priors(), adapted.priors());
  EXPECT_EQ(both.backend(), "probe");
  EXPECT_EQ(both.find("absent"), nullptr);
}

TEST_F(Delta, MetadataAreTheBasesAndWhatTheDeltaSaysOfItself) {
  const ModelFile both(pair());
  EXPECT_EQ(both.metadata().at("license"), "CC0");
  EXPECT_EQ(both.metadata().at("delta_license"), "MIT");
  EXPECT_EQ(both.metadata().at("note"), "base");
  EXPECT_EQ(both.metadata().at("format"), "crlsc-model");
  EXPECT_EQ(both.metadata().at("sha256"), both.hash());
  EXPECT_EQ(both.metadata().count("delta_base_sha256"), 0U);
  // So the whole can be written as a plain file of the same id.
  save_model(at("plain"), both.tensors(), both.metadata());
  EXPECT_EQ(ModelFile(at("plain")).hash(), both.hash());
}

TEST_F(Delta, ViewsOutliveAMove) {
  auto first = std::make_unique<ModelFile>(pair());
  const ModelFile second(std::move(*first));
  first.reset();
  EXPECT_EQ(second.tensor("b").data[0], 2);
  EXPECT_EQ(second.tensor("a").data[5], 6);
}

TEST_F(Delta, OfEqualModelsIsEmpty) {
  save_delta(at("none"), ModelFile(at("base")), ModelFile(at("base")), {});
  EXPECT_TRUE(SafetensorsFile(at("none")).tensors().empty());
  EXPECT_EQ(ModelFile(pair("base", "none")).hash(), ModelFile(at("base")).hash());
}

TEST_F(Delta, ForAnotherBaseSaysBothHashes) {
  write_model(at("other"), 3);
  const auto failure = failure_of([&] { ModelFile file(pair("other")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrongType);
  EXPECT_TRUE(failure->says(ModelFile(at("base")).hash()) && failure->says(ModelFile(at("other")).hash()))
      << failure->text;
}

TEST_F(Delta, AloneIsNoModel) {
  const auto failure = failure_of([&] { ModelFile file(at("delta")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrongType);
  EXPECT_TRUE(failure->says("BASE+DELTA") && failure->says(ModelFile(at("base")).hash())) << failure->text;
}

TEST_F(Delta, APlainModelIsNoDelta) {
  const auto failure = failure_of([&] { ModelFile file(pair("base", "adapted")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrongType);
  EXPECT_TRUE(failure->says("no delta") && failure->says(at("adapted"))) << failure->text;
}

TEST_F(Delta, ADeltaIsNoBase) {
  const auto failure = failure_of([&] { ModelFile file(pair("delta", "delta")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrongType);
  EXPECT_TRUE(failure->says("no model of its own")) << failure->text;
}

TEST_F(Delta, MissingPartsAreNamed) {
  for (const auto& [base, delta, missing] : {std::tuple{"none", "delta", "none"}, std::tuple{"base", "gone", "gone"}}) {
    const auto failure = failure_of([&, b = base, d = delta] { ModelFile file(pair(b, d)); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kNotFound);
    EXPECT_TRUE(failure->says(at(missing))) << failure->text;
  }
}

TEST_F(Delta, EmptySidesOfThePlusAreErrors) {
  for (const std::string& path : {"+" + at("delta"), at("base") + "+"}) {
    const auto failure = failure_of([&] { ModelFile file(path); });
    ASSERT_TRUE(failure) << path;
    EXPECT_EQ(failure->kind, ErrorKind::kSettings);
    EXPECT_TRUE(failure->says("'+'")) << failure->text;
  }
}

TEST_F(Delta, MoreThanOneIsAnError) {
  const auto failure = failure_of([&] { ModelFile file(pair() + "+" + at("delta")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kSettings);
  EXPECT_TRUE(failure->says("more than one '+'")) << failure->text;
}

TEST_F(Delta, NamesMayHoldAPlus) {
  std::filesystem::create_directory(at("c++"));
  for (const char* name : {"base", "delta"}) std::filesystem::copy(at(name), at("c++/") + name);
  const std::string hash = ModelFile(pair()).hash();
  EXPECT_EQ(ModelFile(pair("c++/base", "c++/delta")).hash(), hash);
  EXPECT_EQ(ModelFile(pair("base", "c++/delta")).hash(), hash);
  EXPECT_EQ(ModelFile(at("c++/base")).hash(), ModelFile(at("base")).hash());
}

TEST_F(Delta, TensorsOfAnotherTypeOrShapeAreRefused) {
  const Bytes bytes = {1, 2, 3, 4};
  const auto shape = open_with({make_tensor("b", DType::kF16, {2}, bytes)}, {});
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->kind, ErrorKind::kRead);
  EXPECT_TRUE(shape->says("'b'") && shape->says("F16 [2]") && shape->says("F16 [1]")) << shape->text;
  const auto type = open_with({make_tensor("b", DType::kF32, {1}, bytes)}, {});
  ASSERT_TRUE(type);
  EXPECT_EQ(type->kind, ErrorKind::kRead);
  EXPECT_TRUE(type->says("F32 [1]")) << type->text;
}

TEST_F(Delta, TensorsThatTheBaseLacksAreAdded) {
  const Bytes bytes = {1, 2};
  const ModelFile base(at("base"));
  for (const char* name : {"A", "aa", "zz"}) {
    std::vector<TensorView> tensors = base.tensors();
    tensors.push_back(make_tensor(name, DType::kF16, {1}, bytes));
    save_model(at("more"), tensors, base.metadata());
    save_delta(at("added"), base, ModelFile(at("more")), {});
    ASSERT_EQ(SafetensorsFile(at("added")).tensors().size(), 1U);
    const ModelFile both(pair("base", "added"));
    EXPECT_EQ(both.hash(), ModelFile(at("more")).hash());
    EXPECT_EQ(both.tensors().size(), 4U);
    EXPECT_TRUE(std::is_sorted(both.tensors().begin(), both.tensors().end(),
                               [](const auto& a, const auto& b) { return a.name < b.name; }));
    EXPECT_EQ(both.tensor(name, DType::kF16, {1}).data[1], 2);
  }
}

TEST_F(Delta, OtherBytesThanItsHashSaysAreDamage) {
  const Bytes bytes = {5, 7};
  const auto failure = open_with({make_tensor("b", DType::kF16, {1}, bytes)}, {});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_TRUE(failure->says("damaged") && failure->says("with its base model")) << failure->text;
}

TEST_F(Delta, MetadataAreChecked) {
  EXPECT_EQ(open_with({}, {{"format_version", "2"}})->kind, ErrorKind::kWrongType);
  for (const char* key : {"base_sha256", "sha256"}) {
    const auto failure = open_with({}, {}, key);
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kRead);
    EXPECT_TRUE(failure->says(key));
  }
  EXPECT_EQ(open_with({}, {}, "format")->kind, ErrorKind::kWrongType);
}

TEST_F(Delta, IsOnlyMadeBetweenModelsOfOneKind) {
  const auto failure_with = [&] {
    return failure_of([&] { save_delta(at("d"), ModelFile(at("base")), ModelFile(at("other")), {}); });
  };
  write_model(at("other"), 1, 9, {{"structure_codes", "17"}});
  EXPECT_EQ(failure_with()->kind, ErrorKind::kWrite);
  write_model(at("other"), 1, 9, {{"backend", "other"}});
  EXPECT_TRUE(failure_with()->says("backend or layout"));
  write_probe_model(at("other"), 1);
  EXPECT_TRUE(failure_with()->says("'a'") && failure_with()->says("lacks"));
  const Bytes bytes = {1, 2};
  save_model(at("other"),
             {make_tensor("a", DType::kU8, {2}, bytes), make_tensor("b", DType::kF16, {1}, bytes),
              make_tensor("priors.x", DType::kU16, {1}, bytes)},
             good_metadata());
  EXPECT_TRUE(failure_with()->says("'a'"));
  EXPECT_FALSE(std::filesystem::exists(at("d")));
}

class FindDelta : public Delta {
 protected:
  FindDelta() : variable_("CRLSC_MODEL_PATH", folder_.path() + ":" + second_.path()) {
    std::filesystem::copy(at("base"), at("default.safetensors"));
    std::filesystem::copy(at("delta"), second_.file("cam.safetensors"));
  }
  TempFolder second_;
  ScopedVariable variable_;
};

TEST_F(FindDelta, EachPartIsFoundOnTheModelPath) {
  const std::string found = find_model("base+cam.safetensors");
  EXPECT_EQ(found, at("base") + "+" + second_.file("cam.safetensors"));
  EXPECT_EQ(ModelFile(found).hash(), ModelFile(at("adapted")).hash());
  EXPECT_EQ(find_model(at("base") + "+cam.safetensors"), found);
  EXPECT_EQ(find_model(pair()), pair());
}

TEST_F(FindDelta, WithoutABaseItIsTheDefault) {
  EXPECT_EQ(find_model("+cam.safetensors"), at("default.safetensors") + "+" + second_.file("cam.safetensors"));
}

TEST_F(FindDelta, MissingPartsAreNamedWithThePlacesLookedAt) {
  const auto base = failure_of([] { find_model("none+cam.safetensors"); });
  ASSERT_TRUE(base);
  EXPECT_EQ(base->kind, ErrorKind::kNotFound);
  EXPECT_TRUE(base->says("no model found") && base->says(second_.file("none"))) << base->text;
  const auto delta = failure_of([] { find_model("base+gone"); });
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->kind, ErrorKind::kNotFound);
  EXPECT_TRUE(delta->says("no delta of a model found") && delta->says(at("gone")) && delta->says("`model`"))
      << delta->text;
}

TEST_F(FindDelta, MoreThanOnePlusIsAnError) {
  const auto failure = failure_of([] { find_model("base+cam.safetensors+cam.safetensors"); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kSettings);
  EXPECT_EQ(failure_of([] { find_model("base+"); })->kind, ErrorKind::kSettings);
}

TEST_F(FindDelta, AFileWithAPlusInItsNameIsAModelAsBefore) {
  std::filesystem::copy(at("adapted"), at("base+cam.safetensors"));
  EXPECT_EQ(find_model("base+cam.safetensors"), at("base+cam.safetensors"));
}

}  // namespace
}  // namespace crlsc
