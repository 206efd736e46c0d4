// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/model_file.h"

#include <algorithm>

#include "core/error.h"
#include "core/model/sha256.h"

namespace crlsc {
namespace {

constexpr const char* kFormat = "crlsc-model";
constexpr const char* kVersion = "1";
constexpr const char* kPriorPrefix = "priors.";
constexpr int kLeastCodes = 2;
constexpr int kMostCodes = 4096;

Sha256::Digest digest_of(const std::vector<TensorView>& tensors) {
  std::vector<const TensorView*> sorted;
  for (const TensorView& tensor : tensors) sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  Sha256 hash;
  for (const TensorView* tensor : sorted) hash.update(tensor->data);
  return hash.finish();
}

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::kRead, "cannot read the model '" + path + "': " + what);
}

// The decimal number that `text` consists of, at most six digits, or -1.
int number(const std::string& text) {
  if (text.empty() || text.size() > 6) return -1;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::string join(const std::vector<int>& values) {
  std::string text;
  for (const int value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
  return text;
}

std::string shape_text(const TensorView& tensor) {
  std::string text = std::string(dtype_name(tensor.dtype)) + " [";
  for (size_t i = 0; i < tensor.shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(tensor.shape[i]);
  return text + "]";
}

}  // namespace

ModelFile::ModelFile(const std::string& path) : file_(path) {
  const auto value = [this](const char* key) {
    const auto at = metadata().find(key);
    return at == metadata().end() ? std::string() : at->second;
  };
  if (value("format") != kFormat) {
    throw Error(ErrorKind::kWrongType, "'" + path + "' is no CRLSC model: its metadata does not say format=" + kFormat);
  }
  if (value("format_version") != kVersion) {
    throw Error(ErrorKind::kWrongType, "the model '" + path + "' has format version '" +
                                           printable(value("format_version")) + "', this program reads version " +
                                           kVersion);
  }
  check_hash();
  backend_ = required("backend");
  if (!is_backend_name(backend_)) fail(path, "'" + printable(backend_) + "' cannot be the name of a backend");
  read_layout();
  read_priors();
}

void ModelFile::check_hash() {
  const Sha256::Digest digest = digest_of(tensors());
  hash_ = to_hex(digest);
  std::copy_n(digest.begin(), id_.size(), id_.begin());
  const std::string& said = required("sha256");
  if (said != hash_) {
    fail(path(), "its tensors have the hash " + hash_ + " where its metadata says " + printable(said) +
                     "; the file is damaged");
  }
}

void ModelFile::read_layout() {
  layout_.structure_codes = numbers("structure_codes", kLeastCodes, kMostCodes, 1).at(0);
  layout_.detail_codes = numbers("detail_codes", kLeastCodes, kMostCodes, kMaxDetailStages);
  layout_.stage_layer = numbers("stage_layer", 1, kMaxLayers - 1, kMaxDetailStages);
  if (metadata().count("gain_levels") != 0) layout_.gain_levels = numbers("gain_levels", 1, kMaxGainLevels, 1).at(0);
  if (layout_.stage_layer.size() != layout_.detail_codes.size()) {
    fail(path(), "stage_layer and detail_codes differ in length");
  }
  if (!std::is_sorted(layout_.stage_layer.begin(), layout_.stage_layer.end())) {
    fail(path(), "stage_layer '" + join(layout_.stage_layer) + "' falls");
  }
}

const std::string& ModelFile::required(const std::string& key) const {
  const auto at = metadata().find(key);
  if (at == metadata().end()) fail(path(), "its metadata lacks '" + key + "'");
  return at->second;
}

std::vector<int> ModelFile::numbers(const std::string& key, int least, int most, size_t longest) const {
  const std::string& text = required(key);
  std::vector<int> values;
  for (size_t at = 0; !text.empty() && at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    values.push_back(number(text.substr(at, comma - at)));
    at = comma + 1;
    if (values.back() < least || values.back() > most || values.size() > longest) {
      fail(path(), key + " '" + printable(text) + "' is not a list of at most " + std::to_string(longest) +
                       " numbers from " + std::to_string(least) + " to " + std::to_string(most));
    }
  }
  if (longest == 1 && values.empty()) fail(path(), key + " is empty");
  return values;
}

const TensorView& ModelFile::tensor(const std::string& name) const {
  const TensorView* tensor = find(name);
  if (tensor == nullptr) fail(path(), "it lacks the tensor '" + name + "'");
  return *tensor;
}

const TensorView& ModelFile::tensor(const std::string& name, DType dtype, const std::vector<int64_t>& shape) const {
  const TensorView& found = tensor(name);
  if (found.dtype != dtype || found.shape != shape) {
    TensorView wanted;
    wanted.dtype = dtype;
    wanted.shape = shape;
    fail(path(), "tensor '" + name + "' is " + shape_text(found) + " where " + shape_text(wanted) + " is needed");
  }
  return found;
}

void ModelFile::read_priors() {
  const std::string prefix = kPriorPrefix;
  for (const TensorView& tensor : tensors()) {
    if (tensor.name.compare(0, prefix.size(), prefix) != 0) continue;
    if (tensor.dtype != DType::kU16) fail(path(), "tensor '" + printable(tensor.name) + "' is not of type U16");
    std::vector<uint16_t>& values = priors_[tensor.name.substr(prefix.size())];
    for (size_t i = 0; i < tensor.data.size(); i += 2) {
      values.push_back(static_cast<uint16_t>(tensor.data[i] | tensor.data[i + 1] << 8));
    }
  }
}

std::string tensor_hash(const std::vector<TensorView>& tensors) {
  const Sha256::Digest digest = digest_of(tensors);
  return to_hex(digest);
}

bool is_backend_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

void save_model(const std::string& path, const std::vector<TensorView>& tensors, Metadata metadata) {
  for (const char* key : {"backend", "structure_codes", "detail_codes", "stage_layer"}) {
    if (metadata.count(key) == 0) {
      throw Error(ErrorKind::kWrite, "cannot write the model '" + path + "': its metadata lacks '" + key + "'");
    }
  }
  metadata["format"] = kFormat;
  metadata["format_version"] = kVersion;
  metadata["sha256"] = tensor_hash(tensors);
  write_safetensors(path, tensors, metadata);
}

Metadata layout_metadata(const TokenLayout& layout) {
  return {{"structure_codes", std::to_string(layout.structure_codes)},
          {"detail_codes", join(layout.detail_codes)},
          {"stage_layer", join(layout.stage_layer)},
          {"gain_levels", std::to_string(layout.gain_levels)}};
}

}  // namespace crlsc
