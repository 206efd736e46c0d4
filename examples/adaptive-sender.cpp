// SPDX-License-Identifier: LGPL-2.1-or-later
// Sends video whose bit rate follows what the receiver reports by RTCP, and refreshes what the receiver says it lost.
//   adaptive-sender --host 192.0.2.1 --port 5004 --source "v4l2src ! videoconvert ! videoscale ! videorate"
#include "bitrate_control.h"
#include "rtp_session.h"

namespace {

constexpr guint kPeriod = 1000;  // ms between looks at the reports
constexpr guint kSsrc = 0x43524c53;

struct Options {
  gchar* host = nullptr;
  gchar* source = nullptr;
  gint port = 5004;
  gint rtcp_port = 0;
  gint report_port = 0;
  gint bitrate = 20000;
  gint least = 5000;
  gint most = 100000;
  gint seconds = 0;
};

struct Sender {
  GstElement* encoder;
  GstElement* bin;
  example::BitrateControl control;
  guint last_sequence = 0;  // of the report looked at last
};

// The receiver's latest report block on our stream; false if there is none that is new.
bool read_report(Sender& sender, example::Report& report) {
  GObject* session = nullptr;
  g_signal_emit_by_name(sender.bin, "get-internal-session", 0U, &session);
  GstStructure* stats = nullptr;
  g_object_get(session, "stats", &stats, nullptr);
  g_object_unref(session);
  const auto* sources = static_cast<GValueArray*>(g_value_get_boxed(gst_structure_get_value(stats, "source-stats")));
  bool found = false;
  for (guint i = 0; i < sources->n_values; ++i) {
    const GstStructure* source = gst_value_get_structure(&sources->values[i]);
    gboolean internal = FALSE;
    gboolean has_block = FALSE;
    guint about = 0;
    guint loss = 0;
    guint sequence = 0;
    guint round_trip = 0;
    gst_structure_get(source, "internal", G_TYPE_BOOLEAN, &internal, "have-rb", G_TYPE_BOOLEAN, &has_block, "rb-ssrc",
                      G_TYPE_UINT, &about, "rb-fractionlost", G_TYPE_UINT, &loss, "rb-exthighestseq", G_TYPE_UINT,
                      &sequence, "rb-round-trip", G_TYPE_UINT, &round_trip, nullptr);
    if (internal || !has_block || about != kSsrc || sequence == sender.last_sequence) continue;
    sender.last_sequence = sequence;
    report = {loss / 256.0, round_trip / 65536.0};
    found = true;
  }
  gst_structure_free(stats);
  return found;
}

gboolean on_period(gpointer data) {
  auto& sender = *static_cast<Sender*>(data);
  example::Report report;
  if (!read_report(sender, report)) return TRUE;
  const auto bitrate = static_cast<guint>(sender.control.update(report));
  g_object_set(sender.encoder, "bitrate", bitrate, nullptr);
  std::printf("loss %.0f %%, round trip %.0f ms: bitrate=%u\n", 100 * report.loss, 1000 * report.round_trip, bitrate);
  std::fflush(stdout);
  return TRUE;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const GOptionEntry entries[] = {
      {"host", 0, 0, G_OPTION_ARG_STRING, &options.host, "Where to send to (127.0.0.1)", "ADDRESS"},
      {"source", 0, 0, G_OPTION_ARG_STRING, &options.source, "Elements that give raw video", "ELEMENTS"},
      {"port", 0, 0, G_OPTION_ARG_INT, &options.port, "Port for RTP (5004)", "N"},
      {"rtcp-port", 0, 0, G_OPTION_ARG_INT, &options.rtcp_port, "Port for RTCP (one more)", "N"},
      {"report-port", 0, 0, G_OPTION_ARG_INT, &options.report_port, "Port here for RTCP (two more)", "N"},
      {"bitrate", 0, 0, G_OPTION_ARG_INT, &options.bitrate, "bit/s to begin with (20000)", "N"},
      {"least", 0, 0, G_OPTION_ARG_INT, &options.least, "Least bit/s (5000)", "N"},
      {"most", 0, 0, G_OPTION_ARG_INT, &options.most, "Most bit/s (100000)", "N"},
      {"seconds", 0, 0, G_OPTION_ARG_INT, &options.seconds, "How long to send (0: to the end)", "N"},
      {nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr}};
  example::parse_options(&argc, &argv, "Sends CRLSC video at a bit rate that follows the receiver's reports.", entries);
  const std::string host = std::string(" host=") + (options.host != nullptr ? options.host : "127.0.0.1");
  const int rtcp_port = options.rtcp_port != 0 ? options.rtcp_port : options.port + 1;
  const int report_port = options.report_port != 0 ? options.report_port : options.port + 2;
  GstElement* pipeline = example::parse(
      std::string("rtpbin name=bin rtp-profile=avpf ") +
      (options.source != nullptr ? options.source : "videotestsrc is-live=true pattern=ball") +
      " ! video/x-raw,width=320,height=240,framerate=10/1 ! crlscenc name=encoder bitrate=" +
      std::to_string(options.bitrate) + " ! rtpcrlscpay ssrc=" + std::to_string(kSsrc) +
      " ! bin.send_rtp_sink_0  bin.send_rtp_src_0 ! udpsink sync=false port=" + std::to_string(options.port) + host +
      "  bin.send_rtcp_src_0 ! udpsink sync=false async=false port=" + std::to_string(rtcp_port) + host +
      "  udpsrc caps=application/x-rtcp port=" + std::to_string(report_port) + " ! bin.recv_rtcp_sink_0");
  Sender sender{example::element(pipeline, "encoder"), example::element(pipeline, "bin"),
                example::BitrateControl(options.bitrate, options.least, options.most)};
  example::set_up_session(sender.bin);
  const guint timer = g_timeout_add(kPeriod, on_period, &sender);
  example::play(pipeline, options.seconds);
  g_source_remove(timer);
  gst_object_unref(pipeline);
  g_free(options.host);
  g_free(options.source);
  return 0;
}
