// SPDX-License-Identifier: LGPL-2.1-or-later
#include <set>

#include "core/model/model_file.h"
#include "core/model/sha256.h"
#include "unit/model/model_testing.h"

namespace crlsc {
namespace {

const Bytes kBytes = {1, 2, 3, 4};

TokenLayout good_layout() {
  TokenLayout layout;
  layout.structure_codes = 16;
  layout.detail_codes = {8, 8, 4};
  layout.stage_layer = {1, 2, 2};
  return layout;
}

std::string hash_of(const std::vector<TensorView>& tensors) { return model_hash(tensors, "probe", good_layout()); }

// Of a scalar quantiser.
TokenLayout scalar_layout() { return {0, {}, {1, 2, 2}, kMaxGainLevels, 2, 24, {16, 32, 48}}; }

// A model of `layout` whose metadata is right but for one key, which gets `value` or is removed.
std::optional<Failure> open_with(const std::string& key, const std::string& value, bool remove = false,
                                 const TokenLayout& layout = good_layout()) {
  const TempFolder folder;
  const std::vector<TensorView> tensors = {make_tensor("w", DType::kU8, {4}, kBytes)};
  Metadata metadata = layout_metadata(layout);
  metadata["format"] = "crlsc-model";
  metadata["format_version"] = "1";
  metadata["backend"] = "probe";
  metadata["sha256"] = model_hash(tensors, "probe", layout);
  metadata[key] = value;
  if (remove) metadata.erase(key);
  write_safetensors(folder.file("m.safetensors"), tensors, metadata);
  auto failure = failure_of([&] { ModelFile file(folder.file("m.safetensors")); });
  if (failure) {
    EXPECT_TRUE(failure->says(folder.file("m.safetensors"))) << failure->text;
  }
  return failure;
}

TEST(ModelHash, IsSha256OfTheLinesThenTheBytesInNameOrder) {
  const std::string lines =
      "backend=probe\nstructure_codes=16\ndetail_codes=8,8,4\nstage_layer=1,2,2\ngain_levels=1\ngain_classes=1\n";
  const Bytes a = {5, 6, 7};
  const Bytes b = {1, 2};
  Bytes all(lines.begin(), lines.end());
  EXPECT_EQ(hash_of({}), to_hex(Sha256::of(all)));
  all.insert(all.end(), a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  const TensorView first = make_tensor("a", DType::kU8, {3}, a);
  const TensorView second = make_tensor("b", DType::kU16, {1}, b);
  EXPECT_EQ(hash_of({first, second}), to_hex(Sha256::of(all)));
  EXPECT_EQ(hash_of({second, first}), to_hex(Sha256::of(all)));
}

TEST(ModelHash, ALayoutWithoutStagesHasEmptyLists) {
  const std::string lines =
      "backend=x-1\nstructure_codes=2\ndetail_codes=\nstage_layer=\ngain_levels=8\ngain_classes=3\n";
  TokenLayout layout;
  layout.structure_codes = 2;
  layout.gain_levels = 8;
  layout.gain_classes = 3;
  EXPECT_EQ(model_hash({}, "x-1", layout), to_hex(Sha256::of(Bytes(lines.begin(), lines.end()))));
}

TEST(ModelHash, AScalarLayoutHasLinesOfItsOwn) {
  const std::string lines =
      "backend=probe\nstructure_coefficients=24\ndetail_coefficients=16,32,48\nstage_layer=1,2,2\ngain_levels=8\n"
      "gain_classes=2\n";
  EXPECT_EQ(model_hash({}, "probe", scalar_layout()), to_hex(Sha256::of(Bytes(lines.begin(), lines.end()))));
}

TEST(ModelHash, BackendAndEveryPartOfTheLayoutCount) {
  const TempFolder folder;
  std::set<std::string> ids;
  const auto id_with = [&](const std::string& key, const std::string& value) {
    Metadata metadata{{"gain_levels", "3"}};
    metadata[key] = value;
    write_probe_model(folder.file("m"), 7, metadata);
    return to_hex(ModelFile(folder.file("m")).id());
  };
  ids.insert(id_with("note", "free text"));
  ids.insert(id_with("backend", "other"));
  ids.insert(id_with("structure_codes", "17"));
  ids.insert(id_with("detail_codes", "8,8,5"));
  ids.insert(id_with("stage_layer", "1,1,2"));
  ids.insert(id_with("gain_levels", "2"));
  ids.insert(id_with("gain_classes", "2"));
  EXPECT_EQ(ids.size(), 7U);
}

TEST(ModelHash, WaysToWriteTheSameLayoutAreTheSameModel) {
  const TempFolder folder;
  write_probe_model(folder.file("plain"), 7);
  const std::string hash = ModelFile(folder.file("plain")).hash();
  for (const auto& [key, value] :
       Metadata{{"note", "free text"}, {"gain_levels", "1"}, {"gain_classes", "1"}, {"structure_codes", "016"}}) {
    write_probe_model(folder.file("m"), 7, {{key, value}});
    EXPECT_EQ(ModelFile(folder.file("m")).hash(), hash) << key;
  }
}

TEST(ModelFile, ReadsWhatSaveModelWrites) {
  const TempFolder folder;
  const Bytes priors = {0x34, 0x12, 0xff, 0x7f};
  Metadata metadata = good_metadata();
  metadata["licence"] = "CC0";
  const std::vector<TensorView> tensors = {make_tensor("w", DType::kU8, {2, 2}, kBytes),
                                           make_tensor("priors.flags", DType::kU16, {2}, priors)};
  save_model(folder.file("m"), tensors, metadata);
  const ModelFile file(folder.file("m"));
  EXPECT_EQ(file.path(), folder.file("m"));
  EXPECT_EQ(file.hash(), hash_of(tensors));
  EXPECT_EQ(to_hex(file.id()), file.hash().substr(0, 16));
  EXPECT_EQ(file.backend(), "probe");
  EXPECT_EQ(file.layout().structure_codes, 16);
  EXPECT_EQ(file.layout().detail_codes, (std::vector<int>{8, 8, 4}));
  EXPECT_EQ(file.layout().stage_layer, (std::vector<int>{1, 2, 2}));
  EXPECT_EQ(file.metadata().at("licence"), "CC0");
  EXPECT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.tensor("w").data[3], 4);
  ASSERT_EQ(file.priors().size(), 1U);
  EXPECT_EQ(file.priors().at("flags"), (std::vector<uint16_t>{0x1234, 0x7fff}));
}

TEST(ModelFile, PriorsAreReadFromOddAddresses) {
  const TempFolder folder;
  const Bytes odd = {1};
  const Bytes priors = {0x34, 0x12};
  save_model(folder.file("m"),
             {make_tensor("a", DType::kU8, {1}, odd), make_tensor("priors.x", DType::kU16, {1}, priors)},
             good_metadata());
  EXPECT_EQ(ModelFile(folder.file("m")).priors().at("x").at(0), 0x1234);
}

TEST(ModelFile, AHeadKeepsItsIdBesideAnotherCodec) {
  const TempFolder folder;
  const Bytes other = {9, 8, 7, 6};
  const auto head_beside = [&](const Bytes& codec, const Bytes& head) {
    save_model(folder.file("m"),
               {make_tensor("codec", DType::kU8, {4}, codec), make_tensor("semantic.a", DType::kU8, {4}, head)},
               good_metadata());
    return ModelFile(folder.file("m")).head_id();
  };
  EXPECT_EQ(head_beside(kBytes, kBytes), head_beside(other, kBytes));
  EXPECT_NE(head_beside(kBytes, kBytes), head_beside(kBytes, other));
  save_model(folder.file("m"), {make_tensor("semantic.a", DType::kU8, {4}, kBytes)}, good_metadata());
  const Bytes text = {'b', 'a', 'c', 'k', 'e', 'n', 'd', '=', 'p', 'r', 'o', 'b', 'e', '\n'};
  Sha256 hash;
  hash.update(text);
  hash.update(kBytes);
  const Sha256::Digest digest = hash.finish();
  EXPECT_EQ(to_hex(ModelFile(folder.file("m")).head_id()), to_hex(digest).substr(0, 16)) << "docs/knowledge-base.md";
}

TEST(ModelFile, TensorLookupChecksNameTypeAndShape) {
  const TempFolder folder;
  save_model(folder.file("m"), {make_tensor("w", DType::kU8, {2, 2}, kBytes)}, good_metadata());
  const ModelFile file(folder.file("m"));
  EXPECT_EQ(&file.tensor("w", DType::kU8, {2, 2}), file.find("w"));
  EXPECT_EQ(file.find("x"), nullptr);
  const auto missing = failure_of([&] { file.tensor("x"); });
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->kind, ErrorKind::kRead);
  EXPECT_TRUE(missing->says("'x'") && missing->says(folder.file("m")));
  const auto type = failure_of([&] { file.tensor("w", DType::kI8, {2, 2}); });
  ASSERT_TRUE(type);
  EXPECT_TRUE(type->says("U8 [2, 2]") && type->says("I8 [2, 2]")) << type->text;
  EXPECT_EQ(failure_of([&] { file.tensor("w", DType::kU8, {4}); })->kind, ErrorKind::kRead);
}

TEST(ModelFile, LayoutSurvivesTheMetadata) {
  const TempFolder folder;
  TokenLayout layout;
  layout.structure_codes = 4096;
  layout.detail_codes = {2, 4096, 3, 4, 5, 6};
  layout.stage_layer = {1, 1, 2, 2, 3, 3};
  layout.gain_levels = 5;
  layout.gain_classes = 4;
  Metadata metadata = layout_metadata(layout);
  metadata["backend"] = "x";
  save_model(folder.file("m"), {}, metadata);
  const ModelFile file(folder.file("m"));
  EXPECT_EQ(file.layout().structure_codes, 4096);
  EXPECT_EQ(file.layout().detail_codes, layout.detail_codes);
  EXPECT_EQ(file.layout().stage_layer, layout.stage_layer);
  EXPECT_EQ(file.layout().gain_levels, 5);
  EXPECT_EQ(file.layout().gain_classes, 4);
  EXPECT_EQ(file.layout().layers(), kMaxLayers);
}

TEST(ModelFile, ScalarLayoutSurvivesTheMetadata) {
  const TempFolder folder;
  for (const TokenLayout& layout :
       {scalar_layout(), TokenLayout{0, {}, {1, 3}, 1, 1, kMaxCoefficients, {kMaxCoefficients, 1}},
        TokenLayout{0, {}, {}, 1, 1, 1, {}}}) {
    Metadata metadata = layout_metadata(layout);
    metadata["backend"] = "x";
    save_model(folder.file("m"), {}, metadata);
    const ModelFile file(folder.file("m"));
    EXPECT_TRUE(file.layout().scalar());
    EXPECT_EQ(file.layout().structure_coefficients, layout.structure_coefficients);
    EXPECT_EQ(file.layout().detail_coefficients, layout.detail_coefficients);
    EXPECT_EQ(file.layout().stage_layer, layout.stage_layer);
    EXPECT_EQ(file.layout().structure_codes, 0);
    EXPECT_TRUE(file.layout().detail_codes.empty());
    EXPECT_EQ(file.metadata().count("structure_codes") + file.metadata().count("detail_codes"), 0U);
    EXPECT_EQ(file.hash(), model_hash({}, "x", layout));
  }
}

TEST(ModelFile, GainLevelsAreOneUnlessTheMetadataSaysOtherwise) {
  const TempFolder folder;
  write_probe_model(folder.file("m"), 7);
  EXPECT_EQ(ModelFile(folder.file("m")).layout().gain_levels, 1);
  for (int levels = 1; levels <= kMaxGainLevels; ++levels) {
    write_probe_model(folder.file("m"), 7, {{"gain_levels", std::to_string(levels)}});
    EXPECT_EQ(ModelFile(folder.file("m")).layout().gain_levels, levels);
  }
}

TEST(ModelFile, GainClassesAreOneToTheNumberOfLevels) {
  const TempFolder folder;
  write_probe_model(folder.file("m"), 7, {{"gain_levels", "4"}});
  EXPECT_EQ(ModelFile(folder.file("m")).layout().gain_classes, 1);
  for (int classes = 1; classes <= 4; ++classes) {
    write_probe_model(folder.file("m"), 7, {{"gain_levels", "4"}, {"gain_classes", std::to_string(classes)}});
    EXPECT_EQ(ModelFile(folder.file("m")).layout().gain_classes, classes);
  }
}

TEST(GainClass, LevelsAreSharedOutEvenly) {
  TokenLayout layout;
  EXPECT_EQ(layout.gain_class(0), 0);
  layout.gain_levels = 6;
  EXPECT_EQ(layout.gain_class(5), 0);
  layout.gain_classes = 3;
  for (int level = 0; level < 6; ++level) EXPECT_EQ(layout.gain_class(level), level / 2);
  layout.gain_classes = 4;
  EXPECT_EQ(layout.gain_class(5), 3);
}

TEST(ModelFile, NoStagesMeansOneLayer) {
  const TempFolder folder;
  Metadata metadata = good_metadata();
  metadata["detail_codes"] = metadata["stage_layer"] = "";
  save_model(folder.file("m"), {}, metadata);
  EXPECT_EQ(ModelFile(folder.file("m")).layout().stages(), 0);
  EXPECT_EQ(ModelFile(folder.file("m")).layout().layers(), 1);
}

TEST(ModelFile, AbsentFileIsNotFound) {
  EXPECT_EQ(failure_of([] { ModelFile file("/no/such/model"); })->kind, ErrorKind::kNotFound);
}

TEST(ModelFile, OtherSafetensorsAreOfTheWrongType) {
  EXPECT_EQ(open_with("format", "", true)->kind, ErrorKind::kWrongType);
  EXPECT_EQ(open_with("format", "pt")->kind, ErrorKind::kWrongType);
}

TEST(ModelFile, OtherVersionsAreOfTheWrongType) {
  for (const char* version : {"2", "0", "", "1.0", " 1", "11"}) {
    EXPECT_EQ(open_with("format_version", version)->kind, ErrorKind::kWrongType) << version;
  }
  EXPECT_EQ(open_with("format_version", "", true)->kind, ErrorKind::kWrongType);
  EXPECT_TRUE(open_with("format_version", "7")->says("'7'"));
}

TEST(ModelFile, HashMismatchNamesBothHashes) {
  const std::string said(64, 'a');
  const std::string real = hash_of({make_tensor("w", DType::kU8, {4}, kBytes)});
  const auto failure = open_with("sha256", said);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_TRUE(failure->says(said) && failure->says(real)) << failure->text;
}

// Each value would be a layout or backend, but not the one that the hash was made of.
TEST(ModelFile, AnEditedLayoutIsRefusedWithBothHashes) {
  const std::string said = hash_of({make_tensor("w", DType::kU8, {4}, kBytes)});
  for (const auto& [key, value] : Metadata{{"backend", "other"},
                                           {"structure_codes", "17"},
                                           {"detail_codes", "8,8,5"},
                                           {"stage_layer", "1,1,2"},
                                           {"gain_levels", "2"}}) {
    Metadata metadata = layout_metadata(good_layout());
    metadata["backend"] = "probe";
    metadata[key] = value;
    const TempFolder folder;
    save_model(folder.file("m"), {make_tensor("w", DType::kU8, {4}, kBytes)}, metadata);
    const std::string real = ModelFile(folder.file("m")).hash();
    ASSERT_NE(real, said) << key;
    const auto failure = open_with(key, value);
    ASSERT_TRUE(failure) << key;
    EXPECT_EQ(failure->kind, ErrorKind::kRead) << key;
    EXPECT_TRUE(failure->says(said) && failure->says(real)) << failure->text;
  }
}

TEST(ModelFile, EveryChangedTensorBitIsFound) {
  const TempFolder folder;
  write_probe_model(folder.file("m"), 7);
  const std::string whole = read_file(folder.file("m"));
  for (size_t at = whole.size() - 4; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      write_file(folder.file("m"), changed);
      EXPECT_EQ(failure_of([&] { ModelFile file(folder.file("m")); })->kind, ErrorKind::kRead);
    }
  }
}

TEST(ModelFile, ChangedHeaderBytesAreReadOrRefused) {
  const TempFolder folder;
  write_probe_model(folder.file("m"), 7);
  const std::string whole = read_file(folder.file("m"));
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0, 3, 6, 7}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      write_file(folder.file("m"), changed);
      const auto failure = failure_of([&] { ModelFile file(folder.file("m")); });
      if (failure) {
        EXPECT_TRUE(failure->kind == ErrorKind::kRead || failure->kind == ErrorKind::kWrongType) << at;
      }
    }
  }
}

TEST(ModelFile, TruncationAtEveryLengthIsFound) {
  const TempFolder folder;
  write_probe_model(folder.file("m"), 7);
  const std::string whole = read_file(folder.file("m"));
  for (size_t size = 0; size < whole.size(); ++size) {
    write_file(folder.file("m"), whole.substr(0, size));
    const auto failure = failure_of([&] { ModelFile file(folder.file("m")); });
    ASSERT_TRUE(failure) << size;
    EXPECT_EQ(failure->kind, ErrorKind::kRead) << size;
  }
}

TEST(ModelFile, PriorsOfAnotherTypeAreRefused) {
  const TempFolder folder;
  save_model(folder.file("m"), {make_tensor("priors.x", DType::kI16, {2}, kBytes)}, good_metadata());
  const auto failure = failure_of([&] { ModelFile file(folder.file("m")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_TRUE(failure->says("priors.x"));
}

struct BadValue {
  const char* key;
  std::string value;
};

void PrintTo(const BadValue& bad, std::ostream* out) { *out << bad.key << "=" << bad.value; }

class BadMetadata : public testing::TestWithParam<BadValue> {};

TEST_P(BadMetadata, IsRefused) {
  const auto failure = open_with(GetParam().key, GetParam().value);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  // And not because it is another value than the one that was hashed.
  EXPECT_EQ(failure->says("have the hash"), std::string(GetParam().key) == "sha256") << failure->text;
}

INSTANTIATE_TEST_SUITE_P(
    ModelFile, BadMetadata,
    testing::Values(
        BadValue{"backend", ""}, BadValue{"backend", "../../tmp/evil"}, BadValue{"backend", "/abs"},
        BadValue{"backend", "."}, BadValue{"backend", "Upper"}, BadValue{"backend", "a b"}, BadValue{"backend", "a_b"},
        BadValue{"backend", std::string("a\0b", 3)}, BadValue{"backend", std::string(33, 'a')},
        BadValue{"backend", "t\xc3\xb6rch"}, BadValue{"sha256", ""}, BadValue{"sha256", "short"},
        BadValue{"structure_codes", ""}, BadValue{"structure_codes", "1"}, BadValue{"structure_codes", "4097"},
        BadValue{"structure_codes", "-5"}, BadValue{"structure_codes", "+5"}, BadValue{"structure_codes", "5 "},
        BadValue{"structure_codes", "0x10"}, BadValue{"structure_codes", "4,4"},
        BadValue{"structure_codes", "99999999999999999999"}, BadValue{"detail_codes", "8,8"},
        BadValue{"detail_codes", ""}, BadValue{"detail_codes", "8,8,1"}, BadValue{"detail_codes", "8,8,"},
        BadValue{"detail_codes", ",8,8"}, BadValue{"detail_codes", "8,,8"}, BadValue{"detail_codes", "8;8;8"},
        BadValue{"detail_codes", "8,8,8,8,8,8,8"}, BadValue{"stage_layer", "1,2"}, BadValue{"stage_layer", "0,1,2"},
        BadValue{"stage_layer", "2,1,2"}, BadValue{"stage_layer", "1,2,4"}, BadValue{"stage_layer", "1,2,3,3"},
        BadValue{"stage_layer", "one,two,three"}, BadValue{"gain_levels", "0"}, BadValue{"gain_levels", "9"},
        BadValue{"gain_levels", "17"}, BadValue{"gain_levels", ""}, BadValue{"gain_levels", "x"},
        BadValue{"gain_levels", "-1"}, BadValue{"gain_levels", "1,2"}, BadValue{"gain_classes", "0"},
        BadValue{"gain_classes", "2"}, BadValue{"gain_classes", ""}));

class BadScalarMetadata : public testing::TestWithParam<BadValue> {};

TEST_P(BadScalarMetadata, IsRefusedAndNamed) {
  const auto failure = open_with(GetParam().key, GetParam().value, false, scalar_layout());
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_TRUE(failure->says(GetParam().key)) << failure->text;
  EXPECT_FALSE(failure->says("have the hash")) << failure->text;
}

INSTANTIATE_TEST_SUITE_P(
    ModelFile, BadScalarMetadata,
    testing::Values(BadValue{"structure_coefficients", ""}, BadValue{"structure_coefficients", "0"},
                    BadValue{"structure_coefficients", "257"}, BadValue{"structure_coefficients", "-1"},
                    BadValue{"structure_coefficients", "3,4"}, BadValue{"detail_coefficients", ""},
                    BadValue{"detail_coefficients", "16,32"}, BadValue{"detail_coefficients", "16,32,48,64"},
                    BadValue{"detail_coefficients", "16,0,48"}, BadValue{"detail_coefficients", "16,32,257"},
                    BadValue{"detail_coefficients", "16,32,"}, BadValue{"stage_layer", "1,2"},
                    BadValue{"structure_codes", "16"}, BadValue{"detail_codes", "8,8,8"},
                    BadValue{"detail_codes", ""}));

// Keys of both kinds name each other, whichever the model was made with.
TEST(ModelFile, KeysOfBothKindsOfQuantisersContradictEachOther) {
  for (const auto& [key, value] : Metadata{{"structure_coefficients", "24"}, {"detail_coefficients", "8,8,4"}}) {
    const auto failure = open_with(key, value);
    ASSERT_TRUE(failure) << key;
    EXPECT_EQ(failure->kind, ErrorKind::kRead);
    EXPECT_TRUE(failure->says("contradict each other") && failure->says(key.c_str())) << failure->text;
  }
}

TEST(ModelFile, MissingKeysOfAScalarQuantiserAreNamed) {
  EXPECT_TRUE(open_with("detail_coefficients", "", true, scalar_layout())->says("detail_coefficients"));
  EXPECT_TRUE(open_with("structure_coefficients", "", true, scalar_layout())->says("detail_coefficients"));
}

class MissingMetadata : public testing::TestWithParam<const char*> {};

TEST_P(MissingMetadata, IsRefusedAndNamed) {
  const auto failure = open_with(GetParam(), "", true);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_TRUE(failure->says(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(ModelFile, MissingMetadata,
                         testing::Values("backend", "sha256", "structure_codes", "detail_codes", "stage_layer"));

TEST(SaveModel, RefusesAnIncompleteModel) {
  const TempFolder folder;
  for (const char* key : {"backend", "structure_codes", "detail_codes", "stage_layer"}) {
    Metadata metadata = good_metadata();
    metadata.erase(key);
    const auto failure = failure_of([&] { save_model(folder.file("m"), {}, metadata); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kWrite);
    EXPECT_TRUE(failure->says(key));
  }
}

TEST(SaveModel, RefusesWhatCouldNotBeRead) {
  const TempFolder folder;
  for (const auto& [key, value] :
       Metadata{{"backend", "a b"}, {"structure_codes", "1"}, {"stage_layer", "2,1,2"}, {"gain_levels", "0"}}) {
    Metadata metadata = good_metadata();
    metadata[key] = value;
    const auto failure = failure_of([&] { save_model(folder.file("m"), {}, metadata); });
    ASSERT_TRUE(failure) << key;
    EXPECT_EQ(failure->kind, ErrorKind::kWrite) << key;
    EXPECT_FALSE(std::filesystem::exists(folder.file("m"))) << key;
  }
}

TEST(SaveModel, OverwritesAStaleHash) {
  const TempFolder folder;
  Metadata metadata = good_metadata();
  metadata["sha256"] = "stale";
  metadata["format_version"] = "9";
  save_model(folder.file("m"), {make_tensor("w", DType::kU8, {4}, kBytes)}, metadata);
  EXPECT_NO_THROW(ModelFile(folder.file("m")));
}

}  // namespace
}  // namespace crlsc
