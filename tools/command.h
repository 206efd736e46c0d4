// SPDX-License-Identifier: LGPL-2.1-or-later
// Each function adds one subcommand to the program and binds what it does.
#pragma once

#include <CLI/CLI.hpp>

namespace crlsc::tools {

void add_train_command(CLI::App& app);
void add_adapt_command(CLI::App& app);
void add_eval_command(CLI::App& app);
void add_inspect_command(CLI::App& app);
void add_model_commands(CLI::App& app);
// Several: skb, pkb.
void add_knowledge_commands(CLI::App& app);

}  // namespace crlsc::tools
