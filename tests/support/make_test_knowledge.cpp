// SPDX-License-Identifier: LGPL-2.1-or-later
// make-test-knowledge MODEL FILE: writes the small shared knowledge base of support/test_knowledge.h.
#include <cstdio>
#include <exception>

#include "support/test_knowledge.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    std::remove(argv[2]);
    crlsc::write_test_knowledge(argv[2], *crlsc::acquire_model(argv[1], 1));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
