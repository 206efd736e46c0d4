// SPDX-License-Identifier: LGPL-2.1-or-later
#include "element.h"

#include <cstdlib>

namespace crlsc {
namespace {

constexpr const char* kModelFile = CRLSC_SUPPORT_FOLDER "/test-model.safetensors";
constexpr const char* kPlugins[] = {"semchannel/libgstcrlscchannel.so", "semdec/libgstcrlscdec.so",
                                    "semparse/libgstcrlscparse.so", "semrtp/libgstcrlscrtp.so"};

// G_DEBUG=fatal-criticals would end in a trap, which libFuzzer does not notice.
void on_log(const gchar* domain, GLogLevelFlags level, const gchar* text, gpointer) {
  std::fprintf(stderr, "%s: %s\n", domain != nullptr ? domain : "", text);
  require((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) == 0, "a critical warning");
}

void start_once() {
  // No registry, and so no plugin but these.
  g_setenv("GST_REGISTRY_DISABLE", "yes", TRUE);
  g_setenv("CRLSC_BACKEND_PATH", CRLSC_SUPPORT_FOLDER, TRUE);
  g_setenv("CRLSC_MODEL_PATH", CRLSC_SUPPORT_FOLDER, TRUE);
  g_log_set_default_handler(on_log, nullptr);
  gst_init(nullptr, nullptr);
  for (const char* name : kPlugins) {
    GstPlugin* plugin = gst_plugin_load_file((std::string(CRLSC_PLUGIN_FOLDER "/") + name).c_str(), nullptr);
    require(plugin != nullptr, name);
    gst_object_unref(plugin);
  }
}

}  // namespace

std::string fuzz_model() { return kModelFile; }

void start_gstreamer() {
  static const bool started = (start_once(), true);
  (void)started;
}

FuzzedElement::FuzzedElement(const std::string& line, const char* sink_caps)
    : harness_((start_gstreamer(), gst_harness_new_parse(line.c_str()))),
      element_(gst_harness_find_element(harness_, line.substr(0, line.find(' ')).c_str())) {
  require(element_ != nullptr, "no such element");
  if (sink_caps != nullptr) gst_harness_set_sink_caps_str(harness_, sink_caps);
  gst_harness_play(harness_);
}

FuzzedElement::~FuzzedElement() {
  push(gst_event_new_eos());
  gst_object_unref(element_);
  gst_harness_teardown(harness_);
}

void FuzzedElement::begin(GstCaps* caps, GstFormat format) {
  push(gst_event_new_stream_start("fuzz"));
  set_caps(caps);
  segment(format);
}

void FuzzedElement::set_caps(GstCaps* caps) {
  push(gst_event_new_caps(caps));
  gst_caps_unref(caps);
}

void FuzzedElement::push(GstBuffer* buffer) {
  gst_harness_push(harness_, buffer);
  drain();
}

void FuzzedElement::push(GstEvent* event) {
  gst_harness_push_event(harness_, event);
  drain();
}

void FuzzedElement::push_upstream(GstEvent* event) { gst_harness_push_upstream_event(harness_, event); }

void FuzzedElement::segment(GstFormat format, gdouble rate) {
  GstSegment segment;
  gst_segment_init(&segment, format);
  segment.rate = rate;
  if (rate < 0) segment.stop = 1000 * GST_SECOND;
  push(gst_event_new_segment(&segment));
}

void FuzzedElement::flush(GstFormat format) {
  push(gst_event_new_flush_start());
  push(gst_event_new_flush_stop(TRUE));
  segment(format);
}

size_t FuzzedElement::drain() {
  size_t count = 0;
  while (GstBuffer* buffer = gst_harness_try_pull(harness_)) {
    gst_buffer_unref(buffer);
    ++count;
  }
  while (GstEvent* event = gst_harness_try_pull_event(harness_)) gst_event_unref(event);
  while (GstEvent* event = gst_harness_try_pull_upstream_event(harness_)) gst_event_unref(event);
  return count;
}

GstBuffer* make_buffer(ByteView bytes) {
  return bytes.empty() ? gst_buffer_new() : gst_buffer_new_memdup(bytes.data(), bytes.size());
}

std::string to_text(ByteView bytes) {
  if (bytes.empty()) return {};
  gchar* valid = g_utf8_make_valid(reinterpret_cast<const gchar*>(bytes.data()), static_cast<gssize>(bytes.size()));
  const std::string out = valid;
  g_free(valid);
  return out;
}

}  // namespace crlsc
