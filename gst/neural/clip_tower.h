// SPDX-License-Identifier: LGPL-2.1-or-later
// The vision tower of CLIP (Radford et al.: Learning Transferable Visual Models From Natural Language Supervision, ICML
// 2021), a vision transformer, with tensors named as in Hugging Face's CLIPModel: vision_model.*, visual_projection.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "core/model/safetensors.h"

namespace crlsc::neural {

// What the tensors' shapes do not tell.
struct ClipOptions {
  int heads = 0;           // 0: a head for each 64 numbers, as all published models have
  bool quick_gelu = true;  // x sigmoid(1.702 x), as OpenAI's models; else the exact GELU
  double epsilon = 1e-5;   // of the layer norms
};

class ClipTower {
 public:
  // True if the file has the first tensor of a tower.
  static bool is_in(const SafetensorsFile& file);
  // Throws Error(kRead) if a tensor is missing or does not fit the others.
  ClipTower(const SafetensorsFile& file, const ClipOptions& options);

  int picture_size() const { return grid_ * patch_; }
  // Projected vectors [B, D], not of unit length, for pictures [B, 3, size, size].
  torch::Tensor forward(const torch::Tensor& pictures) const;

 private:
  struct Norm {
    torch::Tensor weight, bias;
  };
  struct Map {
    torch::Tensor weight, bias;
  };
  struct Layer {
    Norm norm1, norm2;
    Map query, key, value, out, fc1, fc2;
  };
  torch::Tensor tensor(const SafetensorsFile& file, const std::string& name, std::vector<int64_t> shape) const;
  Norm norm(const SafetensorsFile& file, const std::string& name) const;
  Map map(const SafetensorsFile& file, const std::string& name, int64_t out, int64_t in) const;
  torch::Tensor normed(const torch::Tensor& x, const Norm& norm) const;
  torch::Tensor attention(const torch::Tensor& x, const Layer& layer) const;
  torch::Tensor activation(const torch::Tensor& x) const;

  ClipOptions options_;
  int64_t width_ = 0;
  int patch_ = 0;
  int grid_ = 0;
  torch::Tensor class_embedding_, patches_, positions_, projection_;
  Norm before_, after_;
  std::vector<Layer> layers_;
};

}  // namespace crlsc::neural
