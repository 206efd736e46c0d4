// SPDX-License-Identifier: LGPL-2.1-or-later
// Teachers: the CLIP vision tower against what `transformers` computes, and TorchScript.
#include "neural/teacher.h"

#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/model/safetensors.h"
#include "unit/model/model_testing.h"

namespace crlsc::neural {
namespace {

const std::string kFolder = CRLSC_GOLDEN_FOLDER;

struct Golden {
  std::vector<ColourView> pictures;
  std::vector<float> vectors;
};

// `file` must outlive the views.
Golden read_golden(const SafetensorsFile& file, const std::string& pictures, const std::string& vectors) {
  Golden golden;
  const TensorView* samples = file.find(pictures);
  const int height = static_cast<int>(samples->shape[1]);
  const int width = static_cast<int>(samples->shape[2]);
  for (int64_t i = 0; i < samples->shape[0]; ++i) {
    golden.pictures.push_back({samples->data.data() + i * height * width * 3, width * 3, width, height, false});
  }
  const ByteView bytes = file.find(vectors)->data;
  golden.vectors.resize(bytes.size() / sizeof(float));
  std::memcpy(golden.vectors.data(), bytes.data(), bytes.size());
  return golden;
}

float worst_difference(const std::vector<std::vector<float>>& vectors, const std::vector<float>& golden) {
  float worst = 0;
  size_t at = 0;
  for (const auto& v : vectors) {
    for (const float number : v) worst = std::max(worst, std::fabs(number - golden.at(at++)));
  }
  EXPECT_EQ(at, golden.size());
  return worst;
}

TEST(Teacher, ClipTowerGivesTheGoldenVectors) {
  const auto teacher = Teacher::open(kFolder + "/tiny-clip.safetensors");
  EXPECT_EQ(teacher->dimension(), 24);
  EXPECT_EQ(teacher->settings().size, 32);
  EXPECT_EQ(teacher->settings().name, "tiny-clip");
  const SafetensorsFile file(kFolder + "/tiny-clip-golden.safetensors");
  const Golden golden = read_golden(file, "pictures", "vectors");
  EXPECT_LE(worst_difference(teacher->embed(golden.pictures), golden.vectors), 1e-4F);
}

// Pillow rounds resized samples to 8 bits, twice; here they are not rounded.
TEST(Teacher, ResizesAndCutsAsTransformersDoes) {
  const auto teacher = Teacher::open(kFolder + "/tiny-clip.safetensors");
  const SafetensorsFile file(kFolder + "/tiny-clip-golden.safetensors");
  const Golden golden = read_golden(file, "large", "large_vectors");
  EXPECT_LE(worst_difference(teacher->embed(golden.pictures), golden.vectors), 0.02F);
}

TEST(Teacher, TorchScriptBringsItsSettings) {
  const auto teacher = Teacher::open(kFolder + "/tiny-teacher.pt");
  EXPECT_EQ(teacher->dimension(), 48);
  EXPECT_EQ(teacher->settings().text(), "tiny (32, stretch, bilinear, mean 0.5 0.5 0.5, std 0.25 0.25 0.25)");
  const std::vector<uint8_t> rgb = {200, 30, 90, 10, 20, 30, 4, 5, 6, 250, 240, 230};
  std::vector<uint8_t> bgr = rgb;
  for (size_t i = 0; i < bgr.size(); i += 3) std::swap(bgr[i], bgr[i + 2]);
  const auto vectors = teacher->embed({{rgb.data(), 6, 2, 2, false}, {bgr.data(), 6, 2, 2, true}});
  EXPECT_EQ(vectors[0], vectors[1]);
  double squared = 0;
  for (const float v : vectors[0]) squared += v * v;
  EXPECT_NEAR(squared, 1, 1e-5);
}

TEST(Teacher, AFileBesideItOverridesSettingsAndChangesTheHash) {
  const TempFolder folder;
  const std::string path = folder.file("t.pt");
  std::filesystem::copy_file(kFolder + "/tiny-teacher.pt", path);
  const auto before = Teacher::open(path)->hash();
  EXPECT_EQ(before, Teacher::open(kFolder + "/tiny-teacher.pt")->hash());
  write_file(path + ".json", R"({"resize": "crop", "size": 48})");
  const auto teacher = Teacher::open(path);
  EXPECT_EQ(teacher->settings().size, 48);
  EXPECT_EQ(teacher->settings().name, "tiny");
  EXPECT_NE(teacher->hash(), before);
}

TEST(Teacher, RefusesWhatIsNoTeacher) {
  const TempFolder folder;
  const auto kind = [&](const std::string& name) {
    const auto failure = failure_of([&] { Teacher::open(folder.file(name)); });
    EXPECT_TRUE(failure && failure->says(folder.file(name))) << name;
    return failure->kind;
  };
  EXPECT_EQ(kind("absent.pt"), ErrorKind::kNotFound);
  write_file(folder.file("noise.pt"), std::string(1000, 'x'));
  EXPECT_EQ(kind("noise.pt"), ErrorKind::kWrongType);
  write_safetensors(folder.file("empty.safetensors"), {}, {});
  EXPECT_EQ(kind("empty.safetensors"), ErrorKind::kWrongType);
  std::filesystem::copy_file(kFolder + "/tiny-teacher.pt", folder.file("t.pt"));
  for (const char* settings :
       {"[]", "{", R"({"size": 4})", R"({"std": [0, 1, 1]})", R"({"resize": "other"})", R"({"mean": "x"})"}) {
    write_file(folder.file("t.pt.json"), settings);
    EXPECT_EQ(kind("t.pt"), ErrorKind::kRead) << settings;
  }
}

// A tower that lacks a tensor, or whose heads do not fit.
TEST(Teacher, RefusesDamagedTowers) {
  const TempFolder folder;
  const SafetensorsFile whole(kFolder + "/tiny-clip.safetensors");
  const std::string path = folder.file("clip.safetensors");
  write_safetensors(path, whole.tensors(), {{"teacher", R"({"heads": 5})"}});
  EXPECT_EQ(failure_of([&] { Teacher::open(path); })->kind, ErrorKind::kRead);
  for (const TensorView& missing : whole.tensors()) {
    std::vector<TensorView> rest;
    for (const TensorView& t : whole.tensors()) {
      if (t.name != missing.name) rest.push_back(t);
    }
    write_safetensors(path, rest, whole.metadata());
    EXPECT_TRUE(failure_of([&] { Teacher::open(path); })) << missing.name;
  }
}

}  // namespace
}  // namespace crlsc::neural
