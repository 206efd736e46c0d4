// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/model_delta.h"

#include <algorithm>

#include "core/error.h"
#include "core/model/model_file.h"

namespace crlsc {
namespace {

constexpr const char* kVersion = "1";
constexpr char kSeparator = '+';
constexpr const char* kOwnKeys[] = {"format", "format_version", "base_sha256", "sha256"};

std::string value_of(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

bool same_kind(const TensorView& a, const TensorView& b) {
  return a.name == b.name && a.dtype == b.dtype && a.shape == b.shape;
}

bool same_bytes(const TensorView& a, const TensorView& b) {
  return std::equal(a.data.begin(), a.data.end(), b.data.begin(), b.data.end());
}

}  // namespace

ModelParts split_model(const std::string& value, const std::function<bool(const std::string&)>& exists,
                       bool default_base) {
  const size_t first = value.find(kSeparator);
  if (first == std::string::npos || exists(value)) return {value, ""};
  for (size_t at = first; at != std::string::npos; at = value.find(kSeparator, at + 1)) {
    const ModelParts parts{value.substr(0, at), value.substr(at + 1)};
    if (!parts.delta.empty() && exists(parts.base) && exists(parts.delta)) return parts;
  }
  const std::string text = "the model '" + printable(value) + "' ";
  if (value.find(kSeparator, first + 1) != std::string::npos) {
    throw Error(ErrorKind::kSettings, text +
                                          "has more than one '+', and at none of them a model and a delta that "
                                          "exist; give one of each, as BASE+DELTA");
  }
  // Whoever opens them says which one is missing.
  const ModelParts parts{value.substr(0, first), value.substr(first + 1)};
  if (parts.base.empty() && !default_base) {
    throw Error(ErrorKind::kSettings, text + "names no base model in front of the '+'");
  }
  if (parts.delta.empty()) throw Error(ErrorKind::kSettings, text + "names no delta behind the '+'");
  return parts;
}

std::string join_model(const ModelParts& parts) {
  return parts.delta.empty() ? parts.base : parts.base + kSeparator + parts.delta;
}

ModelDelta::ModelDelta(const std::string& path) : file_(path) {
  if (value_of(metadata(), "format") != kDeltaFormat) {
    throw Error(ErrorKind::kWrongType, "'" + path + "' is no delta of a model: its metadata does not say format=" +
                                           kDeltaFormat + "; behind the '+' stands what `crlsc adapt` wrote");
  }
  if (value_of(metadata(), "format_version") != kVersion) {
    throw Error(ErrorKind::kWrongType, "the delta '" + path + "' has format version '" +
                                           printable(value_of(metadata(), "format_version")) +
                                           "', this program reads version " + kVersion);
  }
  for (const char* key : {"base_sha256", "sha256"}) {
    if (metadata().count(key) != 0) continue;
    throw Error(ErrorKind::kRead, "cannot read the delta '" + path + "': its metadata lacks '" + key + "'");
  }
}

std::vector<TensorView> ModelDelta::over(const std::vector<TensorView>& base) const {
  std::vector<TensorView> out;
  out.reserve(base.size() + tensors().size());
  auto old = base.begin();
  for (const TensorView& tensor : tensors()) {
    while (old != base.end() && old->name < tensor.name) out.push_back(*old++);
    if (old != base.end() && old->name == tensor.name) {
      if (!same_kind(tensor, *old)) {
        throw Error(ErrorKind::kRead, "cannot read the delta '" + path() + "': its tensor '" + printable(tensor.name) +
                                          "' is " + shape_text(tensor) + " where its base model has " +
                                          shape_text(*old));
      }
      ++old;
    }
    out.push_back(tensor);
  }
  out.insert(out.end(), old, base.end());
  return out;
}

Metadata ModelDelta::over(const Metadata& base) const {
  Metadata out = base;
  for (const auto& [key, value] : metadata()) {
    if (std::find(std::begin(kOwnKeys), std::end(kOwnKeys), key) == std::end(kOwnKeys)) out["delta_" + key] = value;
  }
  out["sha256"] = model_hash();
  return out;
}

void save_delta(const std::string& path, const ModelFile& base, const ModelFile& model, Metadata metadata) {
  const auto require = [&](bool fits, const std::string& what) {
    if (fits) return;
    throw Error(ErrorKind::kWrite, "cannot write the delta '" + path + "': '" + model.path() + "' and its base '" +
                                       base.path() + "' differ in " + what);
  };
  require(base.backend() == model.backend() && layout_metadata(base.layout()) == layout_metadata(model.layout()),
          "backend or layout");
  for (const TensorView& old : base.tensors()) {
    const TensorView* tensor = model.find(old.name);
    require(tensor != nullptr && same_kind(*tensor, old),
            "type or shape of the tensor '" + printable(old.name) + "', or one lacks it");
  }
  std::vector<TensorView> changed;
  for (const TensorView& tensor : model.tensors()) {
    const TensorView* old = base.find(tensor.name);
    if (old == nullptr || !same_bytes(tensor, *old)) changed.push_back(tensor);
  }
  metadata["format"] = kDeltaFormat;
  metadata["format_version"] = kVersion;
  metadata["base_sha256"] = base.hash();
  metadata["sha256"] = model.hash();
  write_safetensors(path, changed, metadata);
}

}  // namespace crlsc
