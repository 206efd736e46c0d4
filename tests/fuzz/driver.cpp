// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a fuzz target as a test: the seeds, then changed seeds. With arguments: these files.
#include <chrono>
#include <fstream>
#include <iterator>
#include <random>

#include "fuzz.h"

namespace crlsc {
namespace {

constexpr int kMostRuns = 30000;
constexpr auto kMostTime = std::chrono::seconds(5);
constexpr size_t kLongest = 1 << 16;

using Random = std::mt19937;

size_t place(const Bytes& bytes, Random& random) { return random() % (bytes.size() + 1); }

void change(Bytes& bytes, const std::vector<Bytes>& seeds, Random& random) {
  const size_t at = place(bytes, random);
  const auto where = bytes.begin() + static_cast<ptrdiff_t>(at);
  const size_t count = 1 + random() % 8;
  constexpr uint8_t kEdges[] = {0, 1, 0x7F, 0x80, 0xFE, 0xFF};
  switch (random() % 6) {
    case 0:
      bytes.insert(where, count, static_cast<uint8_t>(random()));
      break;
    case 1:
      bytes.erase(where, where + static_cast<ptrdiff_t>(std::min(count, bytes.size() - at)));
      break;
    case 2:
      bytes.resize(at);
      break;
    case 3: {  // a piece of another seed
      const Bytes& other = seeds[random() % seeds.size()];
      const size_t from = place(other, random);
      const ByteView piece = ByteView(other).sub(from, 1 + random() % 64);
      bytes.insert(where, piece.begin(), piece.end());
      break;
    }
    default:
      if (at == bytes.size()) break;
      bytes[at] = random() % 2 == 0 ? kEdges[random() % std::size(kEdges)]
                                    : static_cast<uint8_t>(bytes[at] ^ 1U << random() % 8);
  }
  if (bytes.size() > kLongest) bytes.resize(kLongest);
}

void run(const Bytes& input) { LLVMFuzzerTestOneInput(input.data(), input.size()); }

int mutate() {
  const std::vector<Bytes> seeds = fuzz_seeds();
  for (const Bytes& seed : seeds) run(seed);
  run({});
  Random random(1);
  const auto start = std::chrono::steady_clock::now();
  int runs = 0;
  for (; runs < kMostRuns && std::chrono::steady_clock::now() - start < kMostTime; ++runs) {
    Bytes input = seeds[random() % seeds.size()];
    for (uint32_t i = 0; i <= random() % 6; ++i) change(input, seeds, random);
    run(input);
  }
  std::printf("%zu seeds and %d changed ones\n", seeds.size(), runs);
  return 0;
}

}  // namespace
}  // namespace crlsc

int main(int argc, char** argv) {
  if (argc < 2) return crlsc::mutate();
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    crlsc::run({std::istreambuf_iterator<char>(file), {}});
  }
  return 0;
}
