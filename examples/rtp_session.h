// SPDX-License-Identifier: LGPL-2.1-or-later
// What both examples need of rtpbin.
#pragma once

#include <gst/gst.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "crlsc/feedback.h"

namespace example {

// Links of a few kbit/s leave little room for RTCP; a second is a compromise between that and a quick answer.
constexpr guint64 kReportInterval = GST_SECOND;

[[noreturn]] inline void fail(const char* text) {
  std::fprintf(stderr, "%s\n", text);
  std::exit(1);
}

inline GstElement* parse(const std::string& description) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
  if (error != nullptr) fail(error->message);
  return pipeline;
}

// Valid as long as the pipeline.
inline GstElement* element(GstElement* pipeline, const char* name) {
  GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline), name);
  gst_object_unref(found);
  return found;
}

// After the session's pads were requested.
inline void set_up_session(GstElement* bin) {
  GstElement* session = nullptr;
  g_signal_emit_by_name(bin, "get-session", 0U, &session);
  g_object_set(session, "rtcp-min-interval", kReportInterval, nullptr);
  gst_object_unref(session);
  if (!gst_crlsc_feedback_attach(bin, 0)) fail("cannot attach the feedback");
}

// Quits at the end, and after an error.
inline gboolean on_message(GstBus*, GstMessage* message, gpointer loop) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    fail(error->message);
  }
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) g_main_loop_quit(static_cast<GMainLoop*>(loop));
  return TRUE;
}

inline gboolean on_time(gpointer loop) {
  g_main_loop_quit(static_cast<GMainLoop*>(loop));
  return FALSE;
}

// Plays for so many seconds, or to the end if that is 0.
inline void play(GstElement* pipeline, gint seconds) {
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_bus_add_watch(bus, on_message, loop);
  if (seconds > 0) g_timeout_add_seconds(static_cast<guint>(seconds), on_time, loop);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  g_main_loop_run(loop);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_bus_remove_watch(bus);
  gst_object_unref(bus);
  g_main_loop_unref(loop);
}

// Parses the command line or ends the program.
inline void parse_options(int* argc, char*** argv, const char* summary, const GOptionEntry* entries) {
  GOptionContext* context = g_option_context_new(nullptr);
  g_option_context_set_summary(context, summary);
  g_option_context_add_main_entries(context, entries, nullptr);
  g_option_context_add_group(context, gst_init_get_option_group());
  GError* error = nullptr;
  if (!g_option_context_parse(context, argc, argv, &error)) fail(error->message);
  g_option_context_free(context);
}

}  // namespace example
