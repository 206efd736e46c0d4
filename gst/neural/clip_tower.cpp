// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/clip_tower.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "core/error.h"

namespace crlsc::neural {
namespace {

const char* const kPatches = "vision_model.embeddings.patch_embedding.weight";
constexpr long kMostLayers = 1000;
const std::string kLayers = "vision_model.encoder.layers.";
const char* const kPositions = "vision_model.embeddings.position_embedding.weight";

[[noreturn]] void unusable(const SafetensorsFile& file, const std::string& what) {
  throw Error(ErrorKind::kRead, "teacher \"" + file.path() + "\": " + what);
}

const TensorView& find(const SafetensorsFile& file, const std::string& name) {
  const TensorView* view = file.find(name);
  if (view == nullptr) unusable(file, "it has no tensor \"" + name + "\"");
  return *view;
}

at::ScalarType scalar_type(const SafetensorsFile& file, const TensorView& view) {
  switch (view.dtype) {
    case DType::kF32:
      return torch::kFloat32;
    case DType::kF16:
      return torch::kFloat16;
    case DType::kBF16:
      return torch::kBFloat16;
    default:
      unusable(file, "tensor \"" + printable(view.name) + "\" is of type " + dtype_name(view.dtype));
  }
}

// One more than the highest number of a layer that has any tensor: none is passed over that lacks some.
int layer_count(const SafetensorsFile& file) {
  int count = 0;
  for (const TensorView& view : file.tensors()) {
    if (view.name.rfind(kLayers, 0) != 0) continue;
    const long number = std::strtol(view.name.c_str() + kLayers.size(), nullptr, 10);
    count = std::max(count, static_cast<int>(std::clamp(number, 0L, kMostLayers)) + 1);
  }
  if (count < 1 || count > kMostLayers) unusable(file, "it has no layers, or too many");
  return count;
}

}  // namespace

bool ClipTower::is_in(const SafetensorsFile& file) { return file.find(kPatches) != nullptr; }

torch::Tensor ClipTower::tensor(const SafetensorsFile& file, const std::string& name,
                                std::vector<int64_t> shape) const {
  const TensorView& view = find(file, name);
  if (view.shape != shape) unusable(file, "tensor \"" + name + "\" has a shape that does not fit the others");
  auto raw = torch::empty(shape, scalar_type(file, view));
  std::memcpy(raw.data_ptr(), view.data.data(), view.data.size());
  return raw.to(torch::kFloat32);
}

ClipTower::Norm ClipTower::norm(const SafetensorsFile& file, const std::string& name) const {
  return {tensor(file, name + ".weight", {width_}), tensor(file, name + ".bias", {width_})};
}

ClipTower::Map ClipTower::map(const SafetensorsFile& file, const std::string& name, int64_t out, int64_t in) const {
  return {tensor(file, name + ".weight", {out, in}), tensor(file, name + ".bias", {out})};
}

ClipTower::ClipTower(const SafetensorsFile& file, const ClipOptions& options) : options_(options) {
  const std::vector<int64_t>& patch = find(file, kPatches).shape;
  const std::vector<int64_t>& places = find(file, kPositions).shape;
  if (patch.size() != 4 || places.size() != 2 || patch[2] < 1 || patch[2] > 64) {
    unusable(file, "its patches or positions have another shape than CLIP's");
  }
  width_ = patch[0];
  patch_ = static_cast<int>(patch[2]);
  grid_ = static_cast<int>(std::lround(std::sqrt(static_cast<double>(places[0] - 1))));
  if (options_.heads == 0) options_.heads = static_cast<int>(width_ / 64);
  if (grid_ < 1 || int64_t{grid_} * grid_ != places[0] - 1 || options_.heads < 1 || width_ % options_.heads != 0) {
    unusable(file, std::to_string(places[0]) + " positions and " + std::to_string(options_.heads) + " heads for " +
                       std::to_string(width_) + " numbers do not fit; set \"heads\"");
  }
  patches_ = tensor(file, kPatches, {width_, 3, patch_, patch_});
  positions_ = tensor(file, kPositions, {places[0], width_});
  class_embedding_ = tensor(file, "vision_model.embeddings.class_embedding", {width_});
  before_ = norm(file, "vision_model.pre_layrnorm");  // so it is spelt
  after_ = norm(file, "vision_model.post_layernorm");
  for (int i = 0, count = layer_count(file); i < count; ++i) {
    const std::string name = kLayers + std::to_string(i);
    const std::vector<int64_t>& inner = find(file, name + ".mlp.fc1.weight").shape;
    const int64_t hidden = inner.empty() ? 0 : inner[0];
    layers_.push_back(
        {norm(file, name + ".layer_norm1"), norm(file, name + ".layer_norm2"),
         map(file, name + ".self_attn.q_proj", width_, width_), map(file, name + ".self_attn.k_proj", width_, width_),
         map(file, name + ".self_attn.v_proj", width_, width_), map(file, name + ".self_attn.out_proj", width_, width_),
         map(file, name + ".mlp.fc1", hidden, width_), map(file, name + ".mlp.fc2", width_, hidden)});
  }
  const std::vector<int64_t>& out = find(file, "visual_projection.weight").shape;
  projection_ = tensor(file, "visual_projection.weight", {out.empty() ? 0 : out[0], width_});
}

torch::Tensor ClipTower::normed(const torch::Tensor& x, const Norm& norm) const {
  return torch::layer_norm(x, {width_}, norm.weight, norm.bias, options_.epsilon);
}

torch::Tensor ClipTower::activation(const torch::Tensor& x) const {
  return options_.quick_gelu ? x * torch::sigmoid(x * 1.702) : torch::gelu(x);
}

torch::Tensor ClipTower::attention(const torch::Tensor& x, const Layer& layer) const {
  const int64_t depth = width_ / options_.heads;
  const auto split = [&](const Map& map) {
    return torch::linear(x, map.weight, map.bias)
        .view({x.size(0), x.size(1), options_.heads, depth})
        .transpose(1, 2);  // [B, heads, places, depth]
  };
  const auto query = split(layer.query) / std::sqrt(static_cast<double>(depth));
  const auto weights = torch::softmax(torch::matmul(query, split(layer.key).transpose(2, 3)), -1);
  const auto mixed = torch::matmul(weights, split(layer.value)).transpose(1, 2).reshape_as(x);
  return torch::linear(mixed, layer.out.weight, layer.out.bias);
}

torch::Tensor ClipTower::forward(const torch::Tensor& pictures) const {
  const auto cells = torch::conv2d(pictures, patches_, {}, patch_).flatten(2).transpose(1, 2);
  const auto first = class_embedding_.expand({pictures.size(0), 1, width_});
  auto x = normed(torch::cat({first, cells}, 1) + positions_, before_);
  for (const Layer& layer : layers_) {
    x = x + attention(normed(x, layer.norm1), layer);
    const auto hidden = activation(torch::linear(normed(x, layer.norm2), layer.fc1.weight, layer.fc1.bias));
    x = x + torch::linear(hidden, layer.fc2.weight, layer.fc2.bias);
  }
  return torch::linear(normed(x.select(1, 0), after_), projection_);
}

}  // namespace crlsc::neural
