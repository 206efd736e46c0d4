// SPDX-License-Identifier: LGPL-2.1-or-later
// Parts of a model file that stand beside the codec's network: tensors whose names begin alike, and metadata whose keys
// do.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "core/model/model_file.h"

namespace crlsc::neural {

// The number that the model's metadata has under `key`. Throws Error(kRead) if it is missing, none, or outside
// low..high.
int metadata_number(const ModelFile& file, const std::string& key, int low, int high);

struct ModelPart {
  const char* name;      // for texts: "semantic head"
  const char* tensors;   // "semantic."
  const char* metadata;  // "embedding_"

  bool has(const TensorView& tensor) const { return tensor.name.rfind(tensors, 0) == 0; }
  // All of a model but this part.
  std::vector<TensorView> tensors_beside(const ModelFile& file) const;
  Metadata metadata_beside(const ModelFile& file) const;

  // Puts the part's tensors, F16, into the parameters of `module`. Throws Error(kRead) for those that are missing, have
  // another shape, or hold values that are no numbers.
  void read_into(torch::nn::Module& module, const ModelFile& file) const;
  // Writes all that `base` holds to `path`, with the parameters of `module`, and the metadata `own`, in the place of
  // its own part. Throws Error(kWrite).
  void write(const ModelFile& base, const torch::nn::Module& module, const Metadata& own,
             const std::string& path) const;
  // "the <name> of model "<path>": " and `what`.
  std::string fault(const ModelFile& file, const std::string& what) const;
};

}  // namespace crlsc::neural
