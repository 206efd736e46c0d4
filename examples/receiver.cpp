// SPDX-License-Identifier: LGPL-2.1-or-later
// Shows what adaptive-sender sends, reports to it by RTCP, tells it what was lost, and asks for key pictures.
//   receiver --host 192.0.2.2 --port 5004
#include "rtp_session.h"

namespace {

struct Options {
  gchar* host = nullptr;
  gchar* sink = nullptr;
  gint port = 5004;
  gint rtcp_port = 0;
  gint report_port = 0;
  gint seconds = 0;
};

// Key picture requests leave only if the caps of the payload type allow them.
GstCaps* on_request_pt_map(GstElement*, guint, guint, gpointer) {
  return gst_caps_from_string(
      "application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC,rtcp-fb-nack-pli=true,rtcp-fb-ccm-fir=true");
}

void on_pad_added(GstElement*, GstPad* pad, gpointer depayloader) {
  if (!g_str_has_prefix(GST_PAD_NAME(pad), "recv_rtp_src_0_")) return;
  GstPad* sink = gst_element_get_static_pad(GST_ELEMENT(depayloader), "sink");
  // A sender that starts anew comes with another SSRC, and so with another pad.
  GstPad* before = gst_pad_get_peer(sink);
  if (before != nullptr) {
    gst_pad_unlink(before, sink);
    gst_object_unref(before);
  }
  gst_pad_link(pad, sink);
  gst_object_unref(sink);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const GOptionEntry entries[] = {
      {"host", 0, 0, G_OPTION_ARG_STRING, &options.host, "Where the sender is (127.0.0.1)", "ADDRESS"},
      {"sink", 0, 0, G_OPTION_ARG_STRING, &options.sink, "Elements that show raw video", "ELEMENTS"},
      {"port", 0, 0, G_OPTION_ARG_INT, &options.port, "Port for RTP (5004)", "N"},
      {"rtcp-port", 0, 0, G_OPTION_ARG_INT, &options.rtcp_port, "Port for RTCP (one more)", "N"},
      {"report-port", 0, 0, G_OPTION_ARG_INT, &options.report_port, "Port there for RTCP (two more)", "N"},
      {"seconds", 0, 0, G_OPTION_ARG_INT, &options.seconds, "How long to receive (0: for ever)", "N"},
      {nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr}};
  example::parse_options(&argc, &argv, "Shows the CRLSC video that adaptive-sender sends.", entries);
  const int rtcp_port = options.rtcp_port != 0 ? options.rtcp_port : options.port + 1;
  const int report_port = options.report_port != 0 ? options.report_port : options.port + 2;
  GstElement* pipeline = example::parse(
      "rtpbin name=bin rtp-profile=avpf latency=200  udpsrc caps=application/x-rtp,media=video,clock-rate=90000,"
      "encoding-name=CRLSC port=" +
      std::to_string(options.port) +
      " ! bin.recv_rtp_sink_0  udpsrc caps=application/x-rtcp port=" + std::to_string(rtcp_port) +
      " ! bin.recv_rtcp_sink_0  bin.send_rtcp_src_0 ! udpsink sync=false async=false port=" +
      std::to_string(report_port) + " host=" + (options.host != nullptr ? options.host : "127.0.0.1") +
      "  rtpcrlscdepay name=depayloader ! crlscdec name=decoder ! videoconvert ! " +
      (options.sink != nullptr ? options.sink : "autovideosink"));
  GstElement* bin = example::element(pipeline, "bin");
  g_signal_connect(bin, "request-pt-map", G_CALLBACK(on_request_pt_map), nullptr);
  g_signal_connect(bin, "pad-added", G_CALLBACK(on_pad_added), example::element(pipeline, "depayloader"));
  example::set_up_session(bin);
  example::play(pipeline, options.seconds);
  GstStructure* stats = nullptr;
  g_object_get(example::element(pipeline, "decoder"), "stats", &stats, nullptr);
  guint64 frames = 0;
  gst_structure_get_uint64(stats, "frames", &frames);
  gst_structure_free(stats);
  std::printf("frames=%llu\n", static_cast<unsigned long long>(frames));
  gst_object_unref(pipeline);
  g_free(options.host);
  g_free(options.sink);
  return 0;
}
