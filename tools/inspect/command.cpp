// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "core/model/registry.h"
#include "inspect/model_report.h"
#include "inspect/network_report.h"
#include "inspect/stream_report.h"

namespace crlsc::tools {
namespace {

struct InspectOptions {
  std::string file;
  std::string model;
  bool token_hash = false;
};

// Names of models are looked for as elements do; all else is a path.
std::string path_of(const std::string& file) {
  constexpr const char* kModel = ".safetensors";
  const size_t end = std::max(file.size(), std::strlen(kModel)) - std::strlen(kModel);
  const bool model = file.find('+') != std::string::npos || file.compare(end, std::string::npos, kModel) == 0;
  return model && !std::ifstream(file).good() ? find_model(file) : file;
}

void inspect(InspectOptions o) {
  o.file = path_of(o.file);
  if (o.token_hash) {
    std::cout << stream_token_hash(o.file, ModelFile(find_model(o.model))) << '\n';
  } else if (is_delta(o.file)) {
    describe_delta(o.file, std::cout);
  } else if (looks_like_model(o.file)) {
    describe_model(o.file, std::cout);
    describe_network(o.file, std::cout);
  } else if (o.model.empty()) {
    describe_stream(o.file, nullptr, std::cout);
  } else {
    const ModelFile model(find_model(o.model));
    describe_stream(o.file, &model, std::cout);
  }
}

}  // namespace

void add_inspect_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("inspect", "Print what a model, a delta or a stream file holds");
  auto o = std::make_shared<InspectOptions>();
  command
      ->add_option("file", o->file,
                   "Model (also BASE+DELTA; names are looked for on the model path), delta, or stream (.crlsc)")
      ->required();
  command->add_option("--model", o->model, "The stream's model: tells what its tokens say");
  command->add_flag("--token-hash", o->token_hash, "Print only the SHA-256 over all decoded tokens of the stream");
  command->callback([o] { inspect(*o); });
}

}  // namespace crlsc::tools
