// SPDX-License-Identifier: LGPL-2.1-or-later
#include "resources.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace crlsc::testing {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;
constexpr double kHour = 3600;

// Folder entries, without the descriptor that reads the folder.
int count_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<int>(std::distance(begin(entries), end(entries))) - 1;
}

double resident_memory() {
  long pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / kMiB;
}

int count_threads() {
  const std::filesystem::directory_iterator entries("/proc/self/task");
  return static_cast<int>(std::distance(begin(entries), end(entries)));
}

// MiB a second, by least squares.
double slope(const std::vector<Sample>& samples) {
  double seconds = 0;
  double rss = 0;
  for (const Sample& sample : samples) {
    seconds += sample.seconds / static_cast<double>(samples.size());
    rss += sample.rss / static_cast<double>(samples.size());
  }
  double both = 0;
  double squares = 0;
  for (const Sample& sample : samples) {
    both += (sample.seconds - seconds) * (sample.rss - rss);
    squares += (sample.seconds - seconds) * (sample.seconds - seconds);
  }
  return squares > 0 ? both / squares : 0;
}

// The most of one half: 0 or 1.
int most(const std::vector<Sample>& samples, int Sample::*what, size_t half) {
  const size_t middle = samples.size() / 2;
  int out = 0;
  for (size_t i = half == 0 ? 0 : middle; i < (half == 0 ? middle : samples.size()); ++i) {
    out = std::max(out, samples[i].*what);
  }
  return out;
}

}  // namespace

Sample take_sample() {
  static const auto start = std::chrono::steady_clock::now();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return {seconds.count(), resident_memory(), count_threads(), count_descriptors()};
}

Log::Log(const std::string& path) {
  if (path.empty()) return;
  file_.open(path);
  if (!file_) throw std::runtime_error("cannot write '" + path + "'");
  file_ << "phase,seconds,rss_kib,threads,descriptors\n";
}

void Log::write(const char* phase, const Sample& sample) {
  if (!file_.is_open()) return;
  file_ << phase << ',' << sample.seconds << ',' << static_cast<long>(sample.rss * 1024) << ',' << sample.threads << ','
        << sample.descriptors << std::endl;
}

Verdict judge(const std::string& phase, const std::vector<Sample>& samples, const Limits& limits) {
  const std::vector<Sample> judged(samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 3), samples.end());
  if (judged.size() < 4) return {false, phase + ": too few samples"};
  const double rate = slope(judged);
  const double rise = rate * (judged.back().seconds - judged.front().seconds);
  const int threads[] = {most(judged, &Sample::threads, 0), most(judged, &Sample::threads, 1)};
  const int descriptors[] = {most(judged, &Sample::descriptors, 0), most(judged, &Sample::descriptors, 1)};
  const bool steady = rise <= limits.rss && threads[1] <= threads[0] && descriptors[1] <= descriptors[0];
  char text[256];
  std::snprintf(
      text, sizeof(text),
      "%s: %zu samples, %.0f s: RSS %.2f to %.2f MiB, fitted %+.3f MiB (%+.2f MiB/h); threads at most %d, then "
      "%d; descriptors %d, then %d: %s",
      phase.c_str(), samples.size(), samples.back().seconds - samples.front().seconds, judged.front().rss,
      judged.back().rss, rise, rate * kHour, threads[0], threads[1], descriptors[0], descriptors[1],
      steady ? "steady" : "GROWS");
  return {steady, text};
}

}  // namespace crlsc::testing
