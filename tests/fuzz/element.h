// SPDX-License-Identifier: LGPL-2.1-or-later
// Elements under fuzz: GStreamer with the plugins of this build alone, in which a critical warning of any library ends
// the process.
#pragma once

#include <gst/check/gstharness.h>

#include <string>

#include "core/bytes.h"
#include "fuzz.h"

namespace crlsc {

// The integer backend's model, which elements under test run with.
std::string fuzz_model();

// Starts GStreamer at the first call.
void start_gstreamer();

// An element in a harness. What comes out of it is thrown away.
class FuzzedElement {
 public:
  // `line` is the element and its properties, as for gst-launch-1.0. Without `sink_caps`, downstream takes anything.
  explicit FuzzedElement(const std::string& line, const char* sink_caps = nullptr);
  // Ends the stream first.
  ~FuzzedElement();
  FuzzedElement(const FuzzedElement&) = delete;
  FuzzedElement& operator=(const FuzzedElement&) = delete;

  GstHarness* harness() { return harness_; }
  GstElement* element() { return element_; }

  // Both say that there is a stream before the first caps. Caps are taken over.
  void begin(GstCaps* caps, GstFormat format = GST_FORMAT_TIME);
  void set_caps(GstCaps* caps);

  // Takes the buffer or event over.
  void push(GstBuffer* buffer);
  void push(GstEvent* event);
  void push_upstream(GstEvent* event);
  void segment(GstFormat format, gdouble rate = 1);
  void flush(GstFormat format = GST_FORMAT_TIME);

  // How many buffers came out since the last call.
  size_t drain();

 private:
  GstHarness* harness_;
  GstElement* element_;
};

GstBuffer* make_buffer(ByteView bytes);

// Bytes as text for caps and properties: without zeros and as UTF-8.
std::string to_text(ByteView bytes);

}  // namespace crlsc
