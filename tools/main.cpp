// SPDX-License-Identifier: LGPL-2.1-or-later
// crlsc: trains, measures and inspects. Errors are one line on standard error and exit code 1.
#include <malloc.h>

#include <cstdio>
#include <exception>

#include "command.h"

int main(int argc, char** argv) {
  // Tensors come and go in the same sizes: give no memory back in between, page faults cost a tenth of the time.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // progress is seen in files, too
  CLI::App app{"Tools of the CRLSC semantic video codec"};
  app.require_subcommand(1);
  try {
    crlsc::tools::add_train_command(app);
    crlsc::tools::add_adapt_command(app);
    crlsc::tools::add_eval_command(app);
    crlsc::tools::add_inspect_command(app);
    crlsc::tools::add_model_commands(app);
    crlsc::tools::add_knowledge_commands(app);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "crlsc: %s\n", e.what());
    return 1;
  }
  return 0;
}
