// SPDX-License-Identifier: LGPL-2.1-or-later
#include "support/process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

namespace crlsc::testing {

Process::Process(std::vector<std::string> words, std::filesystem::path errors) : errors_(std::move(errors)) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  pid_ = fork();
  if (pid_ == 0) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const bool merged = errors_.empty();
    const bool redirected =
        dup2(ends[1], 1) == 1 && (merged ? dup2(1, 2) == 2 : freopen(errors_.c_str(), "w", stderr) != nullptr);
    close(ends[0]);
    close(ends[1]);
    // Our elements' warnings go to standard error as well.
    if (!merged) setenv("GST_DEBUG", "*crlsc*:2", 1);
    setenv("GST_DEBUG_NO_COLOR", "1", 1);
    if (redirected) execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  output_ = fdopen(ends[0], "r");
}

Process::~Process() {
  if (pid_ > 0) kill(pid_, SIGKILL);
  wait();
  std::fclose(output_);
}

bool Process::read_line(std::string& line) {
  std::array<char, 256> piece;
  line.clear();
  while (line.empty() || line.back() != '\n') {
    if (std::fgets(piece.data(), piece.size(), output_) == nullptr) break;
    line += piece.data();
  }
  all_ += line;
  if (!line.empty() && line.back() == '\n') {
    line.pop_back();
    return true;
  }
  return !line.empty();
}

std::pair<std::string, long> Process::read() {
  std::string line;
  if (!read_line(line)) return {};
  const size_t equals = line.find('=');
  if (equals == std::string::npos) return {line, 0};
  return {line.substr(0, equals), std::stol(line.substr(equals + 1))};
}

std::map<std::string, long> Process::read_all() {
  std::map<std::string, long> numbers;
  for (auto line = read(); !line.first.empty(); line = read()) numbers.insert(line);
  return numbers;
}

std::string Process::next(const std::string& pattern) {
  const std::regex wanted(pattern);
  for (std::string line; read_line(line);) {
    if (std::regex_search(line, wanted)) return line;
  }
  return {};
}

void Process::stop() {
  if (pid_ > 0) kill(pid_, SIGTERM);
}

int Process::wait() {
  if (pid_ <= 0) return code_;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return code_;
}

std::string Process::errors() const {
  std::ifstream file(errors_);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace crlsc::testing
