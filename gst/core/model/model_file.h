// SPDX-License-Identifier: LGPL-2.1-or-later
// Model files: safetensors whose metadata says which backend runs them, how tokens are laid out, and their hash.
//   format          "crlsc-model"
//   format_version  "1"
//   backend         name of the backend module, [a-z0-9-]{1,32}
//   sha256          model_hash() of tensors, backend and layout, 64 hexadecimal digits
//   structure_codes "512"          of a vector quantiser: 2..4096
//   detail_codes    "256,256,256"  one for each residual stage, 2..4096; may be empty
//   structure_coefficients "24"        of a scalar quantiser, instead of the two above: 1..kMaxCoefficients
//   detail_coefficients    "16,32,48"  one for each stage, 1..kMaxCoefficients; may be empty
//   stage_layer     "1,2,2"        layer of each stage, 1..kMaxLayers - 1, never falling
//   gain_levels     "6"            1..kMaxGainLevels; may be absent, which means 1
//   gain_classes    "3"            1..gain_levels; may be absent, which means 1
// Other keys (licence, training data, figures) are free text. Tensors called "priors.*" are integer tables, U16.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/bitstream/sequence_header.h"
#include "core/model/model_delta.h"
#include "core/model/safetensors.h"
#include "core/token/grid.h"

namespace crlsc {

class ModelFile {
 public:
  // `path` is a file, or BASE+DELTA: two of them, of which the second replaces tensors of the first (model_delta.h).
  // Reads everything once for its hash. Throws Error(kNotFound) without a file, Error(kWrongType) if it is no model, of
  // another version, or if base and delta do not belong together, Error(kRead) if it is damaged or contradicts itself,
  // and what split_model() throws: the text names path and reason.
  explicit ModelFile(const std::string& path);

  // As it was given.
  const std::string& path() const { return path_; }
  // Whether it was given as BASE+DELTA.
  bool has_delta() const { return delta_ != nullptr; }
  // 64 hexadecimal digits.
  const std::string& hash() const { return hash_; }
  // The first eight bytes of the hash: what streams and caps name the model by.
  const ContentId& id() const { return id_; }
  // What knowledge bases name the maker of their vectors by: the semantic head, whatever codec it stands beside
  // (docs/knowledge-base.md, section "Head id").
  ContentId head_id() const;
  const std::string& backend() const { return backend_; }
  const TokenLayout& layout() const { return layout_; }
  // Of a base with a delta: what ModelDelta::over() makes of both.
  const Metadata& metadata() const { return metadata_; }
  // In name order. Views live as long as the object.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  // Throws Error(kRead) if the model has no such tensor.
  const TensorView& tensor(const std::string& name) const;
  // The same, and Error(kRead) if it has another type or shape.
  const TensorView& tensor(const std::string& name, DType dtype, const std::vector<int64_t>& shape) const;
  // nullptr if there is none.
  const TensorView* find(const std::string& name) const;
  // The values of the tensors "priors.*", by what follows the dot.
  const std::map<std::string, std::vector<uint16_t>>& priors() const { return priors_; }

 private:
  ModelFile(const std::string& path, const ModelParts& parts);
  // `path` below is the file to blame.
  void check_format(const std::string& path) const;
  void check_hash(const std::string& path);
  void apply_delta(const ModelParts& parts);
  void read_priors();

  std::string path_;
  SafetensorsFile base_;
  std::unique_ptr<ModelDelta> delta_;  // null: the base alone
  std::vector<TensorView> tensors_;
  Metadata metadata_;
  std::string hash_;
  ContentId id_{};
  std::string backend_;
  TokenLayout layout_;
  std::map<std::string, std::vector<uint16_t>> priors_;
};

// SHA-256 over backend and layout, as lines of text, and then the bytes of all tensors in name order, as 64 hexadecimal
// digits (docs/bitstream.md, section "Model id"). Names, types and shapes of tensors do not count, nor other metadata.
std::string model_hash(const std::vector<TensorView>& tensors, const std::string& backend, const TokenLayout& layout);

// True for [a-z0-9-]{1,32}: a name that cannot leave the backend folder.
bool is_backend_name(const std::string& name);

// Writes a model. `metadata` needs "backend" and the layout's keys; "format", "format_version" and "sha256" are
// filled in. Throws Error(kWrite) as write_safetensors() does, and if ModelFile would not take these keys.
void save_model(const std::string& path, const std::vector<TensorView>& tensors, Metadata metadata);

// `layout` as the metadata keys it is read from.
Metadata layout_metadata(const TokenLayout& layout);

}  // namespace crlsc
