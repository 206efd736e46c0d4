// SPDX-License-Identifier: LGPL-2.1-or-later
// How much vectors know: `crlsc eval knowledge` and `crlsc train head`.
#pragma once

#include <CLI/CLI.hpp>

namespace crlsc::tools {

// `crlsc eval knowledge`: accuracy by nearest neighbours of the teacher's and the head's vectors, as they are and as
// codes of a knowledge base.
void add_eval_knowledge_command(CLI::App& eval);

// `crlsc train head`: classifiers on vectors of a frozen semantic head.
void add_train_head_command(CLI::App& train);

}  // namespace crlsc::tools
