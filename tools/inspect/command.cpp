// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

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

void inspect(const InspectOptions& o) {
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
  command->add_option("file", o->file, "Model (also BASE+DELTA), delta, or stream (.crlsc)")->required();
  command->add_option("--model", o->model, "The stream's model: tells what its tokens say");
  command->add_flag("--token-hash", o->token_hash, "Print only the SHA-256 over all decoded tokens of the stream");
  command->callback([o] { inspect(*o); });
}

}  // namespace crlsc::tools
