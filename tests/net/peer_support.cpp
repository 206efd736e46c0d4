// SPDX-License-Identifier: LGPL-2.1-or-later
#include "peer_support.h"

#include <cstdio>
#include <cstdlib>

namespace crlsc::testing {
namespace {

constexpr gint64 kIdle = 5 * G_TIME_SPAN_SECOND;
constexpr gint64 kStart = 60 * G_TIME_SPAN_SECOND;

}  // namespace

// Fast enough for a short test; slow enough that a busy machine keeps up.
std::string camera(const std::string& frames, const std::string& properties) {
  return "videotestsrc pattern=ball animation-mode=frames num-buffers=" + frames + " " + properties +
         " ! video/x-raw,format=I420,width=" + std::to_string(kWidth) + ",height=" + std::to_string(kHeight) +
         ",framerate=25/1 ! ";
}

void fail(const std::string& text) {
  std::fprintf(stderr, "%s: %s\n", g_get_prgname(), text.c_str());
  std::exit(1);
}

GstElement* parse(const std::string& description) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
  if (error != nullptr) fail(error->message);
  return GST_ELEMENT(gst_object_ref_sink(pipeline));
}

GstElement* element(GstElement* pipeline, const char* name) {
  GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline), name);
  if (found == nullptr) fail(std::string("no element ") + name);
  gst_object_unref(found);
  return found;
}

bool wait_for_eos(GstElement* pipeline, GstClockTime patience) {
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message =
      gst_bus_timed_pop_filtered(bus, patience, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  gst_object_unref(bus);
  if (message == nullptr) return false;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    fail(error->message);
  }
  gst_message_unref(message);
  return true;
}

void print(const std::string& name, guint64 value) {
  std::printf("%s=%llu\n", name.c_str(), static_cast<unsigned long long>(value));
  std::fflush(stdout);
}

void print_numbers(const std::string& name, GstStructure* stats) {
  if (stats == nullptr) return;
  for (gint i = 0; i < gst_structure_n_fields(stats); ++i) {
    const gchar* field = gst_structure_nth_field_name(stats, static_cast<guint>(i));
    guint64 value = 0;
    if (gst_structure_get_uint64(stats, field, &value)) print(name + "." + field, value);
  }
  gst_structure_free(stats);
}

void print_stats(GstElement* pipeline, const char* name, const char* property) {
  GstStructure* stats = nullptr;
  g_object_get(element(pipeline, name), property, &stats, nullptr);
  print_numbers(name, stats);
}

void close_down(GstElement* pipeline) {
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

void probe(GstElement* at, const char* pad_name, GstPadProbeCallback callback, gpointer data) {
  GstPad* pad = gst_element_get_static_pad(at, pad_name);
  gst_pad_add_probe(pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
                    callback, data, nullptr);
  gst_object_unref(pad);
}

GstPadProbeReturn Screen::on_picture(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto* screen = static_cast<Screen*>(self);
  if (screen->pictures_++ == 0) screen->first_picture_ = g_get_monotonic_time();
  if (GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_CORRUPTED)) ++screen->corrupted_;
  return GST_PAD_PROBE_OK;
}

void Screen::watch(GstElement* pipeline) { probe(element(pipeline, "screen"), "sink", on_picture, this); }

void Screen::wait(GstElement* pipeline, int wanted) const {
  gint64 latest = g_get_monotonic_time() + kStart - kIdle;
  for (int before = 0; wanted == 0 || before < wanted;) {
    wait_for_eos(pipeline, 20 * GST_MSECOND);
    const int now = pictures_;
    if (now > before) latest = g_get_monotonic_time();
    if (g_get_monotonic_time() - latest > kIdle) return;
    before = now;
  }
  // One more than wanted would be one too many.
  g_usleep(G_USEC_PER_SEC / 4);
}

void Screen::print_counts() const {
  print("pictures", static_cast<guint64>(pictures_.load()));
  print("corrupted", static_cast<guint64>(corrupted_.load()));
}

void start_receiver(GstElement* pipeline) {
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  gst_element_get_state(pipeline, nullptr, nullptr, static_cast<GstClockTime>(kStart) * GST_USECOND);
  wait_for_eos(pipeline, 0);
}

}  // namespace crlsc::testing
