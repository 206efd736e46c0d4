// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/model_part.h"

#include <cstdlib>
#include <cstring>

#include "core/error.h"

namespace crlsc::neural {

int metadata_number(const ModelFile& file, const std::string& key, int low, int high) {
  const auto it = file.metadata().find(key);
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kRead,
                "the metadata of model \"" + file.path() + "\" " + what + "; it is damaged, or of another version");
  };
  if (it == file.metadata().end()) fail("lack \"" + key + "\"");
  char* end = nullptr;
  const long value = std::strtol(it->second.c_str(), &end, 10);
  if (it->second.empty() || *end != '\0' || value < low || value > high) {
    fail("say \"" + key + "\" is \"" + printable(it->second) + "\", which is no number of " + std::to_string(low) +
         ".." + std::to_string(high));
  }
  return static_cast<int>(value);
}

std::vector<TensorView> ModelPart::tensors_beside(const ModelFile& file) const {
  std::vector<TensorView> views;
  for (const TensorView& view : file.tensors()) {
    if (!has(view)) views.push_back(view);
  }
  return views;
}

Metadata ModelPart::metadata_beside(const ModelFile& file) const {
  Metadata beside;
  for (const auto& [key, value] : file.metadata()) {
    if (key.rfind(metadata, 0) != 0) beside[key] = value;
  }
  return beside;
}

std::string ModelPart::fault(const ModelFile& file, const std::string& what) const {
  return "the " + std::string(name) + " of model \"" + file.path() + "\": " + what;
}

void ModelPart::read_into(torch::nn::Module& module, const ModelFile& file) const {
  torch::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) {
    torch::Tensor& tensor = item.value();
    const TensorView& view = file.tensor(tensors + item.key(), DType::kF16, tensor.sizes().vec());
    auto raw = torch::empty(view.shape, torch::kFloat16);
    std::memcpy(raw.data_ptr(), view.data.data(), view.data.size());
    const auto values = raw.to(torch::kFloat32);
    if (!torch::isfinite(values).all().item<bool>()) {
      throw Error(ErrorKind::kRead, fault(file, "tensor \"" + item.key() + "\" holds values that are no numbers"));
    }
    tensor.set_data(tensor.dim() == 4 ? values.contiguous(torch::MemoryFormat::ChannelsLast) : values);
  }
}

void ModelPart::write(const ModelFile& base, const torch::nn::Module& module, const Metadata& own,
                      const std::string& path) const {
  std::vector<TensorView> views = tensors_beside(base);
  std::vector<torch::Tensor> kept;
  for (const auto& item : module.named_parameters()) {
    kept.push_back(item.value().detach().to(torch::kFloat16).contiguous());
    views.push_back(
        {tensors + item.key(), DType::kF16, kept.back().sizes().vec(),
         ByteView(static_cast<const uint8_t*>(kept.back().data_ptr()), static_cast<size_t>(kept.back().nbytes()))});
  }
  Metadata all = metadata_beside(base);
  for (const auto& [key, value] : own) all[key] = value;
  save_model(path, views, all);
}

}  // namespace crlsc::neural
