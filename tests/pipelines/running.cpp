// SPDX-License-Identifier: LGPL-2.1-or-later
#include "running.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace crlsc::testing {
namespace {

constexpr int kStateSeconds = 60;
constexpr GstClockTime kPoll = 20 * GST_MSECOND;

std::mutex log_mutex;
std::string logged;

void add_logged(const std::string& line) {
  const std::lock_guard<std::mutex> lock(log_mutex);
  logged += line + "\n";
}

void on_glib_log(const gchar* domain, GLogLevelFlags level, const gchar* text, gpointer) {
  if ((level & G_LOG_LEVEL_MASK) > G_LOG_LEVEL_WARNING) return;
  add_logged(std::string(domain != nullptr ? domain : "") + ": " + text);
}

void on_gst_log(GstDebugCategory* category, GstDebugLevel level, const gchar*, const gchar*, gint, GObject*,
                GstDebugMessage* message, gpointer) {
  if (level > GST_LEVEL_WARNING || level == GST_LEVEL_NONE) return;
  // Only ours; what other plugins grumble about is theirs.
  const std::string name = gst_debug_category_get_name(category);
  if (name.find("crlsc") == std::string::npos) return;
  add_logged(name + ": " + gst_debug_message_get(message));
}

GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo* info, gpointer count) {
  const bool list = (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0;
  *static_cast<std::atomic<int>*>(count) +=
      list ? static_cast<int>(gst_buffer_list_length(GST_PAD_PROBE_INFO_BUFFER_LIST(info))) : 1;
  return GST_PAD_PROBE_OK;
}

}  // namespace

void watch_logs() {
  g_log_set_default_handler(on_glib_log, nullptr);
  gst_debug_add_log_function(on_gst_log, nullptr, nullptr);
  gst_debug_set_threshold_from_string("*crlsc*:2", FALSE);
}

std::string take_logged() {
  const std::lock_guard<std::mutex> lock(log_mutex);
  return std::exchange(logged, {});
}

Running::Running(const std::string& arguments, bool hurry) {
  gchar** words = nullptr;
  GError* error = nullptr;
  if (g_shell_parse_argv(arguments.c_str(), nullptr, &words, &error)) {
    pipeline_ = gst_parse_launchv(const_cast<const gchar**>(words), &error);
    g_strfreev(words);
  }
  if (error != nullptr) {
    const std::string text = error->message;
    g_error_free(error);
    gst_clear_object(&pipeline_);
    throw std::runtime_error(text + ": " + arguments);
  }
  gst_object_ref_sink(pipeline_);
  watch_sinks(hurry);
}

Running::~Running() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(pipeline_);
}

void Running::watch_sinks(bool hurry) {
  GstIterator* sinks = gst_bin_iterate_sinks(GST_BIN(pipeline_));
  GValue item = G_VALUE_INIT;
  while (gst_iterator_next(sinks, &item) == GST_ITERATOR_OK) {
    auto* sink = static_cast<GstElement*>(g_value_get_object(&item));
    GstPad* pad = gst_element_get_static_pad(sink, "sink");
    // A player's sinks are within it, and come when they are needed.
    if (pad == nullptr) {
      g_value_reset(&item);
      continue;
    }
    counts_.push_back(std::make_unique<std::atomic<int>>(0));
    gst_pad_add_probe(pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
                      on_buffer, counts_.back().get(), nullptr);
    gst_object_unref(pad);
    if (hurry) g_object_set(sink, "sync", FALSE, nullptr);
    g_value_reset(&item);
  }
  g_value_unset(&item);
  gst_iterator_free(sinks);
}

bool Running::go_to(GstState state) {
  ended_ = false;
  if (gst_element_set_state(pipeline_, state) == GST_STATE_CHANGE_FAILURE) {
    drain_bus();
    return false;
  }
  const auto reached = gst_element_get_state(pipeline_, nullptr, nullptr, kStateSeconds * GST_SECOND);
  drain_bus();
  return reached == GST_STATE_CHANGE_SUCCESS || reached == GST_STATE_CHANGE_NO_PREROLL;
}

bool Running::wait_for_eos(int seconds) {
  const gint64 end = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
  while (!ended_ && !failed_ && g_get_monotonic_time() < end) drain_bus();
  return ended_ && !failed_;
}

bool Running::wait_for_buffers(int count, int seconds) {
  for (auto& counted : counts_) *counted = 0;
  const gint64 end = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
  const auto enough = [&] {
    return std::all_of(counts_.begin(), counts_.end(), [&](const auto& counted) { return *counted >= count; });
  };
  while (!enough() && !failed_ && !ended_ && g_get_monotonic_time() < end) drain_bus();
  return enough();
}

bool Running::seek() {
  ended_ = false;
  return gst_element_seek_simple(pipeline_, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0);
}

std::string Running::complaints() {
  drain_bus();
  return complaints_;
}

void Running::drain_bus() {
  GstBus* bus = gst_element_get_bus(pipeline_);
  const auto kinds = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING | GST_MESSAGE_EOS);
  GstClockTime patience = kPoll;
  while (GstMessage* message = gst_bus_timed_pop_filtered(bus, patience, kinds)) {
    patience = 0;
    GError* error = nullptr;
    gchar* debug = nullptr;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) ended_ = true;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      failed_ = true;
      gst_message_parse_error(message, &error, &debug);
    }
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) gst_message_parse_warning(message, &error, &debug);
    if (error != nullptr) complaints_ += std::string(error->message) + " (" + (debug != nullptr ? debug : "") + ")\n";
    g_clear_error(&error);
    g_free(debug);
    gst_message_unref(message);
  }
  gst_object_unref(bus);
}

}  // namespace crlsc::testing
