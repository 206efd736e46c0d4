// SPDX-License-Identifier: LGPL-2.1-or-later
// The models in memory: one for each content, shared by everything in the process that uses it.
#pragma once

#include <memory>
#include <string>

#include "core/codec/network.h"
#include "core/model/model_file.h"

namespace crlsc {

// Immutable, and safe to use from several threads.
struct LoadedModel {
  // The file it was loaded from first; outlives the network, which may hold views of its tensors.
  ModelFile file;
  std::unique_ptr<Network> network;
};

// The model in `path`, loaded and warmed up. Files of the same tensors, layout and backend give the same object,
// whatever their path, for as long as somebody holds it. Callers that ask for a model while it is loading wait for it;
// nobody waits for the loading of another one. `threads` goes to Backend::set_threads().
// Throws what ModelFile, open_backend() and Backend::load() throw. Thread-safe.
std::shared_ptr<const LoadedModel> acquire_model(const std::string& path, int threads);

// The path of the model that the value of an element's `model` property means:
//   with a slash    that path
//   a plain name    the file in the working directory, else on the model path
//   empty           "default.safetensors" on the model path
//   BASE+DELTA      two of these, joined by a '+' again: a model and what `crlsc adapt` made for it; BASE may be empty
// The model path is $CRLSC_MODEL_PATH (separated by colons), then the installed folder. Throws Error(kNotFound), whose
// text names every place looked at and the property, and what split_model() throws (model_delta.h).
std::string find_model(const std::string& property_value);

// The path of the model that streams name by `id`, if one of the files "*.safetensors" on the model path is it; else
// empty. Reads files whole until it is found; what is no model is passed over.
std::string find_model(const ContentId& id);

}  // namespace crlsc
