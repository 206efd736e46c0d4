// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/teacher.h"

#include <torch/script.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "neural/clip_tower.h"

namespace crlsc::neural {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

constexpr const char* kSettingsName = "teacher.json";
constexpr const char* kMetadataKey = "teacher";

[[noreturn]] void unusable(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::kRead, "teacher \"" + path + "\": " + what);
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Json parse(const std::string& path, const std::string& text) {
  if (text.empty()) return Json::object();
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) unusable(path, "its settings are no JSON object");
  return json;
}

// What the file says of itself, overridden by "<path>.json".
Json settings_json(const std::string& path, const std::string& inside) {
  Json json = parse(path, inside);
  json.update(parse(path, read_text(path + ".json")));
  return json;
}

TeacherSettings read_settings(const std::string& path, const Json& json, TeacherSettings defaults) {
  TeacherSettings s = std::move(defaults);
  if (s.name.empty()) s.name = fs::path(path).stem().string();
  try {
    s.name = json.value("name", s.name);
    s.size = json.value("size", s.size);
    s.mean = json.value("mean", s.mean);
    s.std = json.value("std", s.std);
    const std::string resize = json.value("resize", "crop");
    const std::string interpolation = json.value("interpolation", "bicubic");
    if (resize != "crop" && resize != "stretch") unusable(path, "\"resize\" is neither \"crop\" nor \"stretch\"");
    if (interpolation != "bicubic" && interpolation != "bilinear") {
      unusable(path, "\"interpolation\" is neither \"bicubic\" nor \"bilinear\"");
    }
    s.resize = resize == "crop" ? TeacherSettings::Resize::kCrop : TeacherSettings::Resize::kStretch;
    s.bicubic = interpolation == "bicubic";
  } catch (const Json::exception& e) {
    unusable(path, std::string("its settings: ") + e.what());
  }
  const bool sound = std::all_of(s.std.begin(), s.std.end(), [](double d) { return d > 1e-6 && d < 1e6; }) &&
                     std::all_of(s.mean.begin(), s.mean.end(), [](double m) { return std::fabs(m) < 1e6; });
  if (!sound || s.size < 16 || s.size > 1024 || s.name.empty() || s.name.size() > 100) {
    unusable(path, "its settings are out of range; see gst/neural/teacher.h");
  }
  return s;
}

Sha256::Digest hash_of(const std::string& path, const std::string& settings) {
  Sha256 hash;
  hash.update({reinterpret_cast<const uint8_t*>(settings.data()), settings.size()});
  std::ifstream file(path, std::ios::binary);
  std::vector<char> block(1 << 20);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    hash.update({reinterpret_cast<const uint8_t*>(block.data()), static_cast<size_t>(file.gcount())});
  }
  return hash.finish();
}

// RGB samples 0..255 as floats [1, 3, H, W].
torch::Tensor samples(const ColourView& picture) {
  auto* data = const_cast<uint8_t*>(picture.data);
  auto x = torch::from_blob(data, {picture.height, picture.width, 3}, {picture.stride, 3, 1}, torch::kUInt8)
               .permute({2, 0, 1});
  if (picture.bgr) x = x.flip({0});
  return x.to(torch::kFloat32).contiguous().unsqueeze(0);
}

torch::Tensor resized(const torch::Tensor& x, int64_t height, int64_t width, bool bicubic) {
  if (x.size(2) == height && x.size(3) == width) return x;
  const auto y = bicubic ? at::_upsample_bicubic2d_aa(x, {height, width}, false)
                         : at::_upsample_bilinear2d_aa(x, {height, width}, false);
  return y.clamp(0, 255);
}

torch::Tensor prepared(const ColourView& picture, const TeacherSettings& s) {
  auto x = samples(picture);
  if (s.resize == TeacherSettings::Resize::kStretch) {
    x = resized(x, s.size, s.size, s.bicubic);
  } else {
    const int64_t shorter = std::min(picture.width, picture.height);
    const int64_t height = picture.height * int64_t{s.size} / shorter;
    const int64_t width = picture.width * int64_t{s.size} / shorter;
    x = resized(x, height, width, s.bicubic)
            .slice(2, (height - s.size) / 2, (height - s.size) / 2 + s.size)
            .slice(3, (width - s.size) / 2, (width - s.size) / 2 + s.size);
  }
  const auto channels = [](const std::array<double, 3>& v) {
    return torch::tensor({v[0], v[1], v[2]}, torch::kFloat32).view({1, 3, 1, 1});
  };
  return ((x / 255 - channels(s.mean)) / channels(s.std)).contiguous();
}

class ScriptTeacher : public Teacher {
 public:
  ScriptTeacher(const std::string& path, TeacherSettings settings, torch::jit::Module module)
      : Teacher(path, std::move(settings)), module_(std::move(module)) {
    measure();
  }

 protected:
  torch::Tensor run(const torch::Tensor& input) const override {
    torch::jit::Module module = module_;  // shares the weights; forward() is not const
    return module.forward({input}).toTensor();
  }

 private:
  torch::jit::Module module_;
};

class ClipTeacher : public Teacher {
 public:
  ClipTeacher(const std::string& path, TeacherSettings settings, ClipTower tower)
      : Teacher(path, std::move(settings)), tower_(std::move(tower)) {
    if (this->settings().size != tower_.picture_size()) {
      unusable(path, "its positions are for pictures of " + std::to_string(tower_.picture_size()) + " samples");
    }
    measure();
  }

 protected:
  torch::Tensor run(const torch::Tensor& input) const override { return tower_.forward(input); }

 private:
  ClipTower tower_;
};

// Beside downloaded models lies a config.json; "teacher" settings go before it.
ClipOptions clip_options(const std::string& path, const Json& json) {
  ClipOptions options;
  const Json config = parse(path, read_text(fs::path(path).parent_path() / "config.json"));
  const Json vision = config.value("vision_config", Json::object());
  options.heads = json.value("heads", vision.value("num_attention_heads", 0));
  options.quick_gelu = json.value("activation", vision.value("hidden_act", "quick_gelu")) == "quick_gelu";
  options.epsilon = vision.value("layer_norm_eps", options.epsilon);
  return options;
}

std::unique_ptr<Teacher> open_clip(const std::string& path) {
  const SafetensorsFile file(path);
  if (!ClipTower::is_in(file)) {
    throw Error(ErrorKind::kWrongType, "\"" + path + "\" holds no CLIP vision tower (vision_model.*)");
  }
  const auto found = file.metadata().find(kMetadataKey);
  const Json json = settings_json(path, found == file.metadata().end() ? "" : found->second);
  ClipTower tower(file, clip_options(path, json));
  TeacherSettings defaults;
  defaults.size = tower.picture_size();
  return std::make_unique<ClipTeacher>(path, read_settings(path, json, defaults), std::move(tower));
}

std::unique_ptr<Teacher> open_script(const std::string& path) {
  torch::jit::ExtraFilesMap extra{{kSettingsName, ""}};
  torch::jit::Module module = torch::jit::load(path, torch::kCPU, extra);
  module.eval();
  const Json json = settings_json(path, extra[kSettingsName]);
  return std::make_unique<ScriptTeacher>(path, read_settings(path, json, {}), std::move(module));
}

}  // namespace

std::string TeacherSettings::text() const {
  char numbers[128];
  std::snprintf(numbers, sizeof numbers, "mean %.4g %.4g %.4g, std %.4g %.4g %.4g", mean[0], mean[1], mean[2], std[0],
                std[1], std[2]);
  return name + " (" + std::to_string(size) + ", " + (resize == Resize::kCrop ? "crop" : "stretch") + ", " +
         (bicubic ? "bicubic" : "bilinear") + ", " + numbers + ")";
}

Teacher::Teacher(const std::string& path, TeacherSettings settings)
    : settings_(std::move(settings)), hash_(hash_of(path, settings_.text())) {}

void Teacher::measure() {
  const std::vector<uint8_t> grey(static_cast<size_t>(settings_.size * settings_.size * 3), 128);
  const ColourView view{grey.data(), settings_.size * 3, settings_.size, settings_.size, false};
  dimension_ = static_cast<int>(embed({view}).at(0).size());
}

std::vector<std::vector<float>> Teacher::embed(const std::vector<ColourView>& pictures) const {
  const c10::InferenceMode inference;
  std::vector<torch::Tensor> inputs;
  for (const ColourView& picture : pictures) inputs.push_back(prepared(picture, settings_));
  const auto count = static_cast<int64_t>(pictures.size());
  auto out = run(torch::cat(inputs));
  if (out.dim() != 2 || out.size(0) != count || out.size(1) < 1) {
    throw Error(ErrorKind::kWrongType, "teacher \"" + settings_.name + "\" does not give one vector for each picture");
  }
  out = torch::nn::functional::normalize(out.to(torch::kFloat32)).contiguous();
  std::vector<std::vector<float>> vectors;
  for (int64_t i = 0; i < count; ++i) {
    const float* row = out.data_ptr<float>() + i * out.size(1);
    vectors.emplace_back(row, row + out.size(1));
  }
  return vectors;
}

std::unique_ptr<Teacher> Teacher::open(const std::string& path) {
  if (!fs::is_regular_file(path)) {
    throw Error(ErrorKind::kNotFound, "there is no teacher \"" + path + "\"");
  }
  try {
    return fs::path(path).extension() == ".safetensors" ? open_clip(path) : open_script(path);
  } catch (const c10::Error& e) {
    throw Error(ErrorKind::kWrongType, "teacher \"" + path + "\" is no TorchScript, or does not run: " +
                                           std::string(e.what_without_backtrace()).substr(0, 300));
  } catch (const Json::exception& e) {
    unusable(path, std::string("its settings: ") + e.what());
  }
}

}  // namespace crlsc::neural
