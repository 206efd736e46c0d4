// SPDX-License-Identifier: LGPL-2.1-or-later
// `crlsc model`.
#include "command.h"

#include <cstdio>
#include <memory>

#include "core/model/registry.h"
#include "neural/semantic_head.h"

namespace crlsc::tools {
namespace {

struct CarryOptions {
  std::string from;
  std::string to;
  std::string out;
};

void carry(const CarryOptions& o) {
  neural::carry_head(ModelFile(o.from), ModelFile(find_model(o.to)), o.out);
  std::printf("%s: id %s\n", o.out.c_str(), to_hex(ModelFile(o.out).id()).c_str());
}

}  // namespace

void add_model_commands(CLI::App& app) {
  CLI::App* model = app.add_subcommand("model", "Put model files together");
  model->require_subcommand(1);
  CLI::App* command = model->add_subcommand("carry-head", "Give a model the semantic head of another one");
  auto o = std::make_shared<CarryOptions>();
  command->add_option("--from", o->from, "Model that has the head")->required();
  command->add_option("--to", o->to, "Model that gets it; default: searched on the model path");
  command->add_option("--out", o->out, "Model file to write")->required();
  command->callback([o] { carry(*o); });
}

}  // namespace crlsc::tools
