// SPDX-License-Identifier: LGPL-2.1-or-later
// A child process, what it prints, line by line, and what it says on standard error.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace crlsc::testing {

class Process {
 public:
  // Runs words[0]; its standard error goes to the file `errors`, or among its output without one.
  explicit Process(std::vector<std::string> words, std::filesystem::path errors = {});
  // Kills it if it runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The next "name=number" line; ("", 0) at the end.
  std::pair<std::string, long> read();
  // All such lines up to the end.
  std::map<std::string, long> read_all();
  // The next line that matches; empty at the end.
  std::string next(const std::string& pattern);
  // All that was read so far.
  const std::string& all() const { return all_; }
  // What stands in the file `errors`.
  std::string errors() const;

  // Asks it to end.
  void stop();
  // The exit code, once it has ended; -1 if a signal ended it.
  int wait();

 private:
  bool read_line(std::string& line);

  std::filesystem::path errors_;
  pid_t pid_ = 0;
  int code_ = -1;
  FILE* output_ = nullptr;
  std::string all_;
};

}  // namespace crlsc::testing
