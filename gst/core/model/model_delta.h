// SPDX-License-Identifier: LGPL-2.1-or-later
// Delta files: the tensors by which a model differs from its base model, whole, so that both ends have the same bits.
// A safetensors file with the metadata
//   format          "crlsc-model-delta"
//   format_version  "1"
//   base_sha256     hash of the base model
//   sha256          hash of the model that base and delta are together
// Other keys (licence, training) are free text. A delta replaces tensors by others of their type and shape, and may add
// some, as for a part of the model that its base lacks; it removes none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/model/safetensors.h"

namespace crlsc {

class ModelFile;

constexpr const char* kDeltaFormat = "crlsc-model-delta";

// What "BASE+DELTA" names. Without a delta, `base` is the whole model.
struct ModelParts {
  std::string base;
  std::string delta;
};

// The files that `value` names. A file that has a '+' in its own name or in a folder's counts as such where `exists`
// knows it. Throws Error(kSettings) if there is more than one '+' and no place to part `value` at, or if a side of the
// '+' is empty that must not be: the delta always, the base unless `default_base`.
ModelParts split_model(const std::string& value, const std::function<bool(const std::string&)>& exists,
                       bool default_base);

// "BASE+DELTA", or `parts.base` if there is no delta.
std::string join_model(const ModelParts& parts);

class ModelDelta {
 public:
  // Throws what SafetensorsFile throws, Error(kWrongType) if the file is no delta or of another version, and
  // Error(kRead) if it does not name both hashes.
  explicit ModelDelta(const std::string& path);

  const std::string& path() const { return file_.path(); }
  // 64 hexadecimal digits each: of the base, and of base and delta together.
  const std::string& base_hash() const { return file_.metadata().at("base_sha256"); }
  const std::string& model_hash() const { return file_.metadata().at("sha256"); }
  const Metadata& metadata() const { return file_.metadata(); }
  // In name order. Views live as long as the object.
  const std::vector<TensorView>& tensors() const { return file_.tensors(); }

  // `base`, in name order, with the tensors of the delta in their places. Throws Error(kRead) if `base` has one of them
  // in another type or shape.
  std::vector<TensorView> over(const std::vector<TensorView>& base) const;
  // `base` with the hash of the whole, and what else the delta says of itself as "delta_<key>".
  Metadata over(const Metadata& base) const;

 private:
  SafetensorsFile file_;
};

// Writes the tensors of `model` that `base` lacks or has other bytes of, and `metadata` beside what deltas say anyway.
// Throws Error(kWrite) as write_safetensors() does, and if the models differ in backend or layout, or `model` lacks a
// tensor of `base`, or has it in another type or shape.
void save_delta(const std::string& path, const ModelFile& base, const ModelFile& model, Metadata metadata);

}  // namespace crlsc
