// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the gst-launch-1.0 lines in documents and sources.
#pragma once

#include <string>
#include <vector>

namespace crlsc::testing {

struct LaunchLine {
  std::string file;
  int number = 0;         // of the text line where it begins
  std::string arguments;  // what follows gst-launch-1.0, without its options; on one line
};

// Lines of fenced ```sh blocks whose line before is the comment <!-- run -->. A backslash at the end of a line
// continues it; other commands of the block are left alone.
std::vector<LaunchLine> find_in_markdown(const std::string& file, const std::string& text);

// Lines of the |[ ... ]| examples in a source file's comments. Each begins with gst-launch-1.0 and ends with another
// one or with the example.
std::vector<LaunchLine> find_in_source(const std::string& file, const std::string& text);

// All lines of README.md, docs/**/*.md and plugins/**/*.cpp below the source tree.
std::vector<LaunchLine> find_all(const std::string& root);

// The value of `name` in the first element called `element`, such as ("udpsink", "port"); empty if it has none.
std::string property_of(const std::string& arguments, const std::string& element, const std::string& name);

}  // namespace crlsc::testing
