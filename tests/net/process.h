// SPDX-License-Identifier: LGPL-2.1-or-later
// A child process, its standard output, and what it says on standard error.
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
  // Runs words[0]; its standard error goes to the file `errors`.
  Process(std::vector<std::string> words, std::filesystem::path errors);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The next "name=number" line; ("", 0) at the end.
  std::pair<std::string, long> read();
  // All lines up to the end.
  std::map<std::string, long> read_all();
  // The exit code, once it has ended.
  int wait();
  std::string errors() const;

 private:
  std::filesystem::path errors_;
  pid_t pid_ = 0;
  int code_ = -1;
  FILE* output_ = nullptr;
};

}  // namespace crlsc::testing
