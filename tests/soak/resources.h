// SPDX-License-Identifier: LGPL-2.1-or-later
// What a process holds, and whether that grows.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

namespace crlsc::testing {

// Of this process, as /proc/self tells it.
struct Sample {
  double seconds = 0;  // since the program's start
  double rss = 0;      // resident memory in MiB
  int threads = 0;
  int descriptors = 0;
};
Sample take_sample();

// Each sample as a line: phase, seconds, RSS in KiB, threads, descriptors.
class Log {
 public:
  // An empty path writes nothing. Throws std::runtime_error if the file cannot be written.
  explicit Log(const std::string& path);
  void write(const char* phase, const Sample& sample);

 private:
  std::ofstream file_;
};

struct Limits {
  double rss = 1;  // MiB that the fitted line may rise from the first to the last sample that counts
};

struct Verdict {
  bool steady = true;
  std::string text;
};

// Leaves the first third out, as warming up. The rest is steady if the line fitted through the RSS rises by no more
// than the limit, and threads and descriptors reach no more in its second half than in its first.
Verdict judge(const std::string& phase, const std::vector<Sample>& samples, const Limits& limits);

}  // namespace crlsc::testing
