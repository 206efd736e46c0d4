// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a pipeline and notes what it said and how much reached its end.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace crlsc::testing {

class Running {
 public:
  // Throws std::runtime_error if the text is no pipeline. With `hurry`, sinks do not wait for the clock.
  explicit Running(const std::string& arguments, bool hurry = false);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  // Goes to the state and waits until it is there; false if that fails or takes longer than a minute.
  bool go_to(GstState state);
  // Waits until there is an EOS message (true), or an error, or the time is over.
  bool wait_for_eos(int seconds);
  // Waits until every sink got as many buffers since the last call.
  bool wait_for_buffers(int count, int seconds);
  // Seeks to the beginning and flushes.
  bool seek();

  GstElement* pipeline() const { return pipeline_; }
  int sinks() const { return static_cast<int>(counts_.size()); }
  // Error and warning messages so far.
  std::string complaints();

 private:
  void watch_sinks(bool hurry);
  void drain_bus();

  GstElement* pipeline_ = nullptr;
  std::vector<std::unique_ptr<std::atomic<int>>> counts_;
  std::string complaints_;
  bool failed_ = false;
  bool ended_ = false;
};

// GLib's and GStreamer's log messages of level warning and worse since the last call; empty if there are none.
void watch_logs();
std::string take_logged();

}  // namespace crlsc::testing
