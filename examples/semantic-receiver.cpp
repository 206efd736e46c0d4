// SPDX-License-Identifier: LGPL-2.1-or-later
// Says what a stream shows, from the few bytes a second that tell it: with each picture, by its meta; and as soon as it
// comes, by the message of crlsckb, which needs no picture.
//   semantic-receiver --port 5004 --knowledge-base example.crlsckb [--pictures N] [--messages N]
// A sender: gst-launch-1.0 videotestsrc is-live=true pattern=red ! video/x-raw,width=320,height=240,framerate=10/1 !
// crlscenc knowledge-base=example.crlsckb ! rtpcrlscpay config-interval=1 ! udpsink host=127.0.0.1 port=5004
#include <atomic>

#include "crlsc/kb_meta.h"
#include "rtp_session.h"

namespace {

struct Receiver {
  gint port = 5004;
  gint pictures = 0;  // with a meta, after which it ends; 0 for no end
  gint messages = 0;  // likewise
  gchar* knowledge_base = nullptr;
  GMainLoop* loop = nullptr;
  std::atomic<int> pictures_seen{0};
  int messages_seen = 0;
};

void count(const Receiver& receiver, int seen, int wanted) {
  if (wanted > 0 && seen == wanted) g_main_loop_quit(receiver.loop);
}

// On decoded pictures: crlsckb puts the meta on the encoded one, and the decoder takes it along. Those without one
// show what the latest one says.
GstPadProbeReturn on_picture(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const GstCrlscKbMeta* meta = gst_buffer_get_crlsc_kb_meta(GST_PAD_PROBE_INFO_BUFFER(info));
  if (meta == nullptr) return GST_PAD_PROBE_OK;
  for (guint i = 0; i < gst_crlsc_kb_meta_get_n_matches(meta); ++i) {
    const GstCrlscKbMatch* match = gst_crlsc_kb_meta_get_match(meta, i);
    std::printf("picture: %s (entry %" G_GUINT64_FORMAT ", similarity %.2f)\n", match->label, match->id,
                match->similarity);
  }
  std::fflush(stdout);
  auto* receiver = static_cast<Receiver*>(data);
  count(*receiver, ++receiver->pictures_seen, receiver->pictures);
  return GST_PAD_PROBE_OK;
}

void print_matches(const GstStructure* fields) {
  const GValue* matches = gst_structure_get_value(fields, "matches");
  for (guint i = 0; i < gst_value_array_get_size(matches); ++i) {
    const GstStructure* match = gst_value_get_structure(gst_value_array_get_value(matches, i));
    guint64 id = 0;
    gdouble similarity = 0;
    gst_structure_get(match, "id", G_TYPE_UINT64, &id, "similarity", G_TYPE_DOUBLE, &similarity, nullptr);
    std::printf("message: %s (entry %" G_GUINT64_FORMAT ", similarity %.2f)\n",
                gst_structure_get_string(match, "label"), id, similarity);
  }
  std::fflush(stdout);
}

void take_fields(Receiver& receiver, const GstStructure* fields) {
  if (gst_structure_has_name(fields, "crlsc-knowledge-base-missing")) {
    std::printf("the stream needs the knowledge base %s\n", gst_structure_get_string(fields, "knowledge-base"));
    std::fflush(stdout);
  }
  if (!gst_structure_has_name(fields, "crlsckb")) return;
  print_matches(fields);
  count(receiver, ++receiver.messages_seen, receiver.messages);
}

gboolean on_message(GstBus* bus, GstMessage* message, gpointer data) {
  auto* receiver = static_cast<Receiver*>(data);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT) take_fields(*receiver, gst_message_get_structure(message));
  return example::on_message(bus, message, receiver->loop);
}

}  // namespace

int main(int argc, char** argv) {
  Receiver receiver;
  const GOptionEntry entries[] = {
      {"port", 0, 0, G_OPTION_ARG_INT, &receiver.port, "Port for RTP (5004), 0 for any that is free", "N"},
      {"knowledge-base", 0, 0, G_OPTION_ARG_FILENAME, &receiver.knowledge_base, "Where to look things up", "FILE"},
      {"pictures", 0, 0, G_OPTION_ARG_INT, &receiver.pictures, "Ends after so many that are told of", "N"},
      {"messages", 0, 0, G_OPTION_ARG_INT, &receiver.messages, "Ends after so many", "N"},
      {nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr}};
  example::parse_options(&argc, &argv, "Says what a CRLSC stream shows.", entries);
  if (receiver.knowledge_base == nullptr) example::fail("name a knowledge base (option --knowledge-base)");
  GstElement* pipeline =
      example::parse("udpsrc name=network port=" + std::to_string(receiver.port) +
                     " caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC,payload=96 ! "
                     "rtpjitterbuffer latency=100 "
                     "do-lost=true ! rtpcrlscdepay ! crlsckb name=kb ! crlscdec ! fakesink name=screen");
  g_object_set(example::element(pipeline, "kb"), "location", receiver.knowledge_base, nullptr);
  GstPad* screen = gst_element_get_static_pad(example::element(pipeline, "screen"), "sink");
  gst_pad_add_probe(screen, GST_PAD_PROBE_TYPE_BUFFER, on_picture, &receiver, nullptr);
  gst_object_unref(screen);
  GstBus* bus = gst_element_get_bus(pipeline);
  receiver.loop = g_main_loop_new(nullptr, FALSE);
  gst_bus_add_watch(bus, on_message, &receiver);
  if (gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) {
    gint port = 0;
    g_object_get(example::element(pipeline, "network"), "port", &port, nullptr);
    std::printf("listening at port %d\n", port);
    std::fflush(stdout);
  }
  g_main_loop_run(receiver.loop);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_bus_remove_watch(bus);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
  g_main_loop_unref(receiver.loop);
  g_free(receiver.knowledge_base);
  return 0;
}
