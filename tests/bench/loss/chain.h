// SPDX-License-Identifier: LGPL-2.1-or-later
// Elements that are fed by hand, one buffer after the other: no clock, no pipeline, and what goes in has passed all of
// them when push() returns.
#pragma once

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace crlsc::bench {

// A buffer and a reference to it.
class Buffer {
 public:
  Buffer() = default;
  // Takes the reference.
  explicit Buffer(GstBuffer* buffer) : buffer_(buffer) {}
  Buffer(const Buffer& other) : buffer_(other.ref()) {}
  Buffer(Buffer&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~Buffer() {
    if (buffer_ != nullptr) gst_buffer_unref(buffer_);
  }
  GstBuffer* get() const { return buffer_; }
  // Another reference, for whoever takes one.
  GstBuffer* ref() const { return buffer_ == nullptr ? nullptr : gst_buffer_ref(buffer_); }
  size_t size() const { return gst_buffer_get_size(buffer_); }

 private:
  GstBuffer* buffer_ = nullptr;
};

// An event and a reference to it.
struct EventDeleter {
  void operator()(GstEvent* event) const { gst_event_unref(event); }
};
using Event = std::unique_ptr<GstEvent, EventDeleter>;

class Chain {
 public:
  // `line` is a launch line of elements with one sink and one source pad, which `caps` (not taken) go into. Throws
  // Error(kNotFound) if an element is not installed.
  Chain(const std::string& line, GstCaps* caps);
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  // These return what came out meanwhile. Throw Error(kRead) with what an element complained of.
  std::vector<Buffer> push(const Buffer& buffer);
  std::vector<Buffer> push(Event event);
  // From downstream. Nothing is said if nobody cares for it.
  void push_upstream(Event event);
  // For elements that push from a thread of their own: waits for the next buffer.
  Buffer wait();
  // The upstream events that left the first element since the last call.
  std::vector<Event> upstream_events();
  // Of what comes out, after the first buffer; keep no longer than the chain.
  GstCaps* caps() const;
  // When a buffer that came out is to be shown; encoders begin their segments where they like.
  GstClockTime running_time(const Buffer& buffer) const;
  // The element of this name; a new reference.
  GstElement* element(const char* name) const;

 private:
  std::vector<Buffer> pull();
  [[noreturn]] void fail(const std::string& what) const;

  std::string line_;
  GstHarness* harness_;
  GstBus* bus_;
};

}  // namespace crlsc::bench
