// SPDX-License-Identifier: LGPL-2.1-or-later
// A fuzz target is one function that takes any bytes and may neither crash nor throw. It runs in two ways: as an
// ordinary test (driver.cpp replays seeds and corpus/TARGET, changes them at random with a fixed seed, and stops after
// a few seconds), and under libFuzzer (tests/fuzz/run). What libFuzzer found and is mended stays in the corpus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace crlsc {

// Inputs that reach far into the target.
std::vector<Bytes> fuzz_seeds();

// Stops the process, so that both drivers notice.
inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz target: %s\n", what);
  std::abort();
}

}  // namespace crlsc
