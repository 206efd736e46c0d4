// SPDX-License-Identifier: LGPL-2.1-or-later
// A million clustered vectors: recall of the ten nearest with re-ranking, times, and memory. Built on request only:
//   ninja -C build tests/bench/kb/bench-clustered && build/tests/bench/kb/bench-clustered [FOLDER [ENTRIES]]
// Writes a file of some 700 MB into FOLDER, and removes it.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>

#include "core/kb/code_scan.h"
#include "core/kb/knowledge_base_file.h"
#include "core/kb/sq8.h"
#include "unit/kb/kb_testing.h"

using namespace crlsc;

namespace {

constexpr int kDimension = 512;
constexpr size_t kClusters = 4000;
constexpr float kSpread = 0.6F;  // of a cluster, where its centre has length 1
constexpr size_t kSamples = 8192;
constexpr size_t kQueries = 100;
constexpr size_t kNearest = 10;
constexpr size_t kRerank[] = {0, 100, 200, 400};
constexpr size_t kPart = 20000;  // entries of a transaction

double processor_milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  size_t pages = 0;
  file >> pages >> pages;
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

class Source {
 public:
  Source() : centres_(clustered_vectors(kClusters, kDimension, kClusters, 1, 4.0F)) {}
  std::vector<float> next() {
    std::vector<float> vector = centres_[random_() % kClusters];
    const float scale = kSpread / std::sqrt(static_cast<float>(kDimension));
    for (float& number : vector) number += scale * normal_(random_);
    normalise(vector);
    return vector;
  }

 private:
  std::mt19937 random_{2};
  std::normal_distribution<float> normal_;
  Vectors centres_;
};

float dot(const float* a, const float* b) {
  float lanes[16] = {};
  for (int i = 0; i < kDimension; i += 16) {
    for (int lane = 0; lane < 16; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0.0F;
  for (const float lane : lanes) sum += lane;
  return sum;
}

// The nearest of everything offered, by the vectors themselves.
class Exact {
 public:
  explicit Exact(const Vectors& queries) : queries_(queries), best_(queries.size()) {}
  void offer(EntryId id, const std::vector<float>& vector) {
    for (size_t q = 0; q < queries_.size(); ++q) {
      auto& best = best_[q];
      const float similarity = dot(queries_[q].data(), vector.data());
      if (best.size() == kNearest && similarity <= best.back().first) continue;
      if (best.size() == kNearest) best.pop_back();
      best.push_back({similarity, id});
      std::sort(best.begin(), best.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    }
  }
  bool holds(size_t query, EntryId id) const {
    const auto& best = best_[query];
    return std::any_of(best.begin(), best.end(), [id](const auto& one) { return one.second == id; });
  }

 private:
  const Vectors& queries_;
  std::vector<std::vector<std::pair<float, EntryId>>> best_;
};

void write(const std::string& path, size_t count, const ProductQuantiser& quantiser, Source& source, Exact& exact) {
  std::filesystem::remove(path);
  KnowledgeBaseFile::create(path, {}, quantiser);
  KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kWrite);
  AddSettings settings;
  settings.near_duplicate = 1.0F;
  settings.keep_vectors = true;
  for (size_t done = 0; done < count;) {
    std::vector<NewEntry> entries(std::min(kPart, count - done));
    for (NewEntry& entry : entries) {
      entry.vector = source.next();
      entry.label = "label-" + std::to_string(done % 100);
      exact.offer(++done, entry.vector);
    }
    file.add(entries, settings);
  }
}

void search(const KnowledgeBase& knowledge, const Vectors& queries, const Exact& exact, size_t rerank) {
  std::vector<double> times;
  size_t found = 0;
  for (size_t q = 0; q < queries.size(); ++q) {
    const double start = processor_milliseconds();
    const auto matches = knowledge.search(queries[q], {kNearest, -2.0F, rerank});
    times.push_back(processor_milliseconds() - start);
    for (const Match& match : matches) found += exact.holds(q, match.id) ? 1 : 0;
  }
  std::sort(times.begin(), times.end());
  std::printf("re-rank %4zu: recall@10 %.3f, %.2f ms (median), %.2f ms (p95)\n", rerank,
              static_cast<double>(found) / static_cast<double>(kNearest * queries.size()), times[times.size() / 2],
              times[times.size() * 95 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  const size_t count = argc > 2 ? std::stoul(argv[2]) : 1000000;
  const std::string path = folder + "/clustered.crlsckb";
  Source source;
  Vectors samples;
  for (size_t i = 0; i < kSamples; ++i) samples.push_back(source.next());
  const auto quantiser = train_quantiser(samples, 32, 8);
  Vectors queries;
  for (size_t i = 0; i < kQueries; ++i) queries.push_back(source.next());
  Exact exact(queries);
  write(path, count, *quantiser, source, exact);
  std::printf("%zu entries of %d dimensions in %zu clusters, 32 x 8 bits, one thread, scanned with %s\n", count,
              kDimension, kClusters, block_scanners().front().name);

  const double before = resident_megabytes();
  double start = processor_milliseconds();
  auto knowledge = KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kRead).load({count, false});
  std::printf("opened and loaded without vectors in %.0f ms, %.0f MB\n", processor_milliseconds() - start,
              resident_megabytes() - before);
  search(*knowledge, queries, exact, 0);
  knowledge.reset();
  start = processor_milliseconds();
  knowledge = KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kRead).load({count, true});
  std::printf("opened and loaded with vectors in %.0f ms\n", processor_milliseconds() - start);
  for (const size_t rerank : kRerank) search(*knowledge, queries, exact, rerank);
  std::filesystem::remove(path);
  return 0;
}
