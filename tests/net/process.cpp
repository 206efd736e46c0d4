// SPDX-License-Identifier: LGPL-2.1-or-later
#include "process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace crlsc::testing {

Process::Process(std::vector<std::string> words, std::filesystem::path errors) : errors_(std::move(errors)) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  pid_ = fork();
  if (pid_ == 0) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const bool redirected = dup2(ends[1], 1) == 1 && freopen(errors_.c_str(), "w", stderr) != nullptr;
    close(ends[0]);
    close(ends[1]);
    // Our elements' warnings go to standard error as well.
    setenv("GST_DEBUG", "*crlsc*:2", 1);
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

std::pair<std::string, long> Process::read() {
  char line[256];
  if (std::fgets(line, sizeof(line), output_) == nullptr) return {};
  const std::string text = line;
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return {text, 0};
  return {text.substr(0, equals), std::stol(text.substr(equals + 1))};
}

std::map<std::string, long> Process::read_all() {
  std::map<std::string, long> numbers;
  for (auto line = read(); !line.first.empty(); line = read()) numbers.insert(line);
  return numbers;
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
