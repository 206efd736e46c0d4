// SPDX-License-Identifier: LGPL-2.1-or-later
#include "inspect/model_report.h"

#include <algorithm>
#include <fstream>
#include <iomanip>

#include "core/model/model_file.h"

namespace crlsc::tools {
namespace {

template <class T>
std::string list(const std::vector<T>& values, const char* between) {
  std::string text;
  for (const T& v : values) text += (text.empty() ? "" : between) + std::to_string(v);
  return text;
}

bool is_table(const TensorView& tensor) { return tensor.name.compare(0, 7, "priors.") == 0; }

void describe_layout(const TokenLayout& layout, std::ostream& out) {
  const char* const tokens = layout.scalar() ? " coefficients" : " codes";
  out << (layout.scalar() ? layout.structure_coefficients : layout.structure_codes) << " structure" << tokens << ", "
      << layout.stages() << " detail stages of "
      << list(layout.scalar() ? layout.detail_coefficients : layout.detail_codes, ", ") << tokens << " in layers "
      << list(layout.stage_layer, ", ") << '\n';
}

void describe_tensor(const TensorView& tensor, std::ostream& out) {
  out << "  " << std::left << std::setw(40) << printable(tensor.name) << std::setw(5) << dtype_name(tensor.dtype)
      << std::right << std::setw(10) << tensor.data.size() << " bytes  [" << list(tensor.shape, ", ") << "]\n";
}

void describe_metadata(const Metadata& metadata, std::ostream& out) {
  out << "metadata\n";
  for (const auto& [key, value] : metadata) out << "  " << printable(key) << ": " << printable(value) << '\n';
}

// The file that says what `path` is: of BASE+DELTA, the base.
std::string first_file(const std::string& path) {
  return split_model(
             path, [](const std::string& file) { return std::ifstream(file).good(); }, false)
      .base;
}

}  // namespace

bool looks_like_model(const std::string& path) {
  std::ifstream file(first_file(path), std::ios::binary);
  std::string start(9, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  // The header's length, little endian, is below 16 MB; JSON follows.
  return file && start.compare(4, 5, std::string("\0\0\0\0{", 5)) == 0;
}

bool is_delta(const std::string& path) {
  if (!looks_like_model(path) || first_file(path) != path) return false;
  const SafetensorsFile file(path);
  const auto format = file.metadata().find("format");
  return format != file.metadata().end() && format->second == kDeltaFormat;
}

void describe_delta(const std::string& path, std::ostream& out) {
  const ModelDelta delta(path);
  out << "delta " << path << "\n  of the model with the sha256 " << printable(delta.base_hash())
      << "\n  both are the model with the sha256 " << printable(delta.model_hash()) << '\n';
  describe_metadata(delta.metadata(), out);
  size_t bytes = 0;
  out << "tensors\n";
  for (const TensorView& tensor : delta.tensors()) {
    describe_tensor(tensor, out);
    bytes += tensor.data.size();
  }
  out << delta.tensors().size() << " tensors, " << bytes << " bytes\n";
}

void describe_model(const std::string& path, std::ostream& out) {
  const ModelFile model(path);
  out << "model " << path << "\n  id " << to_hex(model.id()) << "\n  sha256 " << model.hash()
      << " (correct)\n  backend " << model.backend() << "\n  ";
  describe_layout(model.layout(), out);
  describe_metadata(model.metadata(), out);
  int64_t parameters = 0;
  size_t bytes = 0;
  out << "tensors\n";
  for (const TensorView& tensor : model.tensors()) {
    describe_tensor(tensor, out);
    bytes += tensor.data.size();
    if (!is_table(tensor)) parameters += tensor.elements();
  }
  out << model.tensors().size() << " tensors, " << bytes << " bytes, " << parameters << " parameters and "
      << std::count_if(model.tensors().begin(), model.tensors().end(), is_table) << " tables of priors\n";
}

}  // namespace crlsc::tools
