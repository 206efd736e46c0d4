// SPDX-License-Identifier: LGPL-2.1-or-later
// One end of a transmission, in a process of its own:
//   peer send PORT FRAMES LOCAL [ENCODER-OPTION...]    sends to 127.0.0.1:PORT; writes what a receiver next door shows
//   peer receive FRAMES SHOWN [jitterbuffer]           prints its port; ends after so many pictures, or when none comes
// LOCAL and SHOWN become raw I420. Each prints its counters in the end, as "name=number" on lines of their own. Exit
// code 1 and a line on standard error tell of failures.
#include <gst/gst.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr int kIdleSeconds = 5;
constexpr int kStartSeconds = 60;
// Fast enough for a short test; slow enough that a busy machine keeps up.
constexpr const char* kCamera =
    "videotestsrc pattern=ball animation-mode=frames num-buffers=%s ! "
    "video/x-raw,format=I420,width=128,height=96,framerate=25/1 ! ";

void fail(const std::string& text) {
  std::fprintf(stderr, "peer: %s\n", text.c_str());
  std::exit(1);
}

std::string with(std::string text, const std::string& value) { return text.replace(text.find("%s"), 2, value); }

GstElement* parse(const std::string& description) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
  if (error != nullptr) fail(error->message);
  return GST_ELEMENT(gst_object_ref_sink(pipeline));
}

// The next EOS message within this time; errors end the process.
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

// Prints the 64-bit numbers of an element's statistics.
void print_stats(GstElement* pipeline, const char* name, const char* property) {
  GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), name);
  GstStructure* stats = nullptr;
  g_object_get(element, property, &stats, nullptr);
  for (gint i = 0; i < gst_structure_n_fields(stats); ++i) {
    const gchar* field = gst_structure_nth_field_name(stats, static_cast<guint>(i));
    guint64 value = 0;
    if (gst_structure_get_uint64(stats, field, &value)) {
      std::printf("%s.%s=%llu\n", name, field, static_cast<unsigned long long>(value));
    }
  }
  gst_structure_free(stats);
  gst_object_unref(element);
}

void close_down(GstElement* pipeline) {
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

void send(int count, char** words) {
  const std::string port = words[0];
  const std::string options = count > 3 ? words[3] : "";
  GstElement* pipeline =
      parse(with(kCamera, words[1]) + "crlscenc name=encoder bitrate=100000 " + options +
            " ! tee name=t  t. ! queue ! rtpcrlscpay seqnum-offset=0 timestamp-offset=0 picture-id-offset=0 ssrc=1 ! "
            "udpsink host=127.0.0.1 port=" +
            port + "  t. ! queue ! crlscdec ! filesink location=" + words[2]);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  while (!wait_for_eos(pipeline, GST_SECOND)) {
  }
  print_stats(pipeline, "encoder", "stats");
  close_down(pipeline);
}

struct Screen {
  std::atomic<int> pictures{0};
  std::atomic<int> corrupted{0};
};

GstPadProbeReturn on_picture(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto* screen = static_cast<Screen*>(data);
  ++screen->pictures;
  if (GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_CORRUPTED)) ++screen->corrupted;
  return GST_PAD_PROBE_OK;
}

// Until so many pictures came, or none for some time.
void wait_for_pictures(GstElement* pipeline, const Screen& screen, int wanted) {
  gint64 latest = g_get_monotonic_time() + (kStartSeconds - kIdleSeconds) * G_TIME_SPAN_SECOND;
  for (int before = 0; before < wanted;) {
    wait_for_eos(pipeline, 20 * GST_MSECOND);
    const int now = screen.pictures;
    if (now > before) latest = g_get_monotonic_time();
    if (g_get_monotonic_time() - latest > kIdleSeconds * G_TIME_SPAN_SECOND) return;
    before = now;
  }
  // One more than wanted would be one too many.
  g_usleep(G_USEC_PER_SEC / 4);
}

void receive(int count, char** words) {
  const bool buffered = count > 2 && std::string(words[2]) == "jitterbuffer";
  GstElement* pipeline = parse(
      "udpsrc name=network address=127.0.0.1 port=0 "
      "caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC,payload=96 ! " +
      std::string(buffered ? "rtpjitterbuffer latency=100 ! " : "") +
      "rtpcrlscdepay name=depayloader ! crlscdec name=decoder ! filesink name=screen async=false location=" + words[1]);
  Screen screen;
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "screen");
  GstPad* pad = gst_element_get_static_pad(sink, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_picture, &screen, nullptr);
  gst_object_unref(pad);
  gst_object_unref(sink);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  gst_element_get_state(pipeline, nullptr, nullptr, kStartSeconds * GST_SECOND);
  wait_for_eos(pipeline, 0);
  GstElement* network = gst_bin_get_by_name(GST_BIN(pipeline), "network");
  gint port = 0;
  g_object_get(network, "port", &port, nullptr);
  gst_object_unref(network);
  std::printf("port=%d\n", port);
  std::fflush(stdout);
  wait_for_pictures(pipeline, screen, std::atoi(words[0]));
  std::printf("pictures=%d\ncorrupted=%d\n", screen.pictures.load(), screen.corrupted.load());
  print_stats(pipeline, "depayloader", "picture-stats");
  print_stats(pipeline, "decoder", "stats");
  close_down(pipeline);
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "send" && argc >= 5) {
    send(argc - 2, argv + 2);
  } else if (role == "receive" && argc >= 4) {
    receive(argc - 2, argv + 2);
  } else {
    fail("send PORT FRAMES LOCAL [ENCODER-OPTIONS] or receive FRAMES SHOWN [jitterbuffer]");
  }
  gst_deinit();
  return 0;
}
