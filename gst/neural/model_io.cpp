// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/model_io.h"

#include "core/error.h"

namespace crlsc::neural {
namespace {

constexpr const char* kBackend = "neural";

// Parameters and codebooks by name.
std::vector<std::pair<std::string, torch::Tensor>> named_tensors(SemanticNet& net) {
  std::vector<std::pair<std::string, torch::Tensor>> all;
  for (const auto& item : net->named_parameters()) all.emplace_back(item.key(), item.value());
  for (const auto& item : net->named_buffers()) all.emplace_back(item.key(), item.value());
  return all;
}

TensorView f16_view(const std::string& name, const torch::Tensor& t) {
  return {name, DType::kF16, t.sizes().vec(),
          ByteView(static_cast<const uint8_t*>(t.data_ptr()), static_cast<size_t>(t.nbytes()))};
}

torch::Tensor from_view(const TensorView& view, at::ScalarType type) {
  auto raw = torch::empty(view.shape, type);
  std::memcpy(raw.data_ptr(), view.data.data(), view.data.size());
  return raw.to(torch::kFloat32);
}

}  // namespace

void export_model(SemanticNet& net, const std::string& path, Metadata metadata, const std::vector<TensorView>& priors) {
  std::vector<TensorView> views = priors;
  std::vector<torch::Tensor> kept;
  for (const auto& [name, tensor] : named_tensors(net)) {
    kept.push_back(tensor.detach().to(torch::kFloat16).contiguous());
    views.push_back(f16_view(name, kept.back()));
  }
  metadata["backend"] = kBackend;
  for (const auto& [key, value] : layout_metadata(net->config().layout)) metadata[key] = value;
  net->config().to_metadata(metadata);
  save_model(path, views, metadata);
}

SemanticNet import_model(const ModelFile& file) {
  SemanticNet net(NetConfig::of(file));
  torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : named_tensors(net)) {
    const TensorView& view = file.tensor(name);
    if (view.shape != tensor.sizes().vec() || (view.dtype != DType::kF16 && view.dtype != DType::kF32)) {
      throw Error(ErrorKind::kRead, "model \"" + file.path() + "\": tensor \"" + printable(name) +
                                        "\" has another type or shape than the sizes in the metadata ask for");
    }
    auto values = from_view(view, view.dtype == DType::kF16 ? torch::kFloat16 : torch::kFloat32);
    if (!torch::isfinite(values).all().item<bool>()) {
      throw Error(ErrorKind::kRead,
                  "model \"" + file.path() + "\": tensor \"" + printable(name) + "\" holds values that are no numbers");
    }
    tensor.set_data(tensor.dim() == 4 ? values.contiguous(torch::MemoryFormat::ChannelsLast) : values);
  }
  net->eval();
  return net;
}

}  // namespace crlsc::neural
