// SPDX-License-Identifier: LGPL-2.1-or-later
#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace crlsc::tools {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

std::string bar_text(double share) {
  constexpr size_t kBars = 20;
  const size_t bars = std::min(kBars, static_cast<size_t>(share * kBars));
  char percent[16];
  std::snprintf(percent, sizeof percent, "] %3.0f%%", share * 100);
  return '[' + std::string(bars, '#') + std::string(kBars - bars, '.') + percent;
}

std::string clock_text(double s) {
  char text[32];
  std::snprintf(text, sizeof text, "%d:%02d:%02d", static_cast<int>(s / 3600), static_cast<int>(s / 60) % 60,
                static_cast<int>(s) % 60);
  return text;
}

Progress::Progress(std::string what, size_t total)
    : what_(std::move(what)), total_(total), begin_(now()), terminal_(isatty(STDOUT_FILENO) == 1) {}

Progress::~Progress() {
  draw();
  if (terminal_) std::printf("\n");
}

void Progress::update(size_t done, size_t skipped) {
  done_ = done;
  skipped_ = skipped;
  if (now() - drawn_ > (terminal_ ? 0.2 : 20)) draw();
}

void Progress::draw() {
  drawn_ = now();
  const double share = total_ == 0 ? 1 : static_cast<double>(done_) / static_cast<double>(total_);
  const auto worked = static_cast<double>(done_ - skipped_);
  const double left = worked > 0 ? (drawn_ - begin_) / worked * static_cast<double>(total_ - done_) : 0;
  std::printf("%s%s %s %zu of %zu, ETA %s%s", terminal_ ? "\r" : "", bar_text(share).c_str(), what_.c_str(), done_,
              total_, clock_text(left).c_str(), terminal_ ? "  " : "\n");
  std::fflush(stdout);
}

}  // namespace crlsc::tools
