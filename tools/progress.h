// SPDX-License-Identifier: LGPL-2.1-or-later
// A progress bar with the time that is left: on a terminal one line that is drawn anew, else a line now and then.
#pragma once

#include <cstddef>
#include <string>

namespace crlsc::tools {

class Progress {
 public:
  Progress(std::string what, size_t total);
  // Draws the last state and ends the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // `skipped`: some of `done` cost no time, since an earlier run did them.
  void update(size_t done, size_t skipped = 0);

 private:
  void draw();
  std::string what_;
  size_t total_;
  size_t done_ = 0;
  size_t skipped_ = 0;
  double begin_;
  double drawn_ = 0;
  bool terminal_;
};

// "[#####...............]  25%" for a share of 0.25.
std::string bar_text(double share);

// Hours, minutes and seconds.
std::string clock_text(double seconds);

}  // namespace crlsc::tools
