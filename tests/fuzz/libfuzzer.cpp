// SPDX-License-Identifier: LGPL-2.1-or-later
// What libFuzzer cannot do itself: with CRLSC_FUZZ_SEEDS=FOLDER in the environment, the target writes its seeds there
// and ends.
#include <cstdlib>
#include <fstream>
#include <string>

#include "fuzz.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("CRLSC_FUZZ_SEEDS");
  if (folder == nullptr) return 0;
  int number = 0;
  for (const crlsc::Bytes& seed : crlsc::fuzz_seeds()) {
    std::ofstream file(std::string(folder) + "/seed-" + std::to_string(++number), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
    crlsc::require(file.good(), "cannot write a seed");
  }
  std::exit(0);
}
