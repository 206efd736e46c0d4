// SPDX-License-Identifier: LGPL-2.1-or-later
// What the ends of a transmission have in common: programs that run a pipeline and print counters in the end, as
// "name=number" on lines of their own. Exit code 1 and a line on standard error tell of failures.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <string>

namespace crlsc::testing {

constexpr int kWidth = 128;
constexpr int kHeight = 96;
// For camera(): bars that stand still, and a corner that flickers.
constexpr const char* kScene = "pattern=smpte";

// The pictures of a sender.
std::string camera(const std::string& frames, const std::string& properties = "");

[[noreturn]] void fail(const std::string& text);

GstElement* parse(const std::string& description);
// Valid as long as the pipeline.
GstElement* element(GstElement* pipeline, const char* name);

// Whether there was an EOS message within this time; errors end the process.
bool wait_for_eos(GstElement* pipeline, GstClockTime patience);

void print(const std::string& name, guint64 value);
// The 64-bit numbers of some statistics, which may be null; takes them.
void print_numbers(const std::string& name, GstStructure* stats);
// Those of an element's property.
void print_stats(GstElement* pipeline, const char* name, const char* property);

void close_down(GstElement* pipeline);

void probe(GstElement* at, const char* pad_name, GstPadProbeCallback callback, gpointer data);

// What is shown, counted at the sink `screen`.
class Screen {
 public:
  void watch(GstElement* pipeline);
  // Until no picture has come for some time, or so many have (0: any number).
  void wait(GstElement* pipeline, int wanted = 0) const;
  int pictures() const { return pictures_; }
  gint64 first_picture() const { return first_picture_; }  // monotonic time
  void print_counts() const;

 private:
  static GstPadProbeReturn on_picture(GstPad*, GstPadProbeInfo* info, gpointer self);

  std::atomic<int> pictures_{0};
  std::atomic<int> corrupted_{0};
  std::atomic<gint64> first_picture_{0};
};

// Plays until it plays, at most so long as a busy machine may take.
void start_receiver(GstElement* pipeline);

}  // namespace crlsc::testing
