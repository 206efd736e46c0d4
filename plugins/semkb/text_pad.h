// SPDX-License-Identifier: LGPL-2.1-or-later
// The pad `text_src`: what is shown, as text for textoverlay and the like.
#pragma once

#include <gst/gst.h>

#include <string>

namespace crlsc {

// Says for each buffer of a stream what it shows, or that there is nothing to say, so that nobody waits for text. Used
// by the streaming thread only, except for request() and release(), which are thread-safe.
class TextPad {
 public:
  explicit TextPad(GstElement* element) : element_(element) {}
  ~TextPad();
  TextPad(const TextPad&) = delete;
  TextPad& operator=(const TextPad&) = delete;

  // Adds the pad to the element. Null if it is there already.
  GstPad* request(GstPadTemplate* templ);
  // Removes it.
  void release(GstPad* pad);

  // A buffer of `segment` has this time; without text, a gap. Nothing happens without a pad.
  void push(const GstSegment& segment, GstClockTime pts, GstClockTime duration, const std::string& text);
  // Forwards a flush or EOS. Takes no reference.
  void forward(GstEvent* event);

 private:
  void set(GstPad* pad);
  GstPad* get();
  void begin(GstPad* pad);
  void begin_segment(GstPad* pad, const GstSegment& segment);

  GstElement* element_;
  GstPad* pad_ = nullptr;  // under the object lock of the element
};

}  // namespace crlsc
