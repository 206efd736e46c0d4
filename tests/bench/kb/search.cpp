// SPDX-License-Identifier: LGPL-2.1-or-later
// How long knowledge bases take: searches, opening, loading, and what they weigh. Built on request only:
//   ninja -C build tests/bench/kb/bench-knowledge-base && build/tests/bench/kb/bench-knowledge-base [FOLDER]
// Times depend on the number of entries and the shape of the codes, not on what they mean, so codes are random.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <random>

#include "core/kb/knowledge_base_file.h"

using namespace crlsc;

namespace {

constexpr CodeShape kShape{512, 32, 8};
constexpr size_t kCounts[] = {1000, 10000, 100000, 1000000};

// Time that this thread had the processor, so that others on the machine count little; waiting for disks does not
// count.
double processor_milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// Median of some runs.
template <class Work>
double milliseconds(int runs, Work&& work) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const double start = processor_milliseconds();
    work(i);
    times.push_back(processor_milliseconds() - start);
  }
  std::nth_element(times.begin(), times.begin() + runs / 2, times.end());
  return times[static_cast<size_t>(runs) / 2];
}

std::vector<float> random_vector(std::mt19937& random, size_t size) {
  std::vector<float> vector(size);
  for (float& number : vector) number = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
  normalise(vector);
  return vector;
}

Bytes random_code(std::mt19937& random) {
  Bytes code(kShape.code_size());
  for (uint8_t& byte : code) byte = static_cast<uint8_t>(random());
  return code;
}

// With the matrix of a rotation that changes nothing, at the price of one that does.
ProductQuantiser make_quantiser(std::mt19937& random) {
  QuantiserParameters parameters;
  parameters.shape = kShape;
  const auto dimension = static_cast<size_t>(kShape.dimension);
  parameters.matrix.resize(dimension * dimension);
  for (size_t i = 0; i < dimension; ++i) parameters.matrix[i * dimension + i] = 1.0F;
  parameters.centroids = random_vector(random, dimension << kShape.bits);
  return ProductQuantiser(std::move(parameters));
}

void measure(const std::string& path, size_t count, const ProductQuantiser& quantiser) {
  std::mt19937 random(2);
  std::filesystem::remove(path);
  KnowledgeBaseFile::create(path, {}, quantiser);
  const double start = processor_milliseconds();
  {
    KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kWrite);
    AddSettings settings;
    settings.near_duplicate = 1.0F;
    for (size_t done = 0; done < count; done += std::min<size_t>(count, 50000)) {
      std::vector<NewEntry> entries(std::min<size_t>(count, 50000));
      for (NewEntry& entry : entries) {
        entry.code = random_code(random);
        entry.label = "label-" + std::to_string(random() % 100);
      }
      file.add(entries, settings);
    }
  }
  const double writing = processor_milliseconds() - start;
  const double opening =
      milliseconds(5, [&](int) { KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kRead).info(); });
  std::shared_ptr<KnowledgeBase> knowledge;
  const double loading =
      milliseconds(3, [&](int) { knowledge = KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kRead).load(); });
  const int runs = count > 100000 ? 20 : 200;
  std::vector<std::vector<float>> queries;
  std::vector<Bytes> codes;
  for (int i = 0; i < runs; ++i) {
    queries.push_back(random_vector(random, static_cast<size_t>(kShape.dimension)));
    codes.push_back(random_code(random));
  }
  const auto number = [](int i) { return static_cast<size_t>(i); };
  const double by_vector = milliseconds(runs, [&](int i) { knowledge->search(queries[number(i)], {5, -2.0F, 0}); });
  const double by_code = milliseconds(runs, [&](int i) { knowledge->search_code(codes[number(i)], {5, -2.0F, 0}); });
  std::printf("%8zu | %9.0f | %7.1f | %7.1f | %7.1f | %9.3f | %7.3f\n", count, writing,
              static_cast<double>(std::filesystem::file_size(path)) / 1e6, opening, loading, by_vector, by_code);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  const std::string path = folder + "/bench.crlsckb";
  std::mt19937 random(1);
  const ProductQuantiser quantiser = make_quantiser(random);
  std::printf("%d dimensions, %d x %d bits, the 5 nearest; one thread\n", kShape.dimension, kShape.subvectors,
              kShape.bits);
  std::printf(" entries | write, ms | file, MB | open, ms | load, ms | vector, ms | code, ms\n");
  for (const size_t count : kCounts) measure(path, count, quantiser);
  std::filesystem::remove(path);
  return 0;
}
