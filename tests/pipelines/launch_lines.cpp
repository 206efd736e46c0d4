// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launch_lines.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace crlsc::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLaunch = "gst-launch-1.0";
constexpr const char* kTag = "<!-- run -->";

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string trim(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

// Without the program's name and its options.
std::string arguments_of(const std::string& command) {
  static const std::regex kOptions("^gst-launch-1\\.0(\\s+-\\S+)*\\s+");
  return std::regex_replace(command, kOptions, "");
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::vector<LaunchLine> find_in_markdown(const std::string& file, const std::string& text) {
  std::vector<LaunchLine> found;
  const std::vector<std::string> lines = split_lines(text);
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    if (trim(lines[i]) != kTag || trim(lines[i + 1]) != "```sh") continue;
    for (i += 2; i < lines.size() && trim(lines[i]) != "```"; ++i) {
      const auto number = static_cast<int>(i) + 1;
      std::string command = trim(lines[i]);
      while (!command.empty() && command.back() == '\\' && i + 1 < lines.size()) {
        command.back() = ' ';
        command += trim(lines[++i]);
      }
      if (starts_with(command, kLaunch)) found.push_back({file, number, arguments_of(command)});
    }
  }
  return found;
}

std::vector<LaunchLine> find_in_source(const std::string& file, const std::string& text) {
  std::vector<LaunchLine> found;
  bool inside = false;
  int number = 0;
  for (const std::string& raw : split_lines(text)) {
    ++number;
    std::string line = trim(raw);
    if (!starts_with(line, "*")) {
      inside = false;
      continue;
    }
    line = trim(line.substr(1));
    if (line.find("]|") != std::string::npos) {
      inside = false;
    } else if (line == "|[") {
      inside = true;
    } else if (inside && starts_with(line, kLaunch)) {
      found.push_back({file, number, arguments_of(line)});
    } else if (inside && !found.empty()) {
      found.back().arguments += " " + line;
    }
  }
  return found;
}

std::vector<LaunchLine> find_all(const std::string& root) {
  std::vector<LaunchLine> found;
  const auto add = [&](const fs::path& path) {
    const std::string name = fs::relative(path, root).string();
    const auto lines =
        path.extension() == ".md" ? find_in_markdown(name, read_file(path)) : find_in_source(name, read_file(path));
    found.insert(found.end(), lines.begin(), lines.end());
  };
  add(fs::path(root) / "README.md");
  std::vector<fs::path> files;
  for (const char* folder : {"docs", "plugins"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".md" || extension == ".cpp") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::for_each(files.begin(), files.end(), add);
  return found;
}

std::string property_of(const std::string& arguments, const std::string& element, const std::string& name) {
  const std::regex pattern("(?:^|!|\\s)" + element + "\\s[^!]*?\\b" + name + "=(\\S+)");
  std::smatch match;
  return std::regex_search(arguments, match, pattern) ? match[1].str() : std::string();
}

}  // namespace crlsc::testing
