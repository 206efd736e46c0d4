// SPDX-License-Identifier: LGPL-2.1-or-later
#include "text_pad.h"

namespace crlsc {

TextPad::~TextPad() { set(nullptr); }

void TextPad::set(GstPad* pad) {
  GST_OBJECT_LOCK(element_);
  GstPad* old = pad_;
  pad_ = pad != nullptr ? GST_PAD(gst_object_ref(pad)) : nullptr;
  GST_OBJECT_UNLOCK(element_);
  if (old != nullptr) gst_object_unref(old);
}

GstPad* TextPad::request(GstPadTemplate* templ) {
  GstPad* existing = gst_element_get_static_pad(element_, "text_src");
  if (existing != nullptr) {
    gst_object_unref(existing);
    return nullptr;
  }
  GstPad* pad = gst_pad_new_from_template(templ, "text_src");
  gst_pad_use_fixed_caps(pad);
  gst_pad_set_active(pad, GST_STATE(element_) > GST_STATE_READY);
  gst_element_add_pad(element_, pad);
  set(pad);
  return pad;
}

void TextPad::release(GstPad* pad) {
  set(nullptr);
  gst_pad_set_active(pad, FALSE);
  gst_element_remove_pad(element_, pad);
}

GstPad* TextPad::get() {
  GST_OBJECT_LOCK(element_);
  GstPad* pad = pad_ != nullptr ? GST_PAD(gst_object_ref(pad_)) : nullptr;
  GST_OBJECT_UNLOCK(element_);
  return pad;
}

// What has to stand before everything else.
void TextPad::begin(GstPad* pad) {
  GstEvent* start = gst_pad_get_sticky_event(pad, GST_EVENT_STREAM_START, 0);
  if (start != nullptr) {
    gst_event_unref(start);
    return;
  }
  gchar* id = gst_pad_create_stream_id(pad, element_, "text");
  gst_pad_push_event(pad, gst_event_new_stream_start(id));
  g_free(id);
  GstCaps* caps = gst_caps_new_simple("text/x-raw", "format", G_TYPE_STRING, "utf8", nullptr);
  gst_pad_push_event(pad, gst_event_new_caps(caps));
  gst_caps_unref(caps);
}

// The segment, if it is another one than before.
void TextPad::begin_segment(GstPad* pad, const GstSegment& segment) {
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  const GstSegment* known = nullptr;
  if (event != nullptr) gst_event_parse_segment(event, &known);
  // `position` moves with every buffer.
  GstSegment wanted = segment;
  wanted.position = known != nullptr ? known->position : 0;
  if (known == nullptr || !gst_segment_is_equal(known, &wanted)) {
    gst_pad_push_event(pad, gst_event_new_segment(&wanted));
  }
  if (event != nullptr) gst_event_unref(event);
}

// What becomes of the text is of no consequence for the video.
void TextPad::push(const GstSegment& segment, GstClockTime pts, GstClockTime duration, const std::string& text) {
  GstPad* pad = get();
  if (pad == nullptr) return;
  if (GST_CLOCK_TIME_IS_VALID(pts) && segment.format == GST_FORMAT_TIME) {
    begin(pad);
    begin_segment(pad, segment);
    if (text.empty()) {
      gst_pad_push_event(pad, gst_event_new_gap(pts, duration));
    } else {
      GstBuffer* buffer = gst_buffer_new_memdup(text.data(), text.size());
      GST_BUFFER_PTS(buffer) = pts;
      GST_BUFFER_DURATION(buffer) = duration;
      gst_pad_push(pad, buffer);
    }
  }
  gst_object_unref(pad);
}

void TextPad::forward(GstEvent* event) {
  GstPad* pad = get();
  if (pad == nullptr) return;
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) begin(pad);
  gst_pad_push_event(pad, gst_event_ref(event));
  gst_object_unref(pad);
}

}  // namespace crlsc
