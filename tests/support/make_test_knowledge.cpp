// SPDX-License-Identifier: LGPL-2.1-or-later
// make-test-knowledge MODEL FILE [COLOURS]: writes the small shared knowledge base of support/test_knowledge.h, or one
// of its first colours.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include "support/test_knowledge.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  try {
    std::remove(argv[2]);
    const size_t colours = argc > 3 ? std::stoul(argv[3]) : SIZE_MAX;
    crlsc::write_test_knowledge(argv[2], *crlsc::acquire_model(argv[1], 1), colours);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
