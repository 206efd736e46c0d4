// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a fuzz target as a test. Arguments are files and folders. Without files, what the folders (which need not be
// there) hold and the seeds run first, and then changed ones of both.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

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

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// In the order of their names, so that each run is the same.
std::vector<Bytes> read_folder(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> inputs;
  for (const auto& path : paths) inputs.push_back(read_file(path));
  return inputs;
}

void mutate(std::vector<Bytes> inputs) {
  for (Bytes& seed : fuzz_seeds()) inputs.push_back(std::move(seed));
  for (const Bytes& input : inputs) run(input);
  run({});
  Random random(1);
  const auto start = std::chrono::steady_clock::now();
  int runs = 0;
  for (; runs < kMostRuns && std::chrono::steady_clock::now() - start < kMostTime; ++runs) {
    Bytes input = inputs[random() % inputs.size()];
    for (uint32_t i = 0; i <= random() % 6; ++i) change(input, inputs, random);
    run(input);
  }
  std::printf("%zu inputs and %d changed ones\n", inputs.size(), runs);
}

}  // namespace
}  // namespace crlsc

int main(int argc, char** argv) {
  std::vector<crlsc::Bytes> inputs;
  bool files = false;
  for (int i = 1; i < argc; ++i) {
    if (std::filesystem::is_regular_file(argv[i])) {
      files = true;
      crlsc::run(crlsc::read_file(argv[i]));
    } else {
      for (crlsc::Bytes& input : crlsc::read_folder(argv[i])) inputs.push_back(std::move(input));
    }
  }
  if (!files) crlsc::mutate(std::move(inputs));
  return 0;
}
