// SPDX-License-Identifier: LGPL-2.1-or-later
// Endurance: a sender and a receiver in one process, with losses between them, started and stopped many times and then
// left to run, while sizes and models change. Memory, threads and file descriptors must not grow.
#include <fcntl.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

#include "pipelines/running.h"
#include "resources.h"

namespace crlsc::testing {
namespace {

constexpr const char* kModels[] = {"test-model.safetensors", "test-model-other.safetensors"};
constexpr const char* kSizes[] = {"width=64,height=48", "width=96,height=80", "width=81,height=49"};
constexpr int kBuffers = 3;         // that have to come out in each cycle
constexpr int kPatience = 60;       // seconds to wait for them
constexpr int kLife = 20;           // cycles of one pipeline
constexpr int kSecondsPerSize = 5;  // of the live loop
constexpr double kSamplesPerSecond = 1;

struct Options {
  int cycles = 1000;
  int live = 300;  // seconds
  double loss = 0.05;
  double limit = 1;  // MiB
  int leak = 0;      // bytes and a descriptor for each sample, to see that it is noticed
  std::string csv;
};

std::string caps_of(size_t size) {
  return std::string("video/x-raw,format=I420,framerate=25/1,") + kSizes[size % std::size(kSizes)];
}

std::string line(const Options& options, bool live) {
  return std::string("videotestsrc is-live=") + (live ? "true" : "false") +
         " pattern=ball ! capsfilter name=format caps=" + caps_of(0) +
         " ! crlscenc name=encoder bitrate=60000 gop-size=50 ! rtpcrlscpay ! crlscchannel seed=1 loss=" +
         std::to_string(options.loss) + " ! rtpjitterbuffer latency=40 do-lost=true ! rtpcrlscdepay ! crlscdec " +
         "name=decoder ! fakesink async=false";
}

class Peers {
 public:
  Peers(const Options& options, bool live) : running_(line(options, live)) {}

  void set_size(size_t size) {
    GstCaps* caps = gst_caps_from_string(caps_of(size).c_str());
    set("format", "caps", caps);
    gst_caps_unref(caps);
  }
  void set_model(size_t model) {
    for (const char* name : {"encoder", "decoder"}) set(name, "model", kModels[model % std::size(kModels)]);
  }
  Running& running() { return running_; }
  // Throws std::runtime_error if something was complained about.
  void check() {
    const std::string complaints = running_.complaints();
    if (!complaints.empty()) throw std::runtime_error(complaints);
  }

 private:
  template <class Value>
  void set(const char* element_name, const char* property, Value value) {
    GstElement* element = gst_bin_get_by_name(GST_BIN(running_.pipeline()), element_name);
    g_object_set(element, property, value, nullptr);
    gst_object_unref(element);
  }
  Running running_;
};

class Phase {
 public:
  Phase(const char* name, const Options& options, Log& log) : name_(name), options_(options), log_(log) {}

  void sample() {
    if (options_.leak > 0) {
      // Written to, or it would not be resident.
      auto* leaked = static_cast<char*>(std::malloc(static_cast<size_t>(options_.leak)));
      for (int i = 0; i < options_.leak; ++i) leaked[i] = static_cast<char>(i);
      kept_ = leaked;
      if (open("/dev/null", O_RDONLY) < 0) throw std::runtime_error("no descriptors left");
    }
    samples_.push_back(take_sample());
    log_.write(name_, samples_.back());
  }
  bool finish() const {
    const Verdict verdict = judge(name_, samples_, {options_.limit});
    std::printf("%s\n", verdict.text.c_str());
    std::fflush(stdout);
    return verdict.steady;
  }

 private:
  const char* name_;
  const Options& options_;
  Log& log_;
  std::vector<Sample> samples_;
  volatile char* kept_ = nullptr;
};

bool run_cycles(const Options& options, Log& log) {
  Phase phase("cycles", options, log);
  std::unique_ptr<Peers> peers;
  for (int i = 0; i < options.cycles; ++i) {
    const auto number = static_cast<size_t>(i);
    if (i % kLife == 0) {
      peers.reset();
      peers = std::make_unique<Peers>(options, false);
    }
    peers->set_model(number);
    peers->set_size(number);
    gst_element_set_state(peers->running().pipeline(), GST_STATE_PLAYING);
    if (!peers->running().wait_for_buffers(kBuffers, kPatience)) {
      throw std::runtime_error("no pictures in cycle " + std::to_string(i) + ": " + peers->running().complaints());
    }
    // A change of size in mid-stream, now and then.
    if (i % 7 == 0) {
      peers->set_size(number + 1);
      peers->running().wait_for_buffers(kBuffers, kPatience);
    }
    if (!peers->running().go_to(GST_STATE_NULL)) throw std::runtime_error("does not stop");
    peers->check();
    phase.sample();
  }
  peers.reset();
  return phase.finish();
}

bool run_live(const Options& options, Log& log) {
  Phase phase("live", options, log);
  Peers peers(options, true);
  peers.set_model(0);
  gst_element_set_state(peers.running().pipeline(), GST_STATE_PLAYING);
  const gint64 begin = g_get_monotonic_time();
  for (int second = 1; second <= options.live; ++second) {
    if (second % kSecondsPerSize == 0) peers.set_size(static_cast<size_t>(second / kSecondsPerSize));
    // Waits for messages, and so for the time to pass.
    const gint64 end = begin + static_cast<gint64>(second / kSamplesPerSecond * G_TIME_SPAN_SECOND);
    while (g_get_monotonic_time() < end) peers.check();
    phase.sample();
  }
  if (!peers.running().wait_for_buffers(kBuffers, kPatience)) throw std::runtime_error("no pictures at the end");
  peers.running().go_to(GST_STATE_NULL);
  return phase.finish();
}

bool read_options(int argc, char** argv, Options& options) {
  gchar* csv = nullptr;
  const GOptionEntry entries[] = {
      {"cycles", 0, 0, G_OPTION_ARG_INT, &options.cycles, "Times to start and stop (1000)", "N"},
      {"live", 0, 0, G_OPTION_ARG_INT, &options.live, "Seconds to run afterwards (300)", "N"},
      {"loss", 0, 0, G_OPTION_ARG_DOUBLE, &options.loss, "Share of packets that are lost (0.05)", "P"},
      {"limit", 0, 0, G_OPTION_ARG_DOUBLE, &options.limit, "MiB that memory may grow in each part (1)", "M"},
      {"csv", 0, 0, G_OPTION_ARG_FILENAME, &csv, "Write each sample there", "FILE"},
      {"leak", 0, 0, G_OPTION_ARG_INT, &options.leak, "Bytes to lose with each sample, for a trial (0)", "N"},
      {nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr}};
  GOptionContext* context = g_option_context_new(nullptr);
  g_option_context_add_main_entries(context, entries, nullptr);
  g_option_context_add_group(context, gst_init_get_option_group());
  GError* error = nullptr;
  const bool read = g_option_context_parse(context, &argc, &argv, &error);
  if (!read) std::fprintf(stderr, "soak: %s\n", error->message);
  g_clear_error(&error);
  g_option_context_free(context);
  if (csv != nullptr) options.csv = csv;
  g_free(csv);
  return read;
}

int run(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, options)) return 2;
  take_sample();
  watch_logs();
  Log log(options.csv);
  bool steady = true;
  if (options.cycles > 0) steady &= run_cycles(options, log);
  if (options.live > 0) steady &= run_live(options, log);
  const std::string logged = take_logged();
  if (!logged.empty()) std::fprintf(stderr, "soak: logged: %s\n", logged.c_str());
  return steady && logged.empty() ? 0 : 1;
}

}  // namespace
}  // namespace crlsc::testing

int main(int argc, char** argv) {
  try {
    return crlsc::testing::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "soak: %s\n", error.what());
    return 1;
  }
}
