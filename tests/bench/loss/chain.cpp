// SPDX-License-Identifier: LGPL-2.1-or-later
#include "chain.h"

#include <sstream>

#include "core/error.h"

namespace crlsc::bench {
namespace {

// GstHarness ends the program over an element that it cannot make.
void require_elements(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  bool element = true;
  while (words >> word) {
    // What has a slash is caps.
    if (element && word.find('/') == std::string::npos) {
      GstElementFactory* factory = gst_element_factory_find(word.c_str());
      if (factory == nullptr) {
        throw Error(ErrorKind::kNotFound,
                    "GStreamer has no element \"" + word + "\"; install what scripts/setup lists");
      }
      gst_object_unref(factory);
    }
    element = word == "!";
  }
}

}  // namespace

Chain::Chain(const std::string& line, GstCaps* caps) : line_(line) {
  require_elements(line);
  harness_ = gst_harness_new_parse(line.c_str());
  bus_ = gst_bus_new();
  gst_element_set_bus(harness_->element, bus_);
  gst_harness_set_src_caps(harness_, gst_caps_ref(caps));
}

Chain::~Chain() {
  gst_element_set_bus(harness_->element, nullptr);
  gst_harness_teardown(harness_);
  gst_object_unref(bus_);
}

std::vector<Buffer> Chain::pull() {
  std::vector<Buffer> out;
  while (GstBuffer* buffer = gst_harness_try_pull(harness_)) out.emplace_back(buffer);
  return out;
}

std::vector<Buffer> Chain::push(const Buffer& buffer) {
  const GstFlowReturn flow = gst_harness_push(harness_, buffer.ref());
  if (flow != GST_FLOW_OK) fail(gst_flow_get_name(flow));
  return pull();
}

std::vector<Buffer> Chain::push(Event event) {
  gst_harness_push_event(harness_, event.release());
  return pull();
}

void Chain::push_upstream(Event event) { gst_harness_push_upstream_event(harness_, event.release()); }

Buffer Chain::wait() {
  GstBuffer* buffer = gst_harness_pull(harness_);
  if (buffer == nullptr) fail("nothing came out within a minute");
  return Buffer(buffer);
}

std::vector<Event> Chain::upstream_events() {
  std::vector<Event> out;
  while (GstEvent* event = gst_harness_try_pull_upstream_event(harness_)) out.emplace_back(event);
  return out;
}

GstCaps* Chain::caps() const {
  GstCaps* caps = gst_pad_get_current_caps(harness_->sinkpad);
  if (caps == nullptr) fail("nothing has come out yet");
  gst_caps_unref(caps);  // the pad keeps it
  return caps;
}

GstClockTime Chain::running_time(const Buffer& buffer) const {
  const Event event(gst_pad_get_sticky_event(harness_->sinkpad, GST_EVENT_SEGMENT, 0));
  if (!event) fail("it put out a buffer without a segment");
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event.get(), &segment);
  return gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer.get()));
}

GstElement* Chain::element(const char* name) const {
  GstElement* element = gst_bin_get_by_name(GST_BIN(harness_->element), name);
  if (element == nullptr) fail(std::string("no element is called ") + name);
  return element;
}

void Chain::fail(const std::string& what) const {
  std::string text = what;
  if (GstMessage* message = gst_bus_pop_filtered(bus_, GST_MESSAGE_ERROR)) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    text += std::string(": ") + GST_OBJECT_NAME(message->src) + ": " + error->message;
    g_error_free(error);
    gst_message_unref(message);
  }
  throw Error(ErrorKind::kRead, "\"" + line_ + "\" failed: " + text);
}

}  // namespace crlsc::bench
